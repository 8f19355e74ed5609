package swarm

import (
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/choke"
	"github.com/shoal-p2p/shoal/core/wire"
)

func TestUplinkMeasure(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name string
		idle time.Duration // in each second
		full bool
	}{{"always something waits", 0, true}, {"idle for a moment", 50 * time.Millisecond, true}, {"half idle", 500 * time.Millisecond, false}} {
		var u uplink
		u.measure(start)
		now := start
		for range 10 {
			u.add(now, 1000)
			now = now.Add(time.Second - c.idle)
			if c.idle == 0 {
				u.add(now, 1) // the next is there before the last has left
				u.left, u.waiting = u.left+1000, u.waiting-1000
				continue
			}
			u.left += u.waiting
			u.gone(now, u.waiting)
			now = now.Add(c.idle)
		}
		rate, isFull := u.measure(now)
		if isFull != c.full || rate < 950 || rate > 1050 {
			t.Errorf("%s: %d bytes per second, full %v", c.name, rate, isFull)
		}
	}
}

func TestSlotsGrowWhileTheUplinkIsNotFull(t *testing.T) {
	n := newNetwork(t)
	n.bandwidth = 4 << 20
	tor := newTorrent(64*kib, 64<<20)
	a := n.seedOf("a", tor)
	a.super.ready = false
	// Given 20 peers that take 16 KiB/s each
	for range 20 {
		p := n.puppet(a, hand(tor, "p"))
		next := uint32(0)
		ask := func() {
			p.send(wire.Request{Piece: next, Length: 16 * kib})
			next++
		}
		p.on = func(m wire.Message) {
			switch m.(type) {
			case wire.Unchoke:
				ask()
			case wire.Piece:
				n.after(time.Second, ask)
			}
		}
		p.send(wire.HaveNone{}, wire.Interested{})
	}
	n.pass(time.Second)
	slots := a.turns.choker.Slots()
	n.pass(10 * choke.Round)
	if now := a.turns.choker.Slots(); now <= slots {
		t.Errorf("%d slots, %d at first, although the uplink idles", now, slots)
	}
}
