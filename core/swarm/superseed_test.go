package swarm

import (
	"fmt"
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/wire"
)

// crowd is a seed and leechers that know it and each other.
func (n *network) crowd(tor torrent, leechers int) (*host, []*host) {
	seed := n.seedOf("seed", tor)
	var all []*host
	for i := range leechers {
		h := n.leech(fmt.Sprint("leech", i), tor)
		h.handle(Learn{tor.info})
		for _, other := range all {
			n.connect(h, other)
		}
		n.connect(seed, h)
		all = append(all, h)
	}
	return seed, all
}

// spread reports whether every piece is at some of them.
func spread(hosts []*host) bool {
	for i := range hosts[0].info.Layout.Pieces() {
		found := false
		for _, h := range hosts {
			found = found || h.Pieces() != nil && h.Pieces().Has(i)
		}
		if !found {
			return false
		}
	}
	return true
}

func TestFirstCopyLeavesALoneSeedNearlyOnce(t *testing.T) {
	n := newNetwork(t)
	n.bandwidth = 1 << 20
	tor := newTorrent(256*kib, 32<<20)
	seed, leechers := n.crowd(tor, 12)
	begin := n.now
	n.run(5*time.Minute, func() bool { return spread(leechers) })
	copies := float64(seed.Stats().Uploaded) / float64(len(tor.data))
	t.Logf("the first copy was out after %v, and %.3f copies were sent", n.now.Sub(begin), copies)
	n.run(5*time.Minute, allDone(leechers...))
	bound := time.Duration(float64(time.Second) * float64(12*len(tor.data)) / float64(13*n.bandwidth))
	bound = max(bound, time.Duration(len(tor.data))*time.Second/time.Duration(n.bandwidth))
	ratio := float64(n.now.Sub(begin)) / float64(bound)
	t.Logf("all have it after %v, %.2f x the bound", n.now.Sub(begin), ratio)
	if copies > 1.15 || ratio > 1.25 {
		t.Errorf("%.3f copies for the first one; %.2f x the bound", copies, ratio)
	}
	for _, h := range leechers {
		n.holds(h, tor)
	}
}

func TestLoneLeecherIsNotSlowed(t *testing.T) {
	n := newNetwork(t)
	n.latency, n.bandwidth = 50*time.Millisecond, 20<<20
	tor := newTorrent(1<<20, 50<<20)
	seed := n.seedOf("a", tor)
	// Given a peer that wants nothing, so that the next one is not told of all
	idle := n.puppet(seed, hand(tor, "idle"))
	idle.send(wire.HaveNone{})
	n.pass(time.Second)
	b := n.leech("b", tor)
	b.handle(Learn{tor.info})
	begin := n.now
	n.connect(seed, b)
	n.pass(time.Second)
	if !seed.super.on {
		t.Error("it does not super-seed")
	}
	n.run(time.Minute, allDone(b))
	if took := n.now.Sub(begin); took > 3500*time.Millisecond {
		t.Errorf("50 MiB over 20 MiB/s took %v", took)
	}
}

// stock is a leecher as WebTorrent is: at first it asks for one block of the
// last piece that the peer has, then for what it has from the front.
func (n *network) stock(h *host, tor torrent, name string, wanted func(uint32) bool) *puppet {
	p := n.puppet(h, hand(tor, name))
	has, asked := make(map[uint32]bool), make(map[uint32]bool)
	fetched, waiting, unchoked := 0, 0, false
	pieces := uint32(tor.info.Layout.Pieces())
	next := func() {
		for at := range pieces {
			i := at
			if fetched == 0 {
				i = pieces - 1 - at
			}
			if unchoked && waiting == 0 && has[i] && !asked[i] && wanted(i) {
				asked[i], waiting = true, waiting+1
				p.send(wire.Request{Piece: i, Length: 16 * kib}) // pieces are of one block here
			}
		}
	}
	p.on = func(m wire.Message) {
		switch m := m.(type) {
		case wire.HaveAll:
			for i := range pieces {
				has[i] = true
			}
			p.send(wire.Interested{})
		case wire.Have:
			if has[m.Piece] = true; wanted(m.Piece) {
				p.send(wire.Interested{})
			}
		case wire.Unchoke:
			unchoked = true
		case wire.Piece:
			fetched, waiting = fetched+1, waiting-1
			p.send(wire.Have{Piece: m.Piece})
		}
		next()
	}
	p.send(wire.HaveNone{})
	return p
}

// lone is a seed with one peer that wants nothing, so that it super-seeds to
// whoever comes next.
func (n *network) lone(tor torrent) *host {
	a := n.seedOf("a", tor)
	n.puppet(a, hand(tor, "idle")).send(wire.HaveNone{})
	n.pass(100 * time.Millisecond)
	return a
}

func TestStockPeerThatSeesFewPiecesIsNotStuck(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(16*kib, 4<<20)
	a := n.lone(tor)
	p := n.stock(a, tor, "stock", func(uint32) bool { return true })
	n.pass(200 * time.Millisecond)
	if count[wire.HaveNone](p) != 1 || count[wire.Have](p) == 0 || count[wire.Have](p) > 100 {
		t.Errorf("told of %d pieces at first", count[wire.Have](p))
	}
	n.run(20*time.Second, func() bool { return count[wire.Piece](p) == 256 })
}

func TestPeerThatWantsTheLastFileOnlyIsShownIt(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(16*kib, 8<<20)
	a := n.lone(tor)
	p := n.stock(a, tor, "stock", func(i uint32) bool { return i >= 500 })
	n.run(30*time.Second, func() bool { return count[wire.Piece](p) == 12 })
	if !a.super.on {
		t.Error("super-seeding ended")
	}
}

func TestSuperSeedTellsDifferentPiecesAndTakesBackWhatItSaid(t *testing.T) {
	tor := newTorrent(16*kib, 8<<20)
	n, a, first := visit(t, tor, (*network).seedOf)
	hello := greeting(wire.ExtendedHandshake{M: map[string]uint8{wire.NameDontHave: 2}})
	first.send(hello, wire.HaveNone{}, wire.Interested{})
	n.pass(100 * time.Millisecond)
	if count[wire.HaveAll](first) != 1 {
		t.Fatal("one peer alone was not told of everything")
	}
	others := []*puppet{n.puppet(a, hand(tor, "b")), n.puppet(a, hand(tor, "c"))}
	seen := make(map[uint32]bool)
	for _, p := range others {
		p.send(wire.HaveNone{}, wire.Interested{})
		n.pass(time.Second)
		for _, m := range all[wire.Have](p) {
			if seen[m.Piece] {
				t.Errorf("piece %d was shown twice", m.Piece)
			}
			seen[m.Piece] = true
		}
	}
	lacks := 0
	for _, m := range all[wire.Extended](first) {
		if m.ID == 2 {
			lacks++
		}
	}
	if lacks != 512 || len(seen) < 32 {
		t.Errorf("%d pieces were taken back from the first peer, %d shown to others", lacks, len(seen))
	}
}

func TestSuperSeedingEnds(t *testing.T) {
	tor := newTorrent(16*kib, 16<<20) // 1024 pieces
	for _, c := range []struct {
		name string
		end  func(n *network, a *host)
		wait time.Duration
	}{
		{"another seed comes", func(n *network, a *host) {
			n.puppet(a, hand(tor, "seed")).send(wire.HaveAll{})
		}, time.Second},
		{"every piece was seen", func(n *network, a *host) {
			p, q := n.puppet(a, hand(tor, "half")), n.puppet(a, hand(tor, "rest"))
			p.send(wire.HaveNone{})
			q.send(wire.HaveNone{})
			for i := range uint32(1023) {
				p.send(wire.Have{Piece: i})
			}
			q.send(wire.Have{Piece: 1023})
		}, time.Second},
		{"nothing new spreads", func(*network, *host) {}, superPatience + 2*superTick},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := newNetwork(t)
			a := n.lone(tor)
			p := n.puppet(a, hand(tor, "p"))
			p.send(wire.HaveNone{}, wire.Interested{})
			n.pass(time.Second)
			if !a.super.on {
				t.Fatal("it does not super-seed")
			}
			c.end(n, a)
			n.pass(c.wait)
			if a.super.on {
				t.Fatal("it super-seeds for ever")
			}
			if told := count[wire.Have](p); told == 1024 && c.wait == time.Second {
				t.Error("all were told at once")
			}
			n.pass(10 * time.Second)
			told := make(map[uint32]int)
			for _, m := range all[wire.Have](p) {
				told[m.Piece]++
			}
			if len(told) != 1024 || count[wire.Have](p) != 1024 {
				t.Errorf("told of %d pieces in %d messages", len(told), count[wire.Have](p))
			}
			late := n.puppet(a, hand(tor, "late"))
			n.pass(time.Second)
			if count[wire.HaveAll](late) != 1 {
				t.Error("who comes later is not told of everything at once")
			}
		})
	}
}
