package id

import (
	"bytes"
	"errors"
	"flag"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"
)

var seed = flag.Uint64("seed", 1, "of the random tests")

func random(t *testing.T) *rand.Rand {
	t.Helper()
	t.Logf("-seed=%d", *seed)
	return rand.New(rand.NewPCG(*seed, 0))
}

func randomID(rng *rand.Rand) (a ID) {
	for i := range a {
		a[i] = byte(rng.Uint32())
	}
	return a
}

func TestHexInBothDirections(t *testing.T) {
	rng := random(t)
	for range 200 {
		a := randomID(rng)
		for _, s := range []string{a.String(), strings.ToUpper(a.String())} {
			if got, err := FromHex(s); err != nil || got != a {
				t.Fatalf("%s: %v, %v", s, got, err)
			}
		}
	}
	a := ID{0: 0x01, 19: 0xef}
	if got, want := a.String(), "01000000000000000000000000000000000000ef"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestTextThatIsNoID(t *testing.T) {
	digits := strings.Repeat("0", 40)
	for name, s := range map[string]string{
		"nothing":          "",
		"a digit less":     digits[1:],
		"a digit more":     digits + "0",
		"two digits more":  digits + "00",
		"not hexadecimal":  "g" + digits[1:],
		"a prefix":         "0x" + digits[2:],
		"white space":      " " + digits[1:],
		"forty characters": strings.Repeat("ä", 20),
	} {
		if a, err := FromHex(s); err == nil || !a.IsZero() {
			t.Errorf("%s: %v, %v", name, a, err)
		}
	}
}

func TestBytesInBothDirections(t *testing.T) {
	a := randomID(random(t))
	b := bytes.Clone(a[:])
	got, err := FromBytes(b)
	if err != nil || got != a {
		t.Errorf("%v, %v", got, err)
	}
	clear(b)
	if got != a {
		t.Error("the ID shares the caller's bytes")
	}
	for _, n := range []int{0, 19, 21, 32} {
		if _, err := FromBytes(make([]byte, n)); !errors.Is(err, ErrSize) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

func TestOrderIsThatOfNumbers(t *testing.T) {
	rng := random(t)
	for range 500 {
		a, b := randomID(rng), randomID(rng)
		// Often the same beginning, so that later bytes decide.
		copy(b[:], a[:rng.IntN(Size+1)])
		want := new(big.Int).SetBytes(a[:]).Cmp(new(big.Int).SetBytes(b[:]))
		if got := a.Compare(b); got != want || b.Compare(a) != -want {
			t.Fatalf("%v and %v: %d, want %d", a, b, got, want)
		}
	}
}

func TestAPeerIDIsOursAndPrintable(t *testing.T) {
	rng := random(t)
	seen := make(map[ID]bool)
	for range 1000 {
		a := NewPeer(rng)
		if !strings.HasPrefix(string(a[:]), PeerPrefix) || !a.IsShoal() {
			t.Fatalf("%q is not ours", a[:])
		}
		for _, c := range a[len(PeerPrefix):] {
			if !(c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z') {
				t.Fatalf("%q", a[:])
			}
		}
		if seen[a] {
			t.Fatalf("%q twice", a[:])
		}
		seen[a] = true
	}
}

func TestAPeerIDComesFromItsSourceAlone(t *testing.T) {
	a := NewPeer(rand.New(rand.NewPCG(1, 2)))
	b := NewPeer(rand.New(rand.NewPCG(1, 2)))
	if a != b {
		t.Errorf("%q and %q from one seed", a[:], b[:])
	}
}

func TestOthersPeerIDsAreNotOurs(t *testing.T) {
	for s, want := range map[string]bool{
		"-SH0010-aaaaaaaaaaaa": true,
		"-SH9999-aaaaaaaaaaaa": true, // another version of ours
		"-WW0300-aaaaaaaaaaaa": false,
		"SH0010-aaaaaaaaaaaaa": false,
		"-sh0010-aaaaaaaaaaaa": false,
	} {
		a, err := FromBytes([]byte(s))
		if err != nil {
			t.Fatal(err)
		}
		if a.IsShoal() != want {
			t.Errorf("%q: %v", s, !want)
		}
	}
}

func TestZero(t *testing.T) {
	if !(ID{}).IsZero() || (ID{19: 1}).IsZero() {
		t.Error("zero is what has no bit set, and nothing else")
	}
}
