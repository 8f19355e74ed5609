package id

import "testing"

func TestDistanceIsThatOfKademlia(t *testing.T) {
	rng := random(t)
	for range 200 {
		a, b, c := randomID(rng), randomID(rng), randomID(rng)
		if a.Distance(b) != b.Distance(a) {
			t.Fatalf("%v is further from %v than the other way", a, b)
		}
		if !a.Distance(a).IsZero() || a.Distance(b).IsZero() {
			t.Fatalf("only %v may be nowhere from itself", a)
		}
		if a.Distance(b).Distance(b.Distance(c)) != a.Distance(c) {
			t.Fatalf("the way from %v to %v by %v is another", a, c, b)
		}
		if a.Closer(b, c) == a.Closer(c, b) || a.Closer(b, b) {
			t.Fatalf("%v: one of %v and %v is closer", a, b, c)
		}
	}
	if a := (ID{0: 0b1000_0000}); !a.Closer(ID{0: 0b1100_0000}, ID{0: 0b0000_0001}) {
		t.Error("the first bits decide")
	}
}

func TestZeroBitsAtTheBeginning(t *testing.T) {
	for want, b := range map[int][]byte{
		0: {0x80, 0}, 3: {0x1f}, 8: {0, 0xff}, 11: {0, 0x10}, 16: {0, 0},
	} {
		if got := zeros(b); got != want {
			t.Errorf("%08b has %d, want %d", b, got, want)
		}
	}
}
