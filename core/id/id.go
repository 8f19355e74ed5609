// Package id is about names of 20 bytes: info hashes, peer ids, and their
// order. It turns bytes and hex into IDs and back, and does no I/O.
package id

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math/rand/v2"
)

// Size is the length of an ID in bytes.
const Size = 20

// ErrSize says that a text or byte string is not an ID's length.
var ErrSize = errors.New("id: not 20 bytes")

// ID is an info hash (BEP 3: the SHA-1 of an info dictionary) or a peer id.
type ID [Size]byte

// PeerPrefix begins the peer id of every Shoal peer, in the form of BEP 20:
// client "SH", version 0.1.
const PeerPrefix = "-SH0010-"

// FromBytes returns the ID that b holds; b must be 20 bytes.
func FromBytes(b []byte) (ID, error) {
	if len(b) != Size {
		return ID{}, ErrSize
	}
	return ID(b), nil
}

// FromHex parses 40 hexadecimal digits of either case.
func FromHex(s string) (ID, error) {
	if len(s) != 2*Size {
		return ID{}, ErrSize
	}
	b, err := hex.DecodeString(s)
	if err != nil {
		return ID{}, err
	}
	return ID(b), nil
}

// NewPeer makes a peer id: the prefix, then twelve characters from rng. The
// characters are letters and digits, as some trackers log peer ids as text.
func NewPeer(rng *rand.Rand) ID {
	const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	var peer ID
	n := copy(peer[:], PeerPrefix)
	for i := n; i < Size; i++ {
		peer[i] = alphabet[rng.IntN(len(alphabet))]
	}
	return peer
}

// IsShoal reports whether a peer id has our prefix. Anyone can write it there:
// it may choose between two ways that are both safe, and nothing more.
func (a ID) IsShoal() bool { return string(a[:3]) == PeerPrefix[:3] }

// Compare orders IDs as 160-bit numbers: -1, 0 or +1.
func (a ID) Compare(b ID) int { return bytes.Compare(a[:], b[:]) }

// IsZero reports whether a is the zero ID, which names nothing.
func (a ID) IsZero() bool { return a == ID{} }

// String returns 40 lower-case hexadecimal digits.
func (a ID) String() string { return hex.EncodeToString(a[:]) }
