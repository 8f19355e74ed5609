package webseed

import (
	"testing"
	"time"
)

var start = time.Unix(1_000_000, 0)

func newSeed(t *testing.T) *Seed {
	t.Helper()
	s, err := New(single(t, "x", 100), "http://h/x")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// asked says when the seed may be asked next, in seconds after now; -1 is never.
func asked(s *Seed, now time.Time) float64 {
	at, ok := s.Ready()
	if !ok {
		return -1
	}
	return max(0, at.Sub(now).Seconds())
}

func TestANewSeedMayBeAskedAtOnce(t *testing.T) {
	if wait := asked(newSeed(t), start); wait != 0 {
		t.Errorf("waits %v s", wait)
	}
}

func TestAServerThatIsDownIsAskedEverLessOften(t *testing.T) {
	for _, o := range []Outcome{Unreachable, Busy, Slow} {
		s, now := newSeed(t), start
		for _, want := range []float64{5, 10, 20, 40, 80, 160, 320, 600, 600, 600} {
			s.Ended(now, o)
			if got := asked(s, now); got != want {
				t.Fatalf("outcome %d: waits %v s, want %v", o, got, want)
			}
			now, _ = s.Ready()
		}
		// When it delivers again, the next failure is the first.
		s.Ended(now, Delivered)
		s.Ended(now, o)
		if got := asked(s, now); got != 5 {
			t.Errorf("outcome %d: waits %v s after a success, want 5", o, got)
		}
	}
}

func TestRequestsThatFailSideBySideFailOnce(t *testing.T) {
	s := newSeed(t)
	for range 4 {
		s.Ended(start, Unreachable)
	}
	s.Ended(start, Refused)
	s.Ended(start, Refused)
	if got := asked(s, start); got != 5 {
		t.Errorf("waits %v s, want 5", got)
	}
	// What was under way delivers: the wait that was begun is waited out.
	s.Ended(start, Delivered)
	if got := asked(s, start); got != 5 {
		t.Errorf("waits %v s after a late delivery, want 5", got)
	}
}

func TestAnAnswerThatSaysNeverIsBelievedTheSecondTime(t *testing.T) {
	for _, o := range []Outcome{Refused, WrongLength} {
		s, now := newSeed(t), start
		s.Ended(now, o)
		if got := asked(s, now); got != 60 {
			t.Errorf("outcome %d: waits %v s, want 60", o, got)
		}
		now, _ = s.Ready()
		s.Ended(now, Delivered)
		s.Ended(now, o)
		now, ok := s.Ready()
		if !ok {
			t.Fatalf("outcome %d: given up though it delivered in between", o)
		}
		s.Ended(now, o)
		if got := asked(s, now); got != -1 {
			t.Errorf("outcome %d: asked a third time in %v s", o, got)
		}
	}
}

func TestAServerWithoutRangesIsAskedForFilesFromTheirBeginning(t *testing.T) {
	s, err := New(torrent(t, "d", file(100, "a"), file(50, "b")), "http://h/")
	if err != nil {
		t.Fatal(err)
	}
	if !s.Ranges() {
		t.Error("is asked for no range before it has answered")
	}
	// When it answers a range with a whole file, that is no failure.
	s.Ended(start, NoRanges)
	if got := asked(s, start); got != 0 || s.Ranges() {
		t.Errorf("waits %v s; is asked for ranges: %v", got, s.Ranges())
	}
	for _, c := range []struct {
		file   int
		length int64
		want   Request
	}{
		{0, 30, Request{URL: "http://h/d/a", Length: 30, Stream: true}},
		{1, 50, Request{URL: "http://h/d/b", Length: 50, Whole: true, Stream: true}},
	} {
		if got := s.Stream(c.file, c.length); got != c.want {
			t.Errorf("%+v, want %+v", got, c.want)
		}
	}
}

func TestAFileIsReadForWhatIsWorthItsWay(t *testing.T) {
	for _, c := range []struct {
		needed, wasted int64
		want           bool
	}{{0, 0, false}, {1, 0, true}, {1, maxWaste, true}, {1, maxWaste + 1, false}, {10 * maxWaste, 10 * maxWaste, true}, {10 * maxWaste, 10*maxWaste + 1, false}} {
		if got := Worth(c.needed, c.wasted); got != c.want {
			t.Errorf("%d bytes of use and %d of none: %v", c.needed, c.wasted, got)
		}
	}
}

func TestAServerOfOtherBytesIsNeverAskedAgain(t *testing.T) {
	s := newSeed(t)
	s.Ended(start, Corrupt)
	if got := asked(s, start); got != -1 {
		t.Errorf("asked again in %v s", got)
	}
}

func TestWhatWeEndIsNobodysFault(t *testing.T) {
	s := newSeed(t)
	s.Ended(start, Aborted)
	if got := asked(s, start); got != 0 {
		t.Errorf("waits %v s", got)
	}
}
