// Package bencode is the only door to anacrolix's bencode (BEP 3). In come
// bytes that anyone may have sent, out come Go values, and back. Every byte is
// walked by a scanner of our own, which allocates nothing, before the decoder
// sees it: sizes, depth, integer widths and syntax are proved by then.
package bencode

import (
	"errors"
	"fmt"

	"github.com/anacrolix/torrent/bencode"
)

const (
	// MaxSize bounds a value in bytes: more than any .torrent file that can be
	// shared by BEP 9.
	MaxSize = 16 << 20
	// MaxDepth bounds the nesting of lists and dictionaries. libtorrent's bound
	// is the same; the file trees of BEP 52 nest as deep as directories do.
	MaxDepth = 100
	// MaxValues bounds keys and values in all: what a torrent of a hundred
	// thousand files needs. A decoded value may take fifty times its two bytes.
	MaxValues = 1 << 20
)

var (
	// ErrSyntax says that bytes are not bencoded: they end early, go on after
	// the value, have a key that is no string, an integer or a length with a
	// leading zero, with "-0", or beyond 64 bits.
	ErrSyntax = errors.New("bencode: syntax error")
	// ErrLimit says that a value is beyond MaxSize, MaxDepth or MaxValues.
	ErrLimit = errors.New("bencode: too large, too deep or too many values")
)

// Bytes holds a value exactly as it was, or is to be, encoded. In a
// map[string]Bytes a dictionary is taken apart without judging its values.
type Bytes = bencode.Bytes

// Unmarshal decodes data, which must be one value and nothing more, into what
// v points to: structs (with `bencode:"key"` tags; unknown keys are skipped),
// maps with string keys, slices (lists do not go into []any), strings, []byte,
// integers, Bytes, any. Of equal keys the last one counts. Keys may be out of
// order, as some old programs wrote them, except in dictionaries that go into
// an any or are skipped; Canonical tells. Errors are ErrSyntax, ErrLimit, or
// say which value did not fit v; v is in any state then.
func Unmarshal(data []byte, v any) error {
	rest, err := UnmarshalPrefix(data, v)
	if err == nil && len(rest) > 0 {
		return fmt.Errorf("%w: %d bytes after the value", ErrSyntax, len(rest))
	}
	return err
}

// UnmarshalPrefix decodes the one value at the start of data as Unmarshal does
// and returns what follows it, which may be anything: messages of BEP 9 are a
// dictionary and then raw bytes.
func UnmarshalPrefix(data []byte, v any) (rest []byte, err error) {
	s := scanner{data: data}
	if err := s.value(0); err != nil {
		return nil, fmt.Errorf("%w at byte %d", err, s.pos)
	}
	if err := bencode.Unmarshal(data[:s.pos], v); err != nil {
		return nil, fmt.Errorf("decode bencoded value: %w", err)
	}
	return data[s.pos:], nil
}

// Marshal encodes v, of the kinds that Unmarshal takes, in canonical form. It
// fails for kinds that bencode does not know and for empty Bytes.
func Marshal(v any) ([]byte, error) { return bencode.Marshal(v) }

// Canonical reports whether data is one value in the only form that BEP 3
// gives it: keys sorted as bytes and unique, no leading zeros, no "-0".
func Canonical(data []byte) bool {
	s := scanner{data: data}
	return s.value(0) == nil && s.pos == len(data) && !s.unsorted
}
