package choke

import (
	"testing"
	"time"
)

// crowd is a choker of which more want slots than there are.
func crowd(t *testing.T) (*Choker, []*Peer) {
	c, peers := newChoker(t, 0), interested(make([]int64, 60)...)
	c.Rechoke(start, peers, seeding)
	return c, peers
}

// rounds measures the same for so many rounds.
func rounds(c *Choker, peers []*Peer, n int, uplink int64, full bool) {
	for k := range n {
		c.Measured(uplink, full)
		c.Rechoke(at(time.Duration(k)*Round), peers, seeding)
	}
}

func expectSlots(t *testing.T, c *Choker, want int) {
	t.Helper()
	if got := c.Slots(); got != want {
		t.Errorf("%d slots, want %d", got, want)
	}
}

func TestSlotsFollowTheUplink(t *testing.T) {
	for _, at := range []struct {
		uplink int64
		slots  int
	}{
		{0, 4}, {30 << 10, 4}, {200 << 10, 4}, {256 << 10, 6}, {500 << 10, 6}, {1 << 20, 7}, {4 << 20, 14}, {100 << 20, 30},
	} {
		c, peers := crowd(t)
		rounds(c, peers, 60, at.uplink, true)
		expectSlots(t, c, at.slots)
	}
}

func TestAFastUplinkHasItsSlotsAtOnce(t *testing.T) {
	c, peers := crowd(t)
	rounds(c, peers, 1, 4<<20, true)
	expectSlots(t, c, 14)
}

func TestSlotsGrowWhileTheUplinkIsNotFull(t *testing.T) {
	c, peers := crowd(t)
	rounds(c, peers, 1, 10<<10, false)
	if c.Slots() <= firstSlots {
		t.Errorf("%d slots, want more than %d", c.Slots(), firstSlots)
	}
	rounds(c, peers, 60, 10<<10, false)
	expectSlots(t, c, maxSlots)
	// and are what it deserves as soon as it is
	rounds(c, peers, 1, 10<<10, true)
	expectSlots(t, c, minSlots)
}

func TestSlotsDoNotGrowWhenNobodyWaits(t *testing.T) {
	c, peers := newChoker(t, 0), interested(0, 0, 0)
	c.Rechoke(start, peers, leeching)
	rounds(c, peers, 60, 0, false)
	expectSlots(t, c, firstSlots)
	c.Fill(at(time.Hour), peers, leeching)
	c.Measured(0, false)
	expectSlots(t, c, firstSlots)
}

func TestAGivenNumberOfSlotsStays(t *testing.T) {
	c, peers := newChoker(t, 7), interested(make([]int64, 60)...)
	c.Rechoke(start, peers, seeding)
	rounds(c, peers, 60, 1<<30, false)
	expectSlots(t, c, 7)
	expectSlots(t, newChoker(t, 1), 2)
}
