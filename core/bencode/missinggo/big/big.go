// Package big stands in for math/big in the .wasm. anacrolix's bencode names it
// for integers beyond 64 bits, of which core/bencode's scanner lets none through,
// and the real one is 35 KB of brotli that every visitor would download.
package big

// Int is no number: none can be made.
type Int struct{}

// SetString reports that text cannot be held, whatever it is.
func (*Int) SetString(text string, base int) (*Int, bool) { return nil, false }

func (*Int) String() string { return "" }
