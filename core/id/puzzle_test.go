package id

import (
	"crypto/sha256"
	"testing"
)

func TestAPuzzleIsSolvedByTries(t *testing.T) {
	const zeroBits = 6
	puzzle := NewPuzzle([32]byte{1}, zeroBits)
	slices := 0
	pair, solved := puzzle.Try(8)
	for ; !solved; pair, solved = puzzle.Try(8) {
		if !pair.IsZero() {
			t.Fatal("a key pair that is no solution")
		}
		if slices++; slices > 1000 {
			t.Fatal("no solution in 8,000 tries at one in 64")
		}
	}
	if sum := sha256.Sum256(keyOf(pair)); sum[0]>>2 != 0 || !pair.Identity().Solves(zeroBits) {
		t.Errorf("the solution's hash is %x", sum)
	}
	if again, ok := NewPuzzle([32]byte{1}, zeroBits).Try(8 * (slices + 1)); !ok || again.Identity() != pair.Identity() {
		t.Error("the same bytes led to another key pair")
	}
	if pair.Identity().Solves(30) {
		t.Error("it solves a puzzle of a billion tries")
	}
}

func keyOf(pair KeyPair) []byte {
	key := pair.Identity()
	return key[:]
}
