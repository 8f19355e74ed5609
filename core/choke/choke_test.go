package choke

import (
	"flag"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"
)

var seed = flag.Uint64("seed", 1, "of the random tests")

const (
	leeching = false
	seeding  = true
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func at(d time.Duration) time.Time { return start.Add(d) }

func newChoker(t *testing.T, slots int) *Choker {
	t.Helper()
	t.Logf("seed %d", *seed)
	return New(slots, rand.New(rand.NewPCG(*seed, 0)))
}

// interested makes peers 1, 2, … that give at these rates and take as fast, all
// interested and choked.
func interested(rates ...int64) []*Peer {
	peers := make([]*Peer, len(rates))
	for i, rate := range rates {
		peers[i] = &Peer{ID: uint64(i + 1), Interested: true, Gives: rate, Takes: rate, Has: 1, Since: start}
	}
	return peers
}

func unchoked(peers []*Peer) []uint64 {
	var ids []uint64
	for _, p := range peers {
		if p.Unchoked {
			ids = append(ids, p.ID)
		}
	}
	return ids
}

func expect(t *testing.T, peers []*Peer, want ...uint64) {
	t.Helper()
	if got := unchoked(peers); !reflect.DeepEqual(got, want) {
		t.Errorf("unchoked %v, want %v", got, want)
	}
}

// expectWith: so many are unchoked, and these among them.
func expectWith(t *testing.T, peers []*Peer, n int, want ...uint64) {
	t.Helper()
	got := unchoked(peers)
	if len(got) != n {
		t.Errorf("unchoked %v, want %d", got, n)
	}
	for _, id := range want {
		if !peers[id-1].Unchoked {
			t.Errorf("unchoked %v, want %d among them", got, id)
		}
	}
}

func TestFirstInterestedIsUnchokedAtOnce(t *testing.T) {
	c, peers := newChoker(t, 3), interested(0, 0)
	peers[1].Interested = false
	c.Fill(start, peers, leeching)
	expect(t, peers, 1)
	peers[1].Interested = true
	c.Fill(start, peers, leeching)
	expect(t, peers, 1, 2)
}

func TestNobodyIsUnchokedBeyondTheSlots(t *testing.T) {
	c, peers := newChoker(t, 2), interested(0, 0, 0)
	c.Fill(start, peers, leeching)
	expectWith(t, peers, 2)
	// When one of them loses interest, its slot goes to who waits
	lost := unchoked(peers)[0]
	peers[lost-1].Interested = false
	c.Fill(at(time.Second), peers, leeching)
	expectWith(t, peers, 2)
	if peers[lost-1].Unchoked {
		t.Errorf("%d has kept its slot without being interested", lost)
	}
}

func TestASlotThatTheCallerTookIsFree(t *testing.T) {
	c, peers := newChoker(t, 2), interested(0, 0)
	c.Fill(start, peers, leeching)
	// Given that all were choked, as by a pause
	peers[0].Unchoked, peers[1].Unchoked = false, false
	// Then all are unchoked when it is over
	c.Fill(at(time.Second), peers, leeching)
	expect(t, peers, 1, 2)
}

func TestWhoGivesMostKeepsItsSlot(t *testing.T) {
	c, peers := newChoker(t, 3), interested(10, 50, 20, 40)
	c.Rechoke(start, peers, leeching)
	expectWith(t, peers, 3, 2, 4) // the third by turn
	peers[0].Gives = 60
	c.Rechoke(at(Round), peers, leeching)
	expectWith(t, peers, 3, 1, 2)
}

func TestWhoGivesAlmostAsMuchDoesNotReplaceWhoHasTheSlot(t *testing.T) {
	c, peers := newChoker(t, 3), interested(100, 90, 0, 80)
	c.Rechoke(start, peers, leeching)
	peers[3].Gives = 93
	for k := range 4 {
		c.Rechoke(at(time.Duration(k)*Round), peers, leeching)
		expectWith(t, peers, 3, 1, 2)
	}
	peers[3].Gives = 120
	c.Rechoke(at(4*Round), peers, leeching)
	expectWith(t, peers, 3, 1, 4)
}

func TestSnubbedPeerKeepsNoSlotByRate(t *testing.T) {
	c, peers := newChoker(t, 4), interested(90, 80, 70, 60, 0, 0)
	c.Rechoke(start, peers, leeching)
	peers[0].Snubbed = true
	peers[5].Gives = 1
	c.Rechoke(at(Round), peers, leeching)
	expectWith(t, peers, 4, 2, 3, 4)
	// Then by turn only, as any other
	for k := 2; k < 60; k++ {
		c.Rechoke(at(time.Duration(k)*Round), peers, leeching)
		expectWith(t, peers, 4, 2, 3, 4)
	}
}

func TestAllSlotsGoByTurnWhenAllSnubUs(t *testing.T) {
	c, peers := newChoker(t, 3), interested(9, 8, 7, 0, 0, 0)
	c.Rechoke(start, peers, leeching)
	expectWith(t, peers, 3, 1, 2)
	for _, p := range peers {
		p.Snubbed = true
	}
	// Then those who have not had one get the slots
	c.Rechoke(at(Optimistic), peers, leeching)
	expectWith(t, peers, 3)
	if peers[0].Unchoked || peers[1].Unchoked {
		t.Errorf("unchoked %v: two of them have only what they gave before", unchoked(peers))
	}
}

func TestATurnLastsThreeRounds(t *testing.T) {
	c, peers := newChoker(t, 2), interested(100, 0, 0, 0)
	var turns []uint64
	for round := range 12 {
		c.Rechoke(at(time.Duration(round)*Round), peers, leeching)
		expectWith(t, peers, 2, 1)
		turns = append(turns, unchoked(peers[1:])...)
	}
	for k := 0; k < 12; k += 3 {
		if turns[k] != turns[k+1] || turns[k] != turns[k+2] {
			t.Errorf("turns of %v, want each three times", turns)
		}
		if k > 0 && turns[k] == turns[k-1] {
			t.Errorf("turns of %v, want another one after three rounds", turns)
		}
	}
}

func TestAFifthOfTheSlotsGoByTurn(t *testing.T) {
	c, peers := newChoker(t, 10), interested(20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7)
	had := 0 // times that the one who is ninth by rate had a slot
	for k := range 100 {
		c.Rechoke(at(time.Duration(k)*Optimistic), peers, leeching)
		expectWith(t, peers, 10, 1, 2, 3, 4, 5, 6, 7, 8)
		if peers[8].Unchoked {
			had++
		}
	}
	if had > 60 {
		t.Errorf("9 had a slot %d times of 100, want it to go by turn", had)
	}
}

func TestANewcomerIsDrawnThreeTimesAsOften(t *testing.T) {
	c, drawn := newChoker(t, 2), make(map[uint64]int)
	for range 6000 {
		peers := interested(100, 0, 0, 0)
		peers[1].moved, peers[2].moved = start, start // they have had a turn
		c.Rechoke(at(time.Hour), peers, leeching)
		drawn[unchoked(peers[1:])[0]]++
	}
	if n := drawn[4]; n < 3300 || n > 3900 {
		t.Errorf("the newcomer was drawn %d times of 6000, want three fifths: %v", n, drawn)
	}
}

func TestTheLotPrefersWhoHasMuchAndWhoEverGave(t *testing.T) {
	// Given three that have had turns: one that has all we lack, one that has half
	// of it, and one that has all too but gave nothing for three turns
	c, drawn := newChoker(t, 2), make(map[uint64]int)
	for range 6000 {
		peers := interested(100, 0, 0, 0)
		for _, p := range peers[1:] {
			p.moved = start
		}
		peers[2].Has, peers[3].vain = 0.5, 3
		c.Rechoke(at(time.Hour), peers, leeching)
		drawn[unchoked(peers[1:])[0]]++
	}
	// Then the first is drawn four times as often as each of the others
	if drawn[2] < 3700 || drawn[2] > 4300 || drawn[3] < 800 || drawn[4] < 800 {
		t.Errorf("drawn %v times, want 4000, 1000 and 1000", drawn)
	}
}

func TestWhoHasGivenLittleIsDrawnRatherThanWhoHasGivenNothing(t *testing.T) {
	// Given one on a slow uplink that has given a little once, and one that has all
	// we lack and never gave
	c, drawn := newChoker(t, 2), make(map[uint64]int)
	for range 6000 {
		peers := interested(100, 1, 0)
		c.Rechoke(start, peers, leeching)
		for _, p := range peers[1:] {
			p.Gives, p.moved, p.place, p.Unchoked = 0, start, none, false
		}
		peers[1].Has = 0.1
		c.Rechoke(at(time.Hour), peers, leeching)
		drawn[unchoked(peers[1:])[0]]++
	}
	// Then the first has two thirds of the turns
	if n := drawn[2]; n < 3700 || n > 4300 {
		t.Errorf("drawn %v times, want 4000 and 2000", drawn)
	}
}

func TestTheFirstRoundsAreShort(t *testing.T) {
	// Given that of ten the five that came first have the slots
	c, peers := newChoker(t, 0), interested(0, 0, 0, 0, 0, 1, 2, 3, 4, 5)
	c.Fill(start, peers[:5], leeching)
	c.Fill(start, peers, leeching)
	expect(t, peers, 1, 2, 3, 4, 5)
	// When a second is over, then four go to who gives most
	c.Rechoke(start.Add(c.Round()), peers, leeching)
	expectWith(t, peers, 5, 7, 8, 9, 10)
	// Then, after seven more of these, a round is what others have
	now := start
	for c.Round() != Round {
		now = now.Add(c.Round())
		c.Rechoke(now, peers, leeching)
	}
	if now != at(7*time.Second) {
		t.Errorf("the first rounds are over after %v more", now.Sub(start))
	}
}

func TestATurnInVainIsRememberedUntilThePeerGives(t *testing.T) {
	c, peers := newChoker(t, 2), interested(100, 0)
	for k := range 10 {
		c.Rechoke(at(time.Duration(k)*Round), peers, leeching)
	}
	if peers[1].vain == 0 {
		t.Error("a peer that gave nothing for three rounds is as good as any")
	}
	peers[1].Gives = 1
	c.Rechoke(at(11*Round), peers, leeching)
	if peers[1].vain != 0 {
		t.Error("what it gives does not count")
	}
}

func TestAllFitWhenThereAreSlots(t *testing.T) {
	for _, mode := range []bool{leeching, seeding} {
		c, peers := newChoker(t, 10), interested(0, 1, 2)
		for k := range 20 {
			c.Rechoke(at(time.Duration(k)*Round), peers, mode)
			expect(t, peers, 1, 2, 3)
		}
	}
}

func TestUninterestedAreChoked(t *testing.T) {
	c, peers := newChoker(t, 2), interested(5, 5)
	c.Rechoke(start, peers, leeching)
	peers[0].Interested = false
	c.Rechoke(at(Round), peers, leeching)
	expect(t, peers, 2)
}

func TestEqualRatesChangeNothing(t *testing.T) {
	c, peers := newChoker(t, 5), interested(7, 7, 7, 7, 7, 7, 7)
	c.Rechoke(start, peers, leeching)
	first := unchoked(peers)
	for k := 1; k < 3; k++ {
		c.Rechoke(at(time.Duration(k)*Round), peers, leeching)
		expect(t, peers, first...)
	}
}

func TestASlotThatFallsFreeIsNotForWhoNeverGave(t *testing.T) {
	// Given a full uplink, five that give, one that did, and free riders
	c, peers := newChoker(t, 0), interested(60, 50, 40, 30, 20, 10, 0, 0, 0)
	c.Rechoke(start, peers, leeching)
	peers[5].Gives = 0
	c.Measured(300<<10, true)
	c.Rechoke(at(Round), peers, leeching)
	riders := func() (n int) {
		for _, p := range peers[6:] {
			if p.Unchoked {
				n++
			}
		}
		return n
	}
	before := riders()
	// When two that give lose interest for a moment
	peers[0].Interested, peers[1].Interested = false, false
	c.Fill(at(Round+time.Second), peers, leeching)
	// Then no free rider has their slots; one that gave may
	if riders() > before {
		t.Errorf("%d free riders have a slot, %d before", riders(), before)
	}
	// but while the uplink is not full anyone may
	c.Measured(10<<10, false)
	c.Fill(at(Round+2*time.Second), peers, leeching)
	if riders() <= before {
		t.Error("slots stay free though the uplink is")
	}
}
