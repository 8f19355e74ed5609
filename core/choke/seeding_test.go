package choke

import (
	"testing"
	"time"
)

// serve seeds to peers who take at these rates while they are unchoked, and
// returns how many rounds each of them was. Nothing is known of them at first.
func serve(t *testing.T, slots, rounds int, rates ...int64) []int {
	t.Helper()
	c, peers := newChoker(t, slots), interested(make([]int64, len(rates))...)
	had := make([]int, len(rates))
	for k := range rounds {
		c.Rechoke(at(time.Duration(k)*Round), peers, seeding)
		for i, p := range peers {
			p.Takes = 0
			if p.Unchoked {
				p.Takes = rates[i]
				had[i]++
			}
		}
	}
	return had
}

func TestSeedServesTheFastestMore(t *testing.T) {
	had := serve(t, 4, 600, 1000, 1000, 10, 10, 10, 10, 10, 10)
	for _, rounds := range had[2:] {
		if had[0] < rounds*13/10 || had[1] < rounds*13/10 {
			t.Errorf("rounds %v, want the first two to have had far more", had)
		}
	}
}

func TestOneFastPeerDoesNotStarveTen(t *testing.T) {
	had := serve(t, 4, 600, 1000, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10)
	if had[0] > 420 {
		t.Errorf("the fast one had %d rounds of 600, want two thirds of one slot", had[0])
	}
	for _, rounds := range had[1:] {
		if rounds < 600*4*6/10/11 {
			t.Errorf("rounds %v, want none below six tenths of an equal share", had)
		}
	}
}

func TestFastPeersDoNotStarveSlowOnes(t *testing.T) {
	had := serve(t, 4, 900, 1000, 1000, 1000, 1000, 1000, 1000, 10, 10, 10, 10)
	for _, rounds := range had[6:] {
		// One slot of four is theirs and the unlucky ones' of the fast
		if rounds < 900/10 {
			t.Errorf("rounds %v, want each to have its turns", had)
		}
	}
}

func TestASeedsSlotIsHeldLongEnough(t *testing.T) {
	c, peers := newChoker(t, 4), interested(make([]int64, 12)...)
	var since [12]time.Time
	for k := range 500 {
		now := at(time.Duration(k) * Round)
		c.Rechoke(now, peers, seeding)
		for i, p := range peers {
			p.Takes = int64((k*7 + i*13) % 100) // as it comes
			switch {
			case p.Unchoked && since[i].IsZero():
				since[i] = now
			case !p.Unchoked && !since[i].IsZero():
				if held := now.Sub(since[i]); held < Optimistic {
					t.Fatalf("%d lost its slot after %v", p.ID, held)
				}
				since[i] = time.Time{}
			}
		}
	}
}

func TestSeedGivesTurnsToWhoHasWaitedTheLongest(t *testing.T) {
	c, peers := newChoker(t, 2), interested(0, 0, 0, 0)
	for i, p := range peers {
		p.Since = at(-time.Duration(i) * time.Minute)
	}
	c.Fill(start, peers, seeding)
	expect(t, peers, 3, 4)
	c.Rechoke(at(Optimistic), peers, seeding)
	expect(t, peers, 1, 2)
	// Who connects anew has not waited
	peers = append(peers, &Peer{ID: 5, Interested: true, Since: at(2*Optimistic - time.Second)})
	c.Rechoke(at(2*Optimistic), peers, seeding)
	expect(t, peers, 3, 4)
}

func TestAThirdOfASeedsSlotsGoByTurn(t *testing.T) {
	c, peers := newChoker(t, 9), interested(make([]int64, 14)...)
	for i, p := range peers {
		p.speed, p.Since = int64(100-i), start.Add(-time.Duration(i)*time.Second)
	}
	c.Rechoke(at(time.Hour), peers, seeding)
	expect(t, peers, 1, 2, 3, 4, 5, 6, 12, 13, 14)
}

func TestWhatOneGaveDoesNotCountOnceWeSeed(t *testing.T) {
	c, peers := newChoker(t, 3), interested(0, 0, 0, 0)
	peers[0].Gives, peers[1].Snubbed = 1000, true
	for k := range 4 {
		c.Rechoke(at(time.Duration(k)*Round), peers, seeding)
	}
	// Given all but one measured, of which the snubbed one gets on fastest
	for i, p := range peers {
		p.moved, p.speed = start, []int64{10, 99, 98, 0}[i]
		p.Unchoked, p.place = false, none
	}
	c.Rechoke(at(time.Hour), peers, seeding)
	expectWith(t, peers, 3, 2, 3)
}
