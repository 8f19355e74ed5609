package swarm

import (
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/wire"
)

// answers plays a link of so many blocks per second with this round trip: each
// answer takes what is in front of it in the queue, or the round trip.
func (d *download) answers(seconds float64, rate float64, trip time.Duration) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	end := now.Add(time.Duration(seconds * float64(time.Second)))
	var sent []time.Time
	for now.Before(end) {
		for len(sent) < d.depth {
			sent = append(sent, now)
		}
		asked := sent[0]
		sent = sent[1:]
		now = now.Add(time.Duration(float64(time.Second) / rate))
		if least := asked.Add(trip); now.Before(least) {
			now = least
		}
		d.learn(asked, now)
	}
}

func TestDepthFollowsRateAndRoundTrip(t *testing.T) {
	for _, c := range []struct {
		name        string
		rate        float64 // blocks per second
		trip        time.Duration
		least, most int
	}{
		{"slow and near", 5, 5 * time.Millisecond, minDepth, 3},
		{"slow and far", 10, 200 * time.Millisecond, 2, 6},
		{"fast and near", 640, 5 * time.Millisecond, 80, 230},
		{"fast and far", 640, 200 * time.Millisecond, 200, 350},
		{"beyond the cap", 6400, 200 * time.Millisecond, maxDepth, maxDepth},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := download{depth: firstDepth}
			d.answers(20, c.rate, c.trip)
			if d.depth < c.least || d.depth > c.most {
				t.Errorf("depth %d, want %d to %d", d.depth, c.least, c.most)
			}
		})
	}
}

func TestOvertakenRequestIsAskedOfAnother(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(64*kib, 4<<20)
	b := n.leech("b", tor)
	b.handle(Learn{tor.info})
	// Given a peer that never answers for the block it was asked for first
	var first *wire.Request
	p := n.puppet(b, hand(tor, "p"))
	p.on = func(m wire.Message) {
		m1, ok := m.(wire.Request)
		if !ok {
			return
		}
		if first == nil {
			first = &m1
		}
		if m1 != *first {
			n.after(200*time.Millisecond, func() { p.send(tor.block(m1)) })
		}
	}
	p.send(wire.HaveAll{}, wire.Unchoke{})
	// When another comes who has that piece alone
	q := n.puppet(b, hand(tor, "q"))
	q.on = func(m wire.Message) {
		if m, ok := m.(wire.Request); ok {
			q.send(tor.block(m))
		}
	}
	n.run(time.Second, func() bool { return first != nil })
	q.send(wire.Have{Piece: first.Piece}, wire.Unchoke{})
	n.run(10*time.Second, allDone(b))
	n.holds(b, tor)
	if p := b.Peers()[0]; p.Snubbed {
		t.Error("the first peer is snubbed, although it sent all else")
	}
}

func TestBytesInFlightAreBounded(t *testing.T) {
	n := newNetwork(t)
	n.bandwidth = 1 << 40
	tor := newTorrent(4<<20, 128<<20)
	b := n.leech("b", tor)
	b.handle(Learn{tor.info})
	n.pass(10 * time.Millisecond)
	// Given a store that never answers a Write
	b.store.unwritten = maxInFlight - 10*metainfo.BlockSize
	p := n.puppet(b, hand(tor, "p"))
	p.send(wire.HaveAll{}, wire.Unchoke{})
	n.pass(time.Second)
	if asked := count[wire.Request](p); asked != 10 {
		t.Errorf("asked for %d blocks, want the 10 that there is room for", asked)
	}
	// When it answers, the next requests leave in that turn
	b.store.pieces[31] = &piece{writes: 1}
	b.store.unwritten = 40 * metainfo.BlockSize
	b.handle(Wrote{b.info.Layout.Block(31, 0), nil})
	n.pass(50 * time.Millisecond)
	if asked := count[wire.Request](p); asked <= 10 {
		t.Errorf("asked for %d blocks", asked)
	}
}
