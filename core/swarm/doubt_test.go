package swarm

import (
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/wire"
)

// TestQuietPeersBlocksGoToAnother: the last requests of a peer are never
// overtaken, as nothing later is answered.
func TestQuietPeersBlocksGoToAnother(t *testing.T) {
	tor := newTorrent(64*kib, 8<<20)
	// Given a peer that answers for a second and then falls silent
	n, b, quiet := visit(t, tor, (*network).learner)
	begin, free := n.now, n.now
	var unanswered []wire.Request
	quiet.on = func(m wire.Message) {
		if m, ok := m.(wire.Request); ok {
			if free = later(free, n.now).Add(10 * time.Millisecond); free.Sub(begin) < time.Second {
				n.after(free.Sub(n.now), func() { quiet.send(tor.block(m)) })
			} else {
				unanswered = append(unanswered, m)
			}
		}
	}
	quiet.send(wire.HaveAll{}, wire.Unchoke{})
	n.pass(900 * time.Millisecond)
	// and a slow one that has plenty to do
	slow := n.puppet(b, hand(tor, "slow"))
	asked := make(map[wire.Request]bool)
	slow.on = func(m wire.Message) {
		if m, ok := m.(wire.Request); ok {
			asked[m] = true
			n.after(300*time.Millisecond, func() { slow.send(tor.block(m)) })
		}
	}
	slow.send(wire.HaveAll{}, wire.Unchoke{})
	n.pass(200 * time.Millisecond)
	if len(unanswered) == 0 {
		t.Fatal("nothing was asked of the quiet peer")
	}
	n.pass(overtaken + time.Second)
	q := b.peers[quiet.peer]
	if !q.down.doubted || len(q.down.requests) != 0 {
		t.Fatalf("after %v of silence it still has %d requests", overtaken, len(q.down.requests))
	}
	if q.down.snubbed {
		t.Error("it is snubbed already")
	}
	// When it sends one of them after all, the block counts and it is asked again
	before, asked2 := b.Stats().Wasted, count[wire.Request](quiet)
	for _, m := range unanswered {
		if !asked[m] {
			quiet.send(tor.block(m))
			break
		}
	}
	n.pass(100 * time.Millisecond)
	if q.down.doubted || b.Stats().Wasted != before || count[wire.Request](quiet) == asked2 {
		t.Errorf("doubted %v, %d bytes wasted, asked for %d more", q.down.doubted, b.Stats().Wasted-before, count[wire.Request](quiet)-asked2)
	}
	n.run(time.Minute, allDone(b))
	n.holds(b, tor)
}

func TestOnlyPeerIsNotDoubted(t *testing.T) {
	tor := newTorrent(64*kib, 1<<20)
	n, b, p := visit(t, tor, (*network).learner)
	begin, free := n.now, n.now
	p.on = func(m wire.Message) {
		if m, ok := m.(wire.Request); ok {
			free = later(free, n.now).Add(20 * time.Millisecond)
			at := free
			if at.Sub(begin) > 500*time.Millisecond {
				at = at.Add(overtaken + time.Second) // its uplink rests for a while
			}
			n.after(at.Sub(n.now), func() { p.send(tor.block(m)) })
		}
	}
	p.send(wire.HaveAll{}, wire.Unchoke{})
	n.run(time.Minute, allDone(b))
	if b.Stats().Wasted != 0 || b.Stats().Downloaded != int64(len(tor.data)) {
		t.Errorf("%d bytes came, %d wasted", b.Stats().Downloaded, b.Stats().Wasted)
	}
}

func TestReqqOfAPeerIsKept(t *testing.T) {
	tor := newTorrent(256*kib, 4<<20)
	n, _, p := visit(t, tor, (*network).learner)
	hello := greeting(wire.ExtendedHandshake{Reqq: 3})
	p.send(hello, wire.HaveAll{}, wire.Unchoke{})
	n.pass(time.Second)
	if asked := count[wire.Request](p); asked != 3 {
		t.Errorf("asked for %d blocks of a peer that queues 3", asked)
	}
}
