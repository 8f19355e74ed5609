// Package bitfield is a set of piece numbers of fixed length, in the form in
// which BEP 3 sends it: the first piece is the highest bit of the first byte,
// spare bits are zero.
package bitfield

import (
	"errors"
	"math/bits"
)

// ErrLength says that wire bytes do not fit the number of pieces, or have a
// spare bit set.
var ErrLength = errors.New("bitfield: wrong length or spare bits set")

// Bitfield is the set. Its zero value has no room for any piece.
type Bitfield struct {
	bits  []byte
	len   int
	count int
}

// New returns an empty set for n pieces.
func New(n int) *Bitfield {
	return &Bitfield{bits: make([]byte, (n+7)/8), len: n}
}

// FromBytes copies a set of n pieces from its wire form.
func FromBytes(b []byte, n int) (*Bitfield, error) {
	if len(b) != (n+7)/8 {
		return nil, ErrLength
	}
	if spare := n % 8; spare != 0 && b[len(b)-1]<<spare != 0 {
		return nil, ErrLength
	}
	f := &Bitfield{bits: append([]byte(nil), b...), len: n}
	for _, x := range b {
		f.count += bits.OnesCount8(x)
	}
	return f, nil
}

// Len is the number of pieces there could be.
func (f *Bitfield) Len() int { return f.len }

// Count is the number of pieces in the set.
func (f *Bitfield) Count() int { return f.count }

// All reports whether every piece is in the set.
func (f *Bitfield) All() bool { return f.count == f.len }

// Has reports whether piece i is in the set.
func (f *Bitfield) Has(i int) bool {
	f.check(i)
	return f.bits[i/8]&(0x80>>(i%8)) != 0
}

// Set adds piece i and reports whether it was new.
func (f *Bitfield) Set(i int) bool {
	if f.Has(i) {
		return false
	}
	f.bits[i/8] |= 0x80 >> (i % 8)
	f.count++
	return true
}

// Clear takes piece i out.
func (f *Bitfield) Clear(i int) {
	if f.Has(i) {
		f.bits[i/8] &^= 0x80 >> (i % 8)
		f.count--
	}
}

// SetAll adds every piece.
func (f *Bitfield) SetAll() {
	for i := range f.len {
		f.Set(i)
	}
}

// Bytes returns the wire form, in a slice of its own, never nil.
func (f *Bitfield) Bytes() []byte { return append([]byte{}, f.bits...) }

// Clone returns a copy.
func (f *Bitfield) Clone() *Bitfield {
	return &Bitfield{f.Bytes(), f.len, f.count}
}

func (f *Bitfield) check(i int) {
	if i < 0 || i >= f.len {
		panic("bitfield: piece out of range")
	}
}
