package sim

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestWhatHappensFirstComesFirstAndOneMomentKeepsItsOrder(t *testing.T) {
	t.Logf("-seed=%d", *seed)
	rng := rand.New(rand.NewPCG(*seed, 0))
	type due struct {
		at      time.Duration
		ordinal int64
	}
	var q queue
	var want, got []due
	for i := range int64(2000) {
		d := due{time.Duration(rng.IntN(50)), i}
		want = append(want, d)
		q.push(d.at, happening{total: i})
		if rng.IntN(3) == 0 { // what is taken out meanwhile comes back later
			at, _ := q.next()
			h := q.pop()
			q.push(at, h)
			i := slices.IndexFunc(want, func(d due) bool { return d.ordinal == h.total })
			want = append(slices.Delete(want, i, i+1), due{at, h.total})
		}
	}
	slices.SortStableFunc(want, func(a, b due) int { return int(a.at - b.at) })
	for at, ok := q.next(); ok; at, ok = q.next() {
		got = append(got, due{at, q.pop().total})
	}
	if !slices.Equal(got, want) {
		t.Error("another order than by time, then by coming")
	}
}
