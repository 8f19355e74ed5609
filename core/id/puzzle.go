package id

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
)

// Solves reports whether the identity has paid for its place: the SHA-256 of its
// key begins with so many zero bits (the static puzzle of S/Kademlia). Each try
// at it is the making of a key pair, and moves the place somewhere else.
func (k Identity) Solves(zeroBits int) bool {
	sum := sha256.Sum256(k[:])
	return zeros(sum[:]) >= zeroBits
}

// Puzzle looks for a key pair whose identity Solves it, a few tries at a time,
// so that a page can do so between other things. New ones come from NewPuzzle.
type Puzzle struct {
	seed     [ed25519.SeedSize]byte
	zeroBits int
	tries    uint64
}

// NewPuzzle begins a search from 32 random bytes, which are as secret as the key
// pair. The same bytes lead to the same one. Of so many zero bits it takes about
// two to their power tries.
func NewPuzzle(seed [ed25519.SeedSize]byte, zeroBits int) *Puzzle {
	return &Puzzle{seed: seed, zeroBits: zeroBits}
}

// Try makes so many tries, and says false when none of them was right.
func (p *Puzzle) Try(tries int) (KeyPair, bool) {
	for range tries {
		pair := NewKeyPair(sha256.Sum256(binary.BigEndian.AppendUint64(p.seed[:], p.tries)))
		p.tries++
		if pair.Identity().Solves(p.zeroBits) {
			return pair, true
		}
	}
	return KeyPair{}, false
}
