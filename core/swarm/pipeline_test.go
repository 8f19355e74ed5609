package swarm

import (
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/wire"
)

func TestWhoComesLateDoesNotTakeTheQueueForTheWay(t *testing.T) {
	// Given two who ask the same peer, one quick to answer by itself: the way there
	// and back takes 30 ms, but others keep a second of queue at it
	now := time.Unix(1e9, 0)
	early := download{depth: 4, trip: 30 * time.Millisecond}
	late := download{depth: 16, trip: 40 * time.Millisecond}
	for range 200 {
		asked := now
		now = now.Add(100 * time.Millisecond)
		early.learn(asked, asked.Add(time.Second))
		late.learn(asked, asked.Add(time.Second))
	}
	// Then neither asks for more than the least, although the late one has never
	// seen a shorter answer
	if early.depth != minDepth || late.depth != minDepth {
		t.Errorf("the early one has %d requests outstanding, the late one %d", early.depth, late.depth)
	}
}

func TestTheWayIsWhatTheAnswerToOurHandshakeTakes(t *testing.T) {
	tor := newTorrent(64*kib, 1<<20)
	n, a, p := visit(t, tor, (*network).seedOf)
	n.pass(300 * time.Millisecond)
	hello := greeting(wire.ExtendedHandshake{Client: "p"})
	p.send(hello)
	n.pass(time.Second)
	if trip := a.peers[p.peer].down.trip; trip < 300*time.Millisecond || trip > 400*time.Millisecond {
		t.Errorf("the way there and back took %v, the peer answered after 300 ms", trip)
	}
}

func TestASlowPeerHasLittleInItsChannel(t *testing.T) {
	// Given a peer that takes 100 KiB a second and asks for much
	n := newNetwork(t)
	n.bandwidth = 100 * kib
	tor := newTorrent(64*kib, 16<<20)
	a, p := served(n, tor)
	for i := range uint32(200) {
		p.send(wire.Request{Piece: i, Length: 16 * kib})
	}
	// When its rate is known
	n.pass(5 * time.Second)
	// Then what it waits for stands in our queue, where it can be cancelled, and a
	// request of ours does not wait long behind it
	peer := a.peers[p.peer]
	if unsent := peer.sent - peer.drained; unsent > 100*kib/2+metainfo.BlockSize+13 {
		t.Errorf("%d bytes wait in the channel of a peer that takes %d a second", unsent, 100*kib)
	}
	before := count[wire.Piece](p)
	n.pass(10 * time.Second)
	if sent := count[wire.Piece](p) - before; sent < 55 {
		t.Errorf("%d blocks left in ten seconds, and the link carries 62", sent)
	}
}
