package id

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"testing"
)

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestVectorsOfRFC8032(t *testing.T) {
	for _, v := range []struct{ name, seed, key, message, signature string }{
		{
			"7.1, test 1",
			"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
			"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
			"",
			"e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
		},
		{
			"7.1, test 2",
			"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
			"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
			"72",
			"92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
		},
		{
			"7.1, test 3",
			"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
			"fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
			"af82",
			"6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
		},
	} {
		t.Run(v.name, func(t *testing.T) {
			pair := NewKeyPair([32]byte(unhex(t, v.seed)))
			if got := pair.Identity().String(); got != v.key {
				t.Errorf("the key is %s, want %s", got, v.key)
			}
			message, signature := unhex(t, v.message), Signature(unhex(t, v.signature))
			if got := pair.Sign(message); got != signature {
				t.Errorf("signed as %x, want %x", got, signature)
			}
			if !Identity(unhex(t, v.key)).Verify(message, signature) {
				t.Error("the signature is not taken")
			}
		})
	}
}

func TestSignatureIsOfOneKeyAndOneMessage(t *testing.T) {
	rng := random(t)
	for range 20 {
		var seed, other [32]byte
		for i := range seed {
			seed[i], other[i] = byte(rng.Uint32()), byte(rng.Uint32())
		}
		pair, stranger := NewKeyPair(seed), NewKeyPair(other).Identity()
		message := make([]byte, 1+rng.IntN(100))
		signature := pair.Sign(message)
		if !pair.Identity().Verify(message, signature) {
			t.Fatal("its own signature is not taken")
		}
		if stranger.Verify(message, signature) {
			t.Error("another's signature is taken")
		}
		wrong := bytes.Clone(message)
		wrong[rng.IntN(len(wrong))] ^= 1
		if pair.Identity().Verify(wrong, signature) || pair.Identity().Verify(message[1:], signature) {
			t.Error("the signature of another message is taken")
		}
		signature[rng.IntN(len(signature))] ^= 1
		if pair.Identity().Verify(message, signature) {
			t.Error("a broken signature is taken")
		}
	}
}

// TestZeroIdentityIsNobodys: 32 zeros are a key of small order, which ed25519
// takes; anyone can sign for it.
func TestZeroIdentityIsNobodys(t *testing.T) {
	var nobody Identity
	if !nobody.IsZero() || (Identity{31: 1}).IsZero() {
		t.Error("zero is what has no other byte")
	}
	forged := Signature{0: 1} // R is the neutral element and S is zero
	taken := false
	for n := range 256 { // one in four messages has a challenge that makes it fit
		taken = taken || nobody.Verify([]byte{byte(n)}, forged)
	}
	if taken {
		t.Error("a signature of nobody is taken")
	}
}

func TestIDIsTheHashOfTheKey(t *testing.T) {
	key := NewKeyPair([32]byte{1}).Identity()
	if got := key.ID(); got != sha1.Sum(key[:]) {
		t.Errorf("got %v", got)
	}
	if got, want := (Identity{}).ID().String(), "de8a847bff8c343d69b853a215e6ee775ef2ef96"; got != want {
		t.Errorf("of 32 zeros it is %s, want %s", got, want)
	}
}

func TestNoKeyIsNobody(t *testing.T) {
	var none KeyPair
	if !none.IsZero() || !none.Identity().IsZero() {
		t.Error("where there is no key there is an identity")
	}
	if pair := NewKeyPair([32]byte{}); pair.IsZero() || pair.Identity().IsZero() {
		t.Error("a seed of zeros is a seed like any other")
	}
}
