package swarm

import (
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/wire"
)

// floods are of messages that cost next to nothing, each far beyond what any
// honest peer sends.
var floods = []struct {
	name string
	turn []wire.Message // one turn of it
}{
	{"keep-alives", []wire.Message{wire.KeepAlive{}}},
	{"the same interest", []wire.Message{wire.Interested{}}},
	{"interest that flaps", []wire.Message{wire.Interested{}, wire.NotInterested{}}},
	{"the same choke", []wire.Message{wire.Choke{}}},
	{"choke that flaps", []wire.Message{wire.Unchoke{}, wire.Choke{}}},
	{"the same piece", []wire.Message{wire.Have{Piece: 0}}},
	{"requests while choked", []wire.Message{wire.Request{Length: 16 * kib}}},
	{"cancels", []wire.Message{wire.Cancel{Length: 16 * kib}}},
	{"a piece that comes and goes", []wire.Message{wire.Have{Piece: 1}, wire.DontHave{Piece: 1}.Message(ourDontHave)}},
	{"messages of no extension", []wire.Message{wire.Extended{ID: 77}}},
	{"suggestions", []wire.Message{wire.Suggest{}}},
}

func TestFloodIsChargedAndDropped(t *testing.T) {
	for _, c := range floods {
		t.Run(c.name, func(t *testing.T) {
			n := newNetwork(t)
			tor := newTorrent(64*kib, 256*kib)
			b := n.learner("b", tor)
			b.paused = true
			p := n.puppet(b, hand(tor, "p"))
			for range 10 * talkBurst {
				p.send(c.turn...)
			}
			n.pass(time.Second)
			if b.drops[p.peer] == "" {
				t.Error("not dropped")
			}
			if len(b.banned) != 0 {
				t.Error("banned, although it has not lied about data")
			}
		})
	}
}

func TestWhatAnHonestPeerSaysIsNoFlood(t *testing.T) {
	tor := newTorrent(16*kib, 64<<20)
	n, a, p := visit(t, tor, (*network).seedOf)
	p.send(wire.HaveNone{})
	// Given one that resumes with 4,000 pieces, cancels a full queue in each
	// pause, and gets and loses interest with every piece
	for i := range uint32(4000) {
		p.send(wire.Have{Piece: i})
	}
	for range 20 {
		for i := range uint32(maxQueue) {
			p.send(wire.Cancel{Piece: i, Length: 16 * kib})
		}
		for range 200 {
			p.send(wire.Interested{}, wire.NotInterested{})
		}
		p.send(wire.KeepAlive{})
		n.pass(time.Second)
	}
	if a.drops[p.peer] != "" {
		t.Errorf("dropped: %s", a.drops[p.peer])
	}
}

func TestTalkIsForgivenWithTime(t *testing.T) {
	var k talk
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for range talkBurst {
		if !k.spend(now, 1) {
			t.Fatal("the burst is not granted")
		}
	}
	if k.spend(now, 1) {
		t.Fatal("more than the burst is granted")
	}
	for step := range 10 * talkRate { // in steps too small for a whole unit each
		now = now.Add(time.Second / talkRate / 2)
		if k.spend(now, 1) != (step%2 == 1) {
			t.Fatalf("step %d", step)
		}
	}
}

func TestPeerThatRejectsWhatItHasIsDroppedInTheEnd(t *testing.T) {
	tor := newTorrent(64*kib, 1<<20)
	n, b, p := visit(t, tor, (*network).learner)
	rejects := 0
	p.on = func(m wire.Message) {
		if m, ok := m.(wire.Request); ok {
			rejects++
			p.send(wire.Reject(m))
		}
	}
	p.send(wire.HaveAll{}, wire.Unchoke{})
	n.pass(10 * time.Second)
	if b.drops[p.peer] != "" {
		t.Fatalf("dropped after %d rejects: %s", rejects, b.drops[p.peer])
	}
	n.pass(time.Minute)
	if b.drops[p.peer] == "" || len(b.banned) != 0 {
		t.Errorf("after %d rejects dropped with %q, banned %v", rejects, b.drops[p.peer], b.banned)
	}
}

func TestPeerThatRejectsSomeIsKept(t *testing.T) {
	tor := newTorrent(64*kib, 8<<20)
	n, b, p := visit(t, tor, (*network).learner)
	p.on = func(m wire.Message) {
		if m, ok := m.(wire.Request); ok && n.rng.IntN(2) == 0 {
			p.send(wire.Reject(m))
		} else if ok {
			p.send(tor.block(m))
		}
	}
	p.send(wire.HaveAll{}, wire.Unchoke{})
	n.run(20*time.Minute, func() bool { return allDone(b)() || b.drops[p.peer] != "" })
	if b.drops[p.peer] != "" {
		t.Errorf("dropped: %s", b.drops[p.peer])
	}
}

func TestPeerThatRejectsForSecondsBetweenBlocksIsKept(t *testing.T) {
	tor := newTorrent(64*kib, 1<<20)
	n, b, p := visit(t, tor, (*network).learner)
	// Given a peer that sends a block every four seconds and rejects all else
	served := n.now
	p.on = func(m wire.Message) {
		if m, ok := m.(wire.Request); ok && n.now.Sub(served) < 4*time.Second {
			p.send(wire.Reject(m))
		} else if ok {
			served = n.now
			p.send(tor.block(m))
		}
	}
	p.send(wire.HaveAll{}, wire.Unchoke{})
	// Then all comes from it in the end
	n.run(20*time.Minute, func() bool { return allDone(b)() || b.drops[p.peer] != "" })
	if reason := b.drops[p.peer]; reason != "" {
		t.Errorf("dropped: %s", reason)
	}
	n.holds(b, tor)
}

func TestPeerThatChokesAsSoonAsItIsAskedIsDropped(t *testing.T) {
	tor := newTorrent(64*kib, 1<<20)
	n, b, p := visit(t, tor, (*network).learner)
	p.on = func(m wire.Message) {
		if m, ok := m.(wire.Request); ok {
			p.send(wire.Choke{}, wire.Reject(m))
			n.after(time.Second, func() { p.send(wire.Unchoke{}) })
		}
	}
	p.send(wire.HaveAll{}, wire.Unchoke{})
	n.pass(time.Minute)
	if b.drops[p.peer] == "" {
		t.Error("not dropped")
	}
}

func TestPeerThatSendsSomethingFirstMayChoke(t *testing.T) {
	tor := newTorrent(64*kib, 8<<20)
	n, b, p := visit(t, tor, (*network).learner)
	choking := false
	p.on = func(m wire.Message) {
		if m, ok := m.(wire.Request); ok && !choking {
			choking = true
			p.send(tor.block(m), wire.Choke{})
			n.after(time.Second, func() { choking = false; p.send(wire.Unchoke{}) })
		} else if ok {
			p.send(wire.Reject(m))
		}
	}
	p.send(wire.HaveAll{}, wire.Unchoke{})
	n.pass(time.Minute)
	if b.drops[p.peer] != "" {
		t.Errorf("dropped: %s", b.drops[p.peer])
	}
}

func TestBlockMakesUpForTurnsWithout(t *testing.T) {
	tor := newTorrent(64*kib, 8<<20)
	n, b, p := visit(t, tor, (*network).learner)
	var asked []wire.Request
	p.on = func(m wire.Message) {
		if m, ok := m.(wire.Request); ok {
			asked = append(asked, m)
		}
	}
	p.send(wire.HaveAll{})
	// Given a choker that ends two turns of three before it has sent a block
	for turn := range 18 {
		p.send(wire.Unchoke{})
		n.pass(time.Second)
		if turn%3 == 2 {
			p.send(tor.block(asked[0]))
			asked = asked[1:]
		}
		p.send(wire.Choke{})
		n.pass(5 * time.Second)
	}
	if b.drops[p.peer] != "" {
		t.Errorf("dropped: %s", b.drops[p.peer])
	}
}

func TestPeerThatChokesAfterAWhileIsKept(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(64*kib, 1<<20)
	b := n.learner("b", tor)
	// Given a peer so slow that its turns end before it has sent a block
	p := n.puppet(b, wire.Handshake{InfoHash: tor.info.Hash, PeerID: peerID("p")})
	p.send(wire.Bitfield{Bits: []byte{0xff, 0xff}})
	for range 200 {
		p.send(wire.Unchoke{})
		n.pass(5 * time.Second)
		p.send(wire.Choke{})
		n.pass(time.Second)
	}
	if b.drops[p.peer] != "" {
		t.Errorf("dropped: %s", b.drops[p.peer])
	}
}

func TestRequestsOfAnUnchokedPeerAreMetered(t *testing.T) {
	for _, c := range []struct {
		name    string
		request wire.Request
		each    time.Duration // between two
		dropped bool
	}{
		{"more than we queue", wire.Request{Length: 16 * kib}, 100 * time.Microsecond, true},
		{"single bytes", wire.Request{Length: 1}, 500 * time.Microsecond, true},
		{"whole blocks", wire.Request{Length: 16 * kib}, 2 * time.Millisecond, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			tor := newTorrent(64*kib, 64*kib)
			n, a, p := visit(t, tor, (*network).seedOf)
			p.send(wire.HaveNone{}, wire.Interested{})
			n.pass(time.Second)
			for range 20_000 {
				if p.gone {
					break
				}
				p.send(c.request)
				n.pass(c.each)
			}
			n.pass(time.Second)
			if dropped := a.drops[p.peer] != ""; dropped != c.dropped {
				t.Errorf("dropped with %q", a.drops[p.peer])
			}
		})
	}
}

func TestWhatAPeerSaysItHasItIsNotGiven(t *testing.T) {
	tor := newTorrent(64*kib, 1<<20)
	// Given one who lacks everything, and says that it has the first half
	n, a, p := visit(t, tor, (*network).seedOf)
	p.send(wire.Bitfield{Bits: []byte{0xff, 0}}, wire.Interested{})
	n.pass(100 * time.Millisecond)
	p.send(wire.Request{Piece: 9, Length: 16 * kib}, wire.Request{Piece: 1, Length: 16 * kib})
	n.pass(time.Second)
	// Then it gets of the other half only,
	got := all[wire.Piece](p)
	if len(got) != 1 || got[0].Piece != 9 || count[wire.Reject](p) != 1 || p.gone {
		t.Fatalf("%d blocks, %d rejects, dropped with %q", len(got), count[wire.Reject](p), a.drops[p.peer])
	}
	// and when it insists it has to go, but for no lie about data.
	for range 5 {
		p.send(wire.Request{Piece: 1, Length: 16 * kib})
	}
	n.pass(time.Second)
	if a.drops[p.peer] == "" || len(a.banned) != 0 {
		t.Errorf("dropped with %q, banned %v", a.drops[p.peer], a.banned)
	}
}

func TestWhatWaitsIsNotQueuedAgain(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(64*kib, 1<<20)
	_, p := served(n, tor)
	for range 3 {
		p.send(wire.Request{Piece: 1, Length: 16 * kib})
	}
	p.send(wire.Request{Piece: 1, Begin: 16 * kib, Length: 16 * kib})
	n.pass(time.Second)
	if got := all[wire.Piece](p); len(got) != 2 || got[0].Begin == got[1].Begin {
		t.Errorf("%d blocks came for two that were asked for", len(got))
	}
}

func TestRequestsAgainstAChokeAreNoise(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(64*kib, 64<<20)
	a := n.seedOf("a", tor)
	ask := func(p *puppet, requests int) {
		for i := range requests {
			p.send(wire.Request{Piece: uint32(100 + i%900), Length: 16 * kib})
		}
	}
	// Given one that asks a thousand times a second, and was never unchoked
	flood := n.puppet(a, hand(tor, "f"))
	flood.send(wire.HaveNone{})
	for range 10 {
		ask(flood, 100)
		n.pass(100 * time.Millisecond)
	}
	if a.drops[flood.peer] == "" {
		t.Error("not dropped within a second")
	}
	// and one whose full queue of requests crosses our Choke
	p := n.puppet(a, hand(tor, "p"))
	p.send(wire.HaveNone{}, wire.Interested{})
	n.pass(100 * time.Millisecond)
	a.handle(Pause{})
	ask(p, maxQueue)
	n.pass(time.Second)
	if count[wire.Choke](p) != 1 || a.drops[p.peer] != "" {
		t.Errorf("%d chokes, dropped with %q", count[wire.Choke](p), a.drops[p.peer])
	}
	// nor is it held against one that it asks for what we allow it while choked.
	n.pass(time.Minute)
	a.peers[p.peer].pieces.ours = []metainfo.PieceIndex{7}
	for range maxQueue {
		p.send(wire.Request{Piece: 7, Length: 16 * kib})
	}
	n.pass(time.Second)
	if a.drops[p.peer] != "" {
		t.Errorf("dropped with %q", a.drops[p.peer])
	}
}

func TestChokeFlapperIsDroppedSoon(t *testing.T) {
	tor := newTorrent(64*kib, 1<<20)
	n, b, p := visit(t, tor, (*network).learner)
	p.send(wire.HaveAll{})
	// When it changes its mind five times a second, and sends nothing
	for range 10 {
		p.send(wire.Unchoke{})
		n.pass(200 * time.Millisecond)
		p.send(wire.Choke{})
		n.pass(200 * time.Millisecond)
	}
	if b.drops[p.peer] == "" || len(b.banned) != 0 {
		t.Errorf("after four seconds dropped with %q, banned %v", b.drops[p.peer], b.banned)
	}
}
