package table

import (
	"flag"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/dht/frame"
)

var seed = flag.Uint64("seed", 1, "of the random tests")

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func random(t *testing.T) *rand.Rand {
	t.Helper()
	t.Logf("-seed=%d", *seed)
	return rand.New(rand.NewPCG(*seed, 0))
}

// k is a key of eight bits.
func k(b uint8) frame.Key { return frame.Key(b) << 56 }

// newTable is the table of node 0 with a budget.
func newTable(budget int) *Table { return New(0, budget, rand.New(rand.NewPCG(1, 0))) }

// link adds a link to an announced node that tells of these others. Its Conn is
// its number.
func connect(t *Table, of uint8, others ...uint8) linked {
	n := Neighbour{Conn: Conn(of), Key: k(of), RTT: 100 * time.Millisecond}
	t.Add(start, n)
	tell(t, of, 0, others...)
	return linked{t, of}
}

// linked is a link that a test goes on with.
type linked struct {
	t  *Table
	of uint8
}

func (l linked) class(c frame.Class) { l.t.at(Conn(l.of)).class = c }

func tell(t *Table, of uint8, class frame.Class, others ...uint8) {
	var list []frame.Entry
	for _, o := range others {
		list = append(list, frame.Entry{Key: k(o)})
	}
	frame.Sort(list)
	if !t.Apply(Conn(of), frame.Digest{Whole: true, Announced: true, Class: class, Sum: frame.Sum(list), Added: list}) {
		panic("a digest that is whole")
	}
}

func keysOf(steps []Step) (keys []uint8) {
	for _, s := range steps {
		keys = append(keys, uint8(s.Toward>>56))
	}
	return keys
}

func expectSteps(t *testing.T, what string, got []Step, want ...uint8) {
	t.Helper()
	if !slices.Equal(keysOf(got), want) {
		t.Errorf("%s: toward %x, want %x", what, keysOf(got), want)
	}
}

func TestAMessageGoesTowardTheClosestThatAnybodyToldOf(t *testing.T) {
	// given links to 80 and 10, of which 10 tells of 41 and 80 of 70
	tab := newTable(32)
	connect(tab, 0x80, 0x70)
	connect(tab, 0x10, 0x41)
	// when a message is for 40, then it goes by 10 to 41; the next best are 70, 10
	steps := tab.Steps(Way{Dst: k(0x40), Best: uint64(k(0x40))})
	expectSteps(t, "for 40", steps, 0x41, 0x70)
	if s := steps[0]; s.Conn != 0x10 || s.Direct || s.Detour == (k(0x10)^k(0x40) < k(0x40)) {
		t.Errorf("the first step is %+v", s)
	}
	// when it is for 10 itself, then it goes there directly
	steps = tab.Steps(Way{Dst: k(0x10), Best: uint64(k(0x10))})
	if len(steps) == 0 || !steps[0].Direct || steps[0].Conn != 0x10 {
		t.Errorf("for 10: %+v", steps)
	}
}

func TestEveryStepLeadsCloser(t *testing.T) {
	tab := newTable(32)
	connect(tab, 0x80, 0x70, 0x44)
	connect(tab, 0x50, 0x42)
	expectSteps(t, "that has been at 43", tab.Steps(Way{Dst: k(0x40), Best: uint64(k(0x03))}), 0x42)
	expectSteps(t, "that has been at 42", tab.Steps(Way{Dst: k(0x40), Best: uint64(k(0x02))}))
	// after a detour, only by a neighbour that is closer itself
	steps := tab.Steps(Way{Dst: k(0x40), Best: uint64(k(0x20)), Detour: true})
	for _, s := range steps {
		if s.Conn == 0x80 {
			t.Errorf("a second detour in turn: %+v", s)
		}
	}
	expectSteps(t, "after a detour", steps, 0x42, 0x50)
}

func TestWhoIsNotAnnouncedIsFoundByItsOwnIDOnly(t *testing.T) {
	tab := newTable(32)
	tab.Add(start, Neighbour{Conn: 0x41, Key: k(0x41)})
	expectSteps(t, "for 40", tab.Steps(Way{Dst: k(0x40), Best: Anywhere}))
	expectSteps(t, "for 41", tab.Steps(Way{Dst: k(0x41), Best: Anywhere}), 0x41)
	if tab.Known() != 0 || len(tab.Closest(k(0x40), 8, 0)) != 0 {
		t.Error("others are told of it")
	}
}

func TestSuspectLinksAndGhostsAreNoWay(t *testing.T) {
	tab := newTable(32)
	connect(tab, 0x80, 0x41, 0x42)
	connect(tab, 0x44)
	w := Way{Dst: k(0x40), Best: uint64(k(0x10))}
	expectSteps(t, "at first", tab.Steps(w), 0x41, 0x44)
	tab.Bury(start, k(0x41))
	expectSteps(t, "41 is dead", tab.Steps(w), 0x42, 0x44)
	if near := tab.nearest(k(0x40), 1); near[0] != k(0x42) {
		t.Errorf("closest to 40 is %x", near[0])
	}
	tab.Suspect(0x80, true)
	expectSteps(t, "80 is suspect", tab.Steps(w), 0x44)
	if tab.Doubtful(w) {
		t.Error("80 is no closer than 44")
	}
	tab.Suspect(0x44, true)
	if !tab.Doubtful(w) {
		t.Error("44 may be the way on")
	}
	w.Any = true
	expectSteps(t, "whoever there is", tab.Steps(w), 0x42, 0x44)
	// when a minute has passed, or there is a link to it, then it is no ghost
	tab.Expire(start.Add(time.Minute))
	tab.Suspect(0x80, false)
	w.Any = false
	expectSteps(t, "a minute later", tab.Steps(w), 0x41)
}

func TestWhoSeeksItselfDoesNotFindItself(t *testing.T) {
	tab := newTable(32)
	connect(tab, 0x40, 0x41)
	connect(tab, 0x80, 0x40, 0x42)
	steps := tab.Steps(Way{Dst: k(0x40), Best: Anywhere, Not: k(0x40), From: 0x40})
	expectSteps(t, "from 40, for 40", steps, 0x42, 0x80)
}

func TestChangesOfADigestNeedTheWholeOfIt(t *testing.T) {
	tab := newTable(32)
	other := New(k(0x80), 32, rand.New(rand.NewPCG(1, 0)))
	connect(tab, 0x80)
	connect(other, 0x90)
	connect(other, 0xa0)
	hear := func(d frame.Digest) bool { d.Announced = true; return tab.Apply(0x80, d) }
	first := other.Beat()
	if !hear(first) || len(first.Added) != 2 {
		t.Fatalf("the first is %+v", first)
	}
	// when a change is lost, then the next shows it, and the whole mends it
	other.Remove(0x90)
	other.Beat()
	connect(other, 0xb0)
	if hear(other.Beat()) {
		t.Error("what was lost was not missed")
	}
	if !hear(other.Whole()) {
		t.Error("the whole does not mend it")
	}
	if got := tab.nearest(k(0x90), 9); !slices.Equal(got, []frame.Key{k(0x80), k(0xb0), k(0xa0)}) {
		t.Errorf("known are %x", got)
	}
	// when nothing changes, then nothing is said
	if d := other.Beat(); len(d.Added) != 0 || len(d.Dropped) != 0 || !hear(d) {
		t.Errorf("nothing new: %+v", d)
	}
	// when a neighbour grows old, or is suspect, then that is told
	other.at(0xb0).class = 3
	other.Suspect(0xa0, true)
	if d := other.Beat(); len(d.Added) != 1 || len(d.Dropped) != 1 || !hear(d) {
		t.Errorf("a change: %+v", d)
	}
}

func TestADigestIsBounded(t *testing.T) {
	tab := newTable(32)
	tab.Add(start, Neighbour{Conn: 1, Key: 1})
	for n := range 20 {
		var d frame.Digest
		for i := range frame.MaxDigest {
			d.Added = append(d.Added, frame.Entry{Key: frame.Key(n*1000 + i)})
		}
		tab.Apply(1, d)
	}
	if got := len(tab.at(1).list); got > frame.MaxDigest {
		t.Errorf("%d neighbours of one neighbour", got)
	}
}

func TestGhostsAndHintsAreBounded(t *testing.T) {
	tab := newTable(32)
	for n := range 1000 {
		tab.Bury(start, frame.Key(n+1))
		tab.Hint(start, frame.Key(n+5000))
	}
	if len(tab.ghosts) != maxGhosts || len(tab.hints) != maxHints {
		t.Errorf("%d ghosts, %d hints", len(tab.ghosts), len(tab.hints))
	}
}

func TestNearestAgreesWithSorting(t *testing.T) {
	rng := random(t)
	for range 50 {
		to := frame.Key(rng.Uint64())
		var all []frame.Key
		top := nearestKeys{to: to, most: 8}
		for range 1 + rng.IntN(60) {
			key := frame.Key(rng.Uint64N(200)) << 50
			all = append(all, key)
			top.add(key)
		}
		slices.SortFunc(all, func(a, b frame.Key) int {
			if a^to < b^to {
				return -1
			}
			return 1
		})
		all = slices.Compact(all)
		if want := all[:min(8, len(all))]; !slices.Equal(top.keys, want) {
			t.Fatalf("%x, want %x", top.keys, want)
		}
	}
}

func TestSizeIsEstimatedByDensity(t *testing.T) {
	rng := random(t)
	sum := 0.0
	for range 50 {
		tab := New(frame.Key(rng.Uint64()), 400, rng)
		for i := range 300 {
			tab.Add(start, Neighbour{Conn: Conn(i + 1), Key: frame.Key(rng.Uint64())})
			tab.at(Conn(i + 1)).announced = true
		}
		sum += tab.Size() / 50
	}
	if sum < 240 || sum > 420 {
		t.Errorf("of 300 it thinks %f, in the mean of 50", sum)
	}
	if got := newTable(32).Size(); got != 1 {
		t.Errorf("alone: %f", got)
	}
}

func TestBuckets(t *testing.T) {
	tab := newTable(32)
	for _, c := range []struct {
		key  uint8
		want int
	}{{0x80, 0}, {0xff, 0}, {0x40, 1}, {0x01, 7}} {
		if got := tab.bucket(k(c.key)); got != c.want {
			t.Errorf("%x is in bucket %d, want %d", c.key, got, c.want)
		}
	}
	for b := range 8 {
		if got := bits.LeadingZeros64(uint64(tab.within(b))); got != b {
			t.Errorf("a key of bucket %d is in %d", b, got)
		}
	}
}
