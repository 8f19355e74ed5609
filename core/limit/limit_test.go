package limit

import (
	"testing"
	"time"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

const (
	kib   = 1 << 10
	block = 16 * kib
)

func at(d time.Duration) time.Time { return start.Add(d) }

// limited returns a limit of this rate.
func limited(rate int64) *Limit {
	l := new(Limit)
	l.Set(start, rate)
	return l
}

// drain takes blocks until it is told to wait, and returns how many it got.
func drain(l *Limit, now time.Time) (blocks int, wait time.Duration) {
	for blocks < 10000 {
		if wait = l.Take(now, block); wait > 0 {
			return blocks, wait
		}
		blocks++
	}
	return blocks, 0
}

func expectWait(t *testing.T, got, want time.Duration) {
	t.Helper()
	if got != want {
		t.Errorf("told to wait %v, want %v", got, want)
	}
}

func TestWithoutARateNobodyWaits(t *testing.T) {
	client := new(Limit)
	torrent := client.Under()
	for range 100 {
		expectWait(t, torrent.Take(start, 1<<20), 0)
		expectWait(t, client.Take(start, 1<<20), 0)
	}
}

func TestATakeIsPaidForAfterwards(t *testing.T) {
	l := limited(64 * kib)
	expectWait(t, l.Take(start, block), 0)
	expectWait(t, l.Take(start, block), 250*time.Millisecond)
	expectWait(t, l.Take(at(249*time.Millisecond), block), shortWait)
	expectWait(t, l.Take(at(250*time.Millisecond), block), 0)
}

func TestNobodyIsToldToWaitForLong(t *testing.T) {
	l := limited(16 * kib)
	l.Take(start, 4*block)
	expectWait(t, l.Take(start, block), longWait)
}

func TestAQuietTimeSavesUpATenthOfASecond(t *testing.T) {
	l := limited(100 * block)
	drain(l, start)
	// A page that was suspended for an hour
	blocks, _ := drain(l, at(time.Hour))
	if blocks != 11 {
		t.Errorf("%d blocks at once, want those of 100 ms and one", blocks)
	}
}

func TestANewRateHoldsAtOnce(t *testing.T) {
	l := limited(16 * kib)
	// Given a take that is paid for in four seconds
	l.Take(start, 64*kib)
	// When the rate is sixteen times as high, it is paid for in a sixteenth
	l.Set(start, 256*kib)
	expectWait(t, l.Take(start, block), 250*time.Millisecond)
	// When it is taken away, nobody waits
	l.Set(start, 0)
	expectWait(t, l.Take(start, 1<<30), 0)
	// When there is one again, it starts with nothing owed and nothing saved up
	l.Set(at(time.Hour), 64*kib)
	expectWait(t, l.Take(at(time.Hour), block), 0)
	expectWait(t, l.Take(at(time.Hour), block), 250*time.Millisecond)
}

func TestTheSameRateAgainChangesNothing(t *testing.T) {
	l := limited(100 * block)
	l.Set(at(time.Second), 100*block)
	if blocks, _ := drain(l, at(time.Second)); blocks != 11 {
		t.Errorf("%d blocks, want what was saved up", blocks)
	}
}

func TestWhoWaitsIsServedBeforeWhoComesLater(t *testing.T) {
	client := limited(64 * kib)
	first, second := client.Under(), client.Under()
	client.Take(start, block)
	// Given one who waits for a large take
	wait := first.Take(start, 4*block)
	expectWait(t, wait, 250*time.Millisecond)
	// Then one who wants little is told a time after him, and not served before
	expectWait(t, second.Take(start, 1), longWait)
	expectWait(t, second.Take(at(wait), 1), longWait)
	expectWait(t, first.Take(at(wait), 4*block), 0)
	expectWait(t, second.Take(at(wait), 1), longWait)
	expectWait(t, second.Take(at(wait+time.Second), 1), 0)
}

func TestWhoDoesNotComeBackLosesItsPlace(t *testing.T) {
	client := limited(64 * kib)
	gone, other := client.Under(), client.Under()
	client.Take(start, block)
	due := gone.Take(start, block)
	other.Take(start, block)
	// It may be late, as timers are
	if other.Take(at(due+grace/2), block) == 0 {
		t.Error("served before who was a little late")
	}
	// but the other does not wait for long
	expectWait(t, other.Take(at(due+grace), block), 0)
}

func TestNoMoreThanABurstIsSavedUpForWhoWaits(t *testing.T) {
	client := limited(10 * block)
	gone, waiting, late := client.Under(), client.Under(), client.Under()
	client.Take(start, block)
	// Given that nobody took for 140 ms, as the first in the queue has gone
	gone.Take(start, block)
	waiting.Take(start, 20*kib) // worth 125 ms
	// Then what is saved up is kept for the second
	if late.Take(at(240*time.Millisecond), block) == 0 {
		t.Error("served from what was kept for who waits")
	}
	expectWait(t, waiting.Take(at(240*time.Millisecond), 20*kib), 0)
}

func TestALowerLimitOfItsOwnHoldsAndBlocksNobody(t *testing.T) {
	client := limited(256 * kib)
	slow, fast := client.Under(), client.Under()
	slow.Set(start, 32*kib)
	expectWait(t, slow.Take(start, block), 0)
	expectWait(t, slow.Take(start, block), longWait)
	// Only what slow has taken is in fast's way, not what slow waits for
	expectWait(t, fast.Take(at(62500*time.Microsecond), block), 0)
	expectWait(t, fast.Take(at(62500*time.Microsecond), block), 62500*time.Microsecond)
}

func TestNoRateIsLeftToThoseWhoWaited(t *testing.T) {
	client := limited(16 * kib)
	a, b := client.Under(), client.Under()
	a.Take(start, 4*block)
	b.Take(start, block)
	a.Take(start, block)
	client.Set(start, 0)
	expectWait(t, a.Take(start, block), 0)
	// and nobody has kept a place for when there is one again
	client.Set(start, 16*kib)
	expectWait(t, a.Take(start, block), 0)
}

func TestTakingAllocatesNothing(t *testing.T) {
	client := limited(1 << 20)
	a, b := client.Under(), client.Under()
	now := start
	once := func() {
		now = now.Add(4 * time.Millisecond)
		a.Take(now, block)
		b.Take(now, block)
	}
	for range 100 {
		once()
	}
	if n := testing.AllocsPerRun(1000, once); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkTakeOfTen(b *testing.B) {
	client := limited(100 << 20)
	var torrents [10]*Limit
	for i := range torrents {
		torrents[i] = client.Under()
	}
	now := start
	for i := range b.N {
		now = now.Add(16 * time.Microsecond)
		torrents[i%10].Take(now, block)
	}
}

func TestAQuietTimeIsNoDebtAtAnotherRate(t *testing.T) {
	for _, was := range []int64{10 << 20, 100 << 20, 1 << 62} {
		l := limited(was)
		l.Take(start, block)
		// When the rate changes after twenty minutes in which nobody took anything
		now := at(20 * time.Minute)
		l.Set(now, 1<<20)
		// Then nobody waits
		if wait := l.Take(now, block); wait > 0 {
			t.Errorf("the rate was %d: must wait %v", was, wait)
		}
	}
}
