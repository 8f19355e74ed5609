package session

import "fmt"

// Self is who the client is, so that what others know of it outlives it.
type Self struct {
	Seed [32]byte // of its key pair, and as secret
}

// selfForm is how a Self lies in its record.
type selfForm struct {
	Version int64  `bencode:"version"`
	Seed    []byte `bencode:"seed"`
}

// Encode returns the record.
func (s Self) Encode() []byte { return encode(selfForm{Version, s.Seed[:]}) }

// ParseSelf reads a record that Encode has made.
func ParseSelf(data []byte) (Self, error) {
	var form selfForm
	if err := open(data, &form); err != nil {
		return Self{}, err
	}
	if len(form.Seed) != len(Self{}.Seed) {
		return Self{}, fmt.Errorf("%w: a seed of %d bytes", ErrInvalid, len(form.Seed))
	}
	return Self{[32]byte(form.Seed)}, nil
}
