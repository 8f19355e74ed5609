package swarm

import (
	"fmt"
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/choke"
	"github.com/shoal-p2p/shoal/core/wire"
)

func kind(m wire.Message) string { return fmt.Sprintf("%T", m) }

// served is a seed and a puppet that it has unchoked.
func served(n *network, tor torrent) (*host, *puppet) {
	a := n.seedOf("a", tor)
	p := n.puppet(a, hand(tor, "p"))
	p.send(wire.HaveNone{}, wire.Interested{})
	n.pass(100 * time.Millisecond)
	if count[wire.Unchoke](p) != 1 {
		n.t.Fatal("the first interested peer was not unchoked at once")
	}
	return a, p
}

func TestRequestsAreServedInOrder(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(64*kib, 256*kib)
	_, p := served(n, tor)
	asked := []wire.Request{{Piece: 3, Begin: 0, Length: 16 * kib}, {Piece: 0, Begin: 1, Length: 5}, {Piece: 1, Begin: 0, Length: 64 * kib}}
	for _, m := range asked {
		p.send(m)
	}
	n.pass(time.Second)
	got := all[wire.Piece](p)
	if len(got) != 3 {
		t.Fatalf("%d blocks came", len(got))
	}
	for i, m := range asked {
		want := tor.block(m)
		if got[i].Piece != m.Piece || got[i].Begin != m.Begin || string(got[i].Block) != string(want.Block) {
			t.Errorf("block %d answers another request", i)
		}
	}
}

func TestWhatCannotBeServedIsRejected(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(64*kib, 200*kib)
	a, p := served(n, tor)
	p.send(
		wire.Request{Piece: 4, Length: 1},
		wire.Request{Piece: 0, Begin: 60 * kib, Length: 16 * kib},
		wire.Request{Piece: 0, Length: 0},
	)
	n.pass(time.Second)
	if count[wire.Reject](p) != 3 || count[wire.Piece](p) != 0 || len(a.drops) != 0 {
		t.Errorf("%d rejects, %d blocks, drops %v", count[wire.Reject](p), count[wire.Piece](p), a.drops)
	}
}

func TestChokedPeerIsNotServed(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(64*kib, 200*kib)
	a := n.seedOf("a", tor)
	for _, fast := range []bool{true, false} {
		p := n.puppet(a, wire.Handshake{Fast: fast, InfoHash: tor.info.Hash, PeerID: peerID("p")})
		p.send(wire.Request{Length: 16 * kib})
		n.pass(time.Second)
		rejects := count[wire.Reject](p)
		if count[wire.Piece](p) != 0 || fast && rejects != 1 || !fast && rejects != 0 {
			t.Errorf("fast %v: %d blocks, %d rejects", fast, count[wire.Piece](p), rejects)
		}
	}
}

func TestQueueIsBounded(t *testing.T) {
	n := newNetwork(t)
	n.bandwidth = 100 * kib
	tor := newTorrent(64*kib, 16<<20)
	a, p := served(n, tor)
	for i := range uint32(maxQueue + 200) {
		p.send(wire.Request{Piece: i % 256, Begin: i / 256 * 16 * kib, Length: 16 * kib})
	}
	n.pass(100 * time.Millisecond)
	peer := a.peers[p.peer]
	if len(peer.up.queue) > maxQueue || count[wire.Reject](p) == 0 {
		t.Errorf("%d requests queued, %d rejected", len(peer.up.queue), count[wire.Reject](p))
	}
	if unsent := peer.sent - peer.drained; unsent > highWater+16*kib+13 {
		t.Errorf("%d bytes wait in the channel", unsent)
	}
}

func TestCancelTakesARequestBack(t *testing.T) {
	n := newNetwork(t)
	n.bandwidth = 100 * kib
	tor := newTorrent(64*kib, 16<<20)
	a, p := served(n, tor)
	for i := range uint32(200) { // more than the channel takes
		p.send(wire.Request{Piece: i, Length: 16 * kib})
	}
	n.pass(100 * time.Millisecond)
	waiting := len(a.peers[p.peer].up.queue)
	p.send(wire.Cancel{Piece: 199, Length: 16 * kib})
	n.pass(100 * time.Millisecond)
	if left := len(a.peers[p.peer].up.queue); left >= waiting || waiting == 0 {
		t.Errorf("%d requests wait, %d before the cancel", left, waiting)
	}
	n.pass(time.Minute)
	if count[wire.Piece](p) != 199 || count[wire.Reject](p) != 1 {
		t.Errorf("%d blocks and %d rejects, want 199 and 1", count[wire.Piece](p), count[wire.Reject](p))
	}
}

func TestPiecesAreReadOnceForAll(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(64*kib, 1<<20)
	reads := 0
	n.watch = func(_ *host, e Effect) {
		if _, ok := e.(Read); ok {
			reads++
		}
	}
	a := n.seedOf("a", tor)
	for range 3 {
		p := n.puppet(a, hand(tor, "p"))
		p.send(wire.HaveNone{}, wire.Interested{})
		n.pass(50 * time.Millisecond)
		for i := range uint32(64) {
			p.send(wire.Request{Piece: i / 4, Begin: i % 4 * 16 * kib, Length: 16 * kib})
		}
	}
	n.pass(5 * time.Second)
	if reads != 16 {
		t.Errorf("%d reads for 16 pieces", reads)
	}
}

func TestCacheIsBounded(t *testing.T) {
	c := newCache(100)
	for i := range 10 {
		c.put(metainfoIndex(i), make([]byte, 30))
		c.get(0)
	}
	if c.size != 90 || len(c.entries) != 3 || !c.has(0) || !c.has(9) || c.has(5) {
		t.Errorf("%d bytes, %d pieces", c.size, len(c.entries))
	}
	c.put(20, make([]byte, 1000))
	c.put(21, make([]byte, 1000))
	if len(c.entries) != 2 || !c.has(20) || !c.has(21) {
		t.Error("two pieces are kept however long they are")
	}
}

func TestElevenWantTenAreServedAndTurnsChange(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(64*kib, 1<<20)
	a := n.seedOf("a", tor)
	a.turns.choker = choke.New(10, a.rng)
	var puppets []*puppet
	for range 12 {
		p := n.puppet(a, hand(tor, "p"))
		p.send(wire.HaveNone{}, wire.Interested{})
		puppets = append(puppets, p)
	}
	n.pass(time.Second)
	unchoked := 0
	for _, p := range puppets {
		unchoked += count[wire.Unchoke](p)
	}
	if unchoked != 10 {
		t.Errorf("%d are unchoked, want 10", unchoked)
	}
	n.pass(200 * time.Second)
	for i, p := range puppets {
		if count[wire.Unchoke](p) == 0 {
			t.Errorf("peer %d never had a turn", i)
		}
	}
}

func TestPeerThatDoesNotReadIsDropped(t *testing.T) {
	n := newNetwork(t)
	n.bandwidth = 1
	tor := newTorrent(64*kib, 1<<20)
	a := n.seedOf("a", tor)
	p := n.puppet(a, hand(tor, "p"))
	var many []byte
	for range 500_000 {
		many = wire.Append(many, wire.Request{Piece: 1, Length: 1})
	}
	p.sendRaw(many)
	n.pass(time.Second)
	if a.drops[p.peer] == "" {
		t.Error("a peer that only asks is kept for ever")
	}
}

// countReads counts the bytes that a network's hosts read.
func countReads(n *network) *int64 {
	var bytes int64
	n.watch = func(_ *host, e Effect) {
		if e, ok := e.(Read); ok {
			bytes += int64(e.Piece.Length)
		}
	}
	return &bytes
}

func TestShortRequestsDoNotMakeUsReadOnAndOn(t *testing.T) {
	n := newNetwork(t)
	read := countReads(n)
	tor := newTorrent(4<<20, 64<<20) // twice what the cache holds
	_, p := served(n, tor)
	for i := range uint32(2000) { // one at a time: each is answered before the next
		p.send(wire.Request{Piece: i % 16, Begin: i, Length: 1})
		n.pass(30 * time.Millisecond)
	}
	if bound := int64(maxUnearned + 60*readRate + 8<<20); *read > bound {
		t.Errorf("%d bytes were read in a minute for %d requests of one byte, want at most %d", *read, 2000, bound)
	}
}

func TestWhatWasNotEarnedWaitsAndComes(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(4<<20, 64<<20)
	_, p := served(n, tor)
	for i := range uint32(32) {
		p.send(wire.Request{Piece: i % 16, Begin: i, Length: 1})
	}
	n.pass(2 * time.Minute)
	if got := count[wire.Piece](p); got != 32 {
		t.Errorf("%d of 32 requests were answered", got)
	}
}

func TestPeersThatShareTheirPiecesNeverWaitForReads(t *testing.T) {
	n := newNetwork(t)
	n.bandwidth = 1 << 30
	read := countReads(n)
	tor := newTorrent(4<<20, 64<<20)
	a := n.seedOf("a", tor)
	a.turns.choker = choke.New(10, a.rng)
	// Given ten peers that take one block of each piece, in an order of their own:
	// the rest they have of others, and our cache does not hold for long
	var puppets []*puppet
	for k := range uint32(10) {
		p := n.puppet(a, hand(tor, "p"))
		next := uint32(0)
		ask := func() {
			p.send(wire.Request{Piece: (k*5 + next*(2*k+1)) % 16, Begin: next * 16 * kib, Length: 16 * kib})
			next++
		}
		p.on = func(m wire.Message) {
			switch m.(type) {
			case wire.Unchoke:
				for range 16 {
					ask()
				}
			case wire.Piece:
				if next < 256 {
					ask()
				}
			}
		}
		p.send(wire.HaveNone{}, wire.Interested{})
		puppets = append(puppets, p)
	}
	n.pass(8 * time.Second) // before the turns change
	for k, p := range puppets {
		if got := count[wire.Piece](p); got != 256 {
			t.Errorf("peer %d got %d of 256 blocks", k, got)
		}
	}
	t.Logf("%d MiB read", *read>>20)
}
