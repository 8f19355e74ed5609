package id

import (
	"crypto/ed25519"
	"crypto/sha1"
	"encoding/hex"
)

// Identity is a long-lived ed25519 public key (RFC 8032): who a Shoal peer is
// beyond one connection and one peer id. The zero Identity is nobody's.
type Identity [ed25519.PublicKeySize]byte

// Signature is one of ed25519.
type Signature [ed25519.SignatureSize]byte

// IsZero reports whether k is the zero Identity.
func (k Identity) IsZero() bool { return k == Identity{} }

// ID is the identity's place among IDs: the SHA-1 of the key.
func (k Identity) ID() ID { return sha1.Sum(k[:]) }

// Verify reports whether the holder of k has signed message.
func (k Identity) Verify(message []byte, sig Signature) bool {
	return !k.IsZero() && ed25519.Verify(k[:], message, sig[:])
}

// String returns 64 lower-case hexadecimal digits.
func (k Identity) String() string { return hex.EncodeToString(k[:]) }

// KeyPair is an identity and the secret that proves it.
type KeyPair struct{ secret ed25519.PrivateKey }

// NewKeyPair derives a key pair from 32 random bytes, which are as secret as it.
func NewKeyPair(seed [ed25519.SeedSize]byte) KeyPair {
	return KeyPair{ed25519.NewKeyFromSeed(seed[:])}
}

// IsZero reports whether there is no key.
func (p KeyPair) IsZero() bool { return p.secret == nil }

// Identity is the public half; zero where there is no key.
func (p KeyPair) Identity() Identity {
	if p.IsZero() {
		return Identity{}
	}
	return Identity(p.secret.Public().(ed25519.PublicKey))
}

// Sign signs a message. It panics where there is no key.
func (p KeyPair) Sign(message []byte) Signature {
	return Signature(ed25519.Sign(p.secret, message))
}
