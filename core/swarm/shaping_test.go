package swarm

import (
	"fmt"
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/limit"
	"github.com/shoal-p2p/shoal/core/wire"
)

// within reports whether bytes over ten seconds are what a rate allows, give or
// take five percent.
func within(bytes, rate int64) bool {
	return bytes >= 10*rate*95/100 && bytes <= 10*rate*105/100
}

func TestLimitsHoldOverTenSeconds(t *testing.T) {
	const client = 1 << 20
	for _, c := range []struct {
		name     string
		torrents int
		up       bool
	}{
		{"upload of one torrent", 1, true},
		{"upload of ten torrents", 10, true},
		{"download of one torrent", 1, false},
		{"download of ten torrents", 10, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := newNetwork(t)
			tor := newTorrent(64*kib, 32<<20)
			var all limit.Limit
			all.Set(n.now, client)
			var shaped []*host
			for i := range c.torrents {
				seed, leech := n.seedOf(fmt.Sprint("seed", i), tor), n.leech(fmt.Sprint("leech", i), tor)
				if c.up {
					seed.cfg.Up = all.Under()
					shaped = append(shaped, seed)
				} else {
					leech.cfg.Down = all.Under()
					shaped = append(shaped, leech)
				}
				n.connect(seed, leech)
			}
			moved := func(h *host) int64 { down, up := h.Transferred(); return down + up }
			n.pass(2 * time.Second)
			before := make([]int64, len(shaped))
			for i, h := range shaped {
				before[i] = moved(h)
			}
			n.pass(10 * time.Second)
			var sum int64
			for i, h := range shaped {
				got := moved(h) - before[i]
				sum += got
				if share := int64(10 * client / c.torrents); got < share*8/10 {
					t.Errorf("torrent %d moved %d bytes, its share is %d", i, got, share)
				}
			}
			if !within(sum, client) {
				t.Errorf("%d bytes in ten seconds, want %d", sum, 10*client)
			}
		})
	}
}

func TestLimitIsSharedAlikeByAllPeers(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(64*kib, 32<<20)
	a := n.seedOf("a", tor)
	a.cfg.Up = new(limit.Limit)
	a.cfg.Up.Set(n.now, 500<<10)
	// Given one peer that asks for all at once, and three that ask one by one
	greedy := n.puppet(a, hand(tor, "greedy"))
	greedy.send(wire.HaveNone{}, wire.Interested{})
	var modest []*puppet
	for i := range 3 {
		p := n.puppet(a, hand(tor, fmt.Sprint("modest", i)))
		next := uint32(0)
		ask := func() {
			p.send(wire.Request{Piece: next / 4, Begin: next % 4 * 16 * kib, Length: 16 * kib})
			next++
		}
		p.on = func(m wire.Message) {
			switch m.(type) {
			case wire.Unchoke:
				ask()
				ask()
			case wire.Piece:
				ask()
			}
		}
		p.send(wire.HaveNone{}, wire.Interested{})
		modest = append(modest, p)
	}
	n.pass(100 * time.Millisecond)
	for i := range uint32(500) {
		greedy.send(wire.Request{Piece: i / 4, Begin: i % 4 * 16 * kib, Length: 16 * kib})
	}
	n.pass(8 * time.Second)
	for i, p := range modest {
		if got := count[wire.Piece](p); got < 50 {
			t.Errorf("peer %d got %d blocks, the greedy one %d", i, got, count[wire.Piece](greedy))
		}
	}
}

func TestWhoWakesUsDoesNotTakeTheOthersTurn(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(64*kib, 32<<20)
	a := n.seedOf("a", tor)
	a.cfg.Up = new(limit.Limit)
	a.cfg.Up.Set(n.now, 320<<10)
	// Given two peers that wait for much, and a page in the background, where no timer comes
	loud, quiet := n.puppet(a, hand(tor, "loud")), n.puppet(a, hand(tor, "quiet"))
	for _, p := range []*puppet{loud, quiet} {
		p.send(wire.HaveNone{}, wire.Interested{})
	}
	n.pass(100 * time.Millisecond)
	a.tick = n.now
	for i := range uint32(300) {
		loud.send(wire.Request{Piece: i, Length: 16 * kib})
		quiet.send(wire.Request{Piece: i, Length: 16 * kib})
	}
	// When one of them wakes us again and again
	for range 250 {
		loud.send(wire.KeepAlive{})
		n.pass(20 * time.Millisecond)
	}
	got, other := count[wire.Piece](loud), count[wire.Piece](quiet)
	if got+other < 90 || other < got*8/10 {
		t.Errorf("%d blocks for the one who woke us, %d for the other", got, other)
	}
}

func TestLimitThatChangesHoldsWithinASecond(t *testing.T) {
	for _, up := range []bool{true, false} {
		n := newNetwork(t)
		tor := newTorrent(64*kib, 64<<20)
		a, b := n.seedOf("a", tor), n.leech("b", tor)
		var l limit.Limit
		if l.Set(n.now, 16<<10); up {
			a.cfg.Up = &l
		} else {
			b.cfg.Down = &l
		}
		n.connect(a, b)
		n.pass(10 * time.Second)
		for _, rate := range []int64{2 << 20, 300 << 10} {
			l.Set(n.now, rate)
			n.pass(time.Second)
			before := b.Stats().Downloaded
			n.pass(10 * time.Second)
			if got := b.Stats().Downloaded - before; !within(got, rate) {
				t.Errorf("up %v: %d bytes in ten seconds, want %d", up, got, 10*rate)
			}
		}
		l.Set(n.now, 0)
		n.run(10*time.Second, allDone(b))
	}
}

func TestLimitDoesNotKeepUsBusy(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(64*kib, 8<<20)
	a, b := n.seedOf("a", tor), n.leech("b", tor)
	b.cfg.Down = new(limit.Limit)
	b.cfg.Down.Set(n.now, 32<<10)
	n.connect(a, b)
	n.pass(5 * time.Second)
	before := n.seq
	n.pass(10 * time.Second)
	// 20 blocks, each a request, an answer, a drain, a write and some ticks
	if events := n.seq - before; events > 400 {
		t.Errorf("%d events in ten seconds for 20 blocks", events)
	}
}

func TestRefusedRequestsDoNotEatTheLimit(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(64*kib, 8<<20)
	b := n.leech("b", tor)
	b.handle(Learn{tor.info})
	b.cfg.Down = new(limit.Limit)
	b.cfg.Down.Set(n.now, 64<<10)
	// Given a peer that chokes us again and again, and refuses what it was asked for
	p := n.puppet(b, hand(tor, "p"))
	k := 0
	p.on = func(m wire.Message) {
		if m, ok := m.(wire.Request); ok {
			if k++; k%2 == 0 {
				p.send(wire.Choke{}, wire.Reject(m), wire.Unchoke{})
			} else {
				p.send(tor.block(m))
			}
		}
	}
	p.send(wire.HaveAll{}, wire.Unchoke{})
	n.pass(30 * time.Second)
	if came := b.Stats().Downloaded; came < 20*64<<10 {
		t.Errorf("%d bytes came in 30 s at 64 KiB/s", came)
	}
}
