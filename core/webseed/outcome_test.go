package webseed

import (
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/metainfo"
)

var start = time.Unix(1_000_000, 0)

func newSeed(t *testing.T) *Seed {
	t.Helper()
	s, err := New(single(t, "x", MaxWhole+1), "http://h/x")
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
	for _, o := range []Outcome{Unreachable, Busy} {
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

func TestAServerWithoutRangesServesSmallFilesOnly(t *testing.T) {
	// Given one file that can be taken whole between two that cannot.
	s, err := New(torrent(t, "d", file(MaxWhole+1, "a"), file(MaxWhole, "b"), file(MaxWhole+1, "c")), "http://h/")
	if err != nil {
		t.Fatal(err)
	}
	const b, end = MaxWhole + 1, 2*MaxWhole + 1
	if !s.Serves(0, 1) {
		t.Error("a range of a long file is not asked for before the server has answered")
	}
	// When the server answers a range with a whole file.
	s.Ended(start, NoRanges)
	for _, c := range []struct {
		offset, length int64
		want           bool
	}{{0, 1, false}, {b - 1, 2, false}, {b, MaxWhole, true}, {b + 5, 7, true}, {end - 1, 2, false}, {end, 1, false}, {b, 0, true}} {
		if got := s.Serves(c.offset, c.length); got != c.want {
			t.Errorf("%d bytes from %d: %v", c.length, c.offset, got)
		}
	}
	if got := asked(s, start); got != 0 {
		t.Errorf("waits %v s", got)
	}
}

func TestAServerWithoutRangesAndSmallFilesIsNoUse(t *testing.T) {
	info := *torrent(t, "d", file(MaxWhole+1, "a"), file(0, "empty"), file(5, "pad"))
	info.Files = append([]metainfo.File(nil), info.Files...)
	info.Files[2].Pad = true
	s, err := New(&info, "http://h/")
	if err != nil {
		t.Fatal(err)
	}
	s.Ended(start, NoRanges)
	if got := asked(s, start); got != -1 {
		t.Errorf("asked again in %v s", got)
	}
	s.Ended(start, Delivered)
	if got := asked(s, start); got != -1 {
		t.Error("asked again after a late delivery")
	}
}

func TestPaddingIsServedWithoutRanges(t *testing.T) {
	info := *torrent(t, "d", file(10, "a"), file(MaxWhole+1, "pad"))
	info.Files = append([]metainfo.File(nil), info.Files...)
	info.Files[1].Pad = true
	s, err := New(&info, "http://h/")
	if err != nil {
		t.Fatal(err)
	}
	s.Ended(start, NoRanges)
	if !s.Serves(0, 20) {
		t.Error("padding is nothing that a server could refuse")
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
