package limit

import (
	"flag"
	"math/rand/v2"
	"testing"
	"time"
)

var seed = flag.Uint64("seed", 0, "of the random tests; 0 for twenty of them")

// asker takes as much as it may, whenever it was told to come back.
type asker struct {
	limit *Limit
	sizes []int         // one of them each time
	late  time.Duration // at most
	stops time.Duration // asks no more from then on; 0 for never
	next  time.Time
	want  int // what it waits for; 0 for nothing
	got   []taking
	asks  int
}

type taking struct {
	at    time.Duration
	bytes int
}

// play lets all ask until a time, in virtual time, in random order at equal times.
func play(rng *rand.Rand, askers []*asker, until time.Duration) {
	for _, a := range askers {
		a.next = at(time.Duration(rng.Int64N(int64(100 * time.Millisecond))))
	}
	for {
		first := askers[rng.IntN(len(askers))]
		for _, a := range askers {
			if a.next.Before(first.next) {
				first = a
			}
		}
		now := first.next
		if !now.Before(at(until)) {
			return
		}
		first.ask(rng, now)
	}
}

func (a *asker) ask(rng *rand.Rand, now time.Time) {
	if a.stops > 0 && now.After(at(a.stops)) {
		a.next = at(time.Hour)
		return
	}
	for {
		if a.want == 0 {
			a.want = a.sizes[rng.IntN(len(a.sizes))]
		}
		a.asks++
		if wait := a.limit.Take(now, a.want); wait > 0 {
			a.next = now.Add(wait + time.Duration(rng.Int64N(int64(a.late+1))))
			return
		}
		a.got = append(a.got, taking{now.Sub(start), a.want})
		a.want = 0
	}
}

// between is what an asker got in a span of time.
func (a *asker) between(from, to time.Duration) (bytes int64) {
	for _, g := range a.got {
		if g.at >= from && g.at < to {
			bytes += int64(g.bytes)
		}
	}
	return bytes
}

func between(askers []*asker, from, to time.Duration) (bytes int64) {
	for _, a := range askers {
		bytes += a.between(from, to)
	}
	return bytes
}

var sizes = [][]int{{block}, {4 * block}, {block, 4 * block}, {1000}, {block, 100}, {block, block, block, 64 * kib}}

// story is one random client: its rate, and who asks.
type story struct {
	rng    *rand.Rand
	client *Limit
	rate   int64
	askers []*asker
}

func newStory(seed uint64) *story {
	rng := rand.New(rand.NewPCG(seed, 0))
	s := &story{rng: rng, rate: int64(16*kib) << rng.IntN(14)}
	s.rate += rng.Int64N(s.rate)
	s.client = limited(s.rate)
	for range 1 + rng.IntN(12) {
		s.askers = append(s.askers, &asker{
			limit: s.client.Under(),
			sizes: sizes[rng.IntN(len(sizes))],
			late:  time.Duration(rng.IntN(10)) * time.Millisecond,
		})
	}
	return s
}

// seeds runs a story for each seed, or for the one that was given.
func seeds(t *testing.T, tell func(t *testing.T, s *story)) {
	from, to := uint64(1), uint64(20)
	if *seed != 0 {
		from, to = *seed, *seed
	}
	for n := from; n <= to && !t.Failed(); n++ {
		tell(t, newStory(n))
		if t.Failed() {
			t.Logf("again with: go test ./core/limit -run %s -seed %d", t.Name(), n)
		}
	}
}

// expectExact: any ten seconds hold the rate within 5 %, but that a take is not
// cut in two by where the ten seconds begin and end. Each who stopped meanwhile
// may have kept a fifth of a second from the others.
func expectExact(t *testing.T, askers []*asker, rate int64, until time.Duration) {
	t.Helper()
	const span = 10 * time.Second
	for from := time.Duration(0); from+span <= until; from += 700 * time.Millisecond {
		got, want := between(askers, from, from+span), rate*10
		lost := int64(0)
		for _, a := range askers {
			if a.stops > from-time.Second && a.stops < from+span {
				lost += rate / 5
			}
		}
		if slack := max(want/20, 64*kib); got > want+slack || got < want-slack-lost {
			t.Errorf("%d bytes in ten seconds from %v, want %d", got, from, want)
			return
		}
	}
}

func TestAnyTenSecondsHoldTheRate(t *testing.T) {
	seeds(t, func(t *testing.T, s *story) {
		play(s.rng, s.askers, 24*time.Second)
		expectExact(t, s.askers, s.rate, 24*time.Second)
	})
}

func TestAllShareAlike(t *testing.T) {
	seeds(t, func(t *testing.T, s *story) {
		const until = 200 * time.Second
		s.rate = min(s.rate, 4<<20)
		s.client.Set(start, s.rate)
		play(s.rng, s.askers, until)
		fair := s.rate * 200 / int64(len(s.askers))
		for _, a := range s.askers {
			if got := a.between(0, until); got < fair*8/10-64*kib || got > fair*12/10+64*kib {
				t.Errorf("%d bytes for sizes of %v, want %d", got, a.sizes, fair)
			}
		}
	})
}

func TestALowerLimitLeavesTheRestToOthers(t *testing.T) {
	seeds(t, func(t *testing.T, s *story) {
		const until = 100 * time.Second
		s.rate = 16 * 16 * kib << s.rng.IntN(6)
		s.client.Set(start, s.rate)
		low := s.rate / int64(len(s.askers)) / 2
		s.askers[0].limit.Set(start, low)
		s.askers[0].sizes = []int{block}
		play(s.rng, s.askers, until)
		if got := s.askers[0].between(0, until); got < low*95 || got > low*105+block {
			t.Errorf("%d bytes under a limit of its own, want %d; client %d, with %d", got, low*100, s.rate, len(s.askers))
		}
		if len(s.askers) == 1 {
			return
		}
		fair := (s.rate - low) * 100 / int64(len(s.askers)-1)
		for _, a := range s.askers[1:] {
			if got := a.between(0, until); got < fair*8/10-64*kib {
				t.Errorf("%d bytes, want %d", got, fair)
			}
		}
	})
}

func TestThoseWhoStopLeaveTheRateToOthers(t *testing.T) {
	seeds(t, func(t *testing.T, s *story) {
		for _, a := range s.askers[1:] {
			a.stops = time.Duration(1+s.rng.IntN(20000)) * time.Millisecond
		}
		play(s.rng, s.askers, 32*time.Second)
		expectExact(t, s.askers, s.rate, 32*time.Second)
	})
}

func TestNobodyAsksMuchOftenerThanItIsServed(t *testing.T) {
	seeds(t, func(t *testing.T, s *story) {
		const until = 30 * time.Second
		play(s.rng, s.askers, until)
		for _, a := range s.askers {
			if bound := 3*len(a.got) + int(until/longWait) + 10; a.asks > bound {
				t.Errorf("asked %d times for %d takes", a.asks, len(a.got))
			}
		}
	})
}
