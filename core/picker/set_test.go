package picker

import "testing"

func TestWhatTwoSetsShareIsFoundInOrder(t *testing.T) {
	const n = 20_000 // five words of full
	rng := newRand(t)
	for _, rarity := range []int{2, 100, 5000} {
		// Given two sets, of which the numbers are rare in one
		one, other := newSet(n), newSet(n)
		both := newSet(n)
		for i := range n {
			in, too := rng.IntN(rarity) == 0, rng.IntN(2) == 0
			if in {
				one.add(i)
			}
			if too {
				other.add(i)
			}
			if in && too {
				both.add(i)
			}
		}
		// When the next one is looked for from each place on
		common := shared{one.words, other.words, both.full, both.count}
		want := -1
		for from := n - 1; from >= 0; from-- {
			if one.has(from) && other.has(from) {
				want = from
			}
			// Then it is the nearest that is in both
			if got := common.next(from); got != want {
				t.Fatalf("1 in %d: from %d on found %d, want %d", rarity, from, got, want)
			}
		}
		if got := common.around(n); got != want {
			t.Errorf("1 in %d: behind the last found %d, want the first, %d", rarity, got, want)
		}
	}
}
