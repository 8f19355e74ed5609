package swarm

import (
	"slices"
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/blame"
	"github.com/shoal-p2p/shoal/core/id"
	"github.com/shoal-p2p/shoal/core/wire"
)

// made lets a puppet send right blocks until its connection has proved itself.
func (n *network) made(b *host, p *puppet) {
	n.t.Helper()
	n.run(time.Second, func() bool { return b.peers[p.peer].proven })
}

func TestLiarUnderThePeerIDOfAProvenPeerIsBannedAlone(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(32*kib, 4<<20)
	b := n.learner("b", tor)
	// Given a stock peer whose connection has proved itself
	victim := n.sender(b, tor, "good", truth)
	n.made(b, victim)
	// When another shows up under its peer id and lies
	liar := n.sender(b, tor, "good", lie)
	n.run(time.Second, func() bool { return b.drops[liar.peer] != "" })
	n.run(10*time.Second, allDone(b))
	// Then that one is banned, and the peer id is good for the first all the same
	if b.drops[victim.peer] != "" || b.cfg.Book.Banned(n.now, blame.Who{Peer: peerID("good")}) {
		t.Errorf("the one who was there is dropped with %q", b.drops[victim.peer])
	}
	if len(b.banned) != 1 || b.banned[0].Who.Conn != uint64(liar.peer) {
		t.Errorf("banned %+v", b.banned)
	}
}

func TestLieUnderAPeerIDInAnotherTorrentHurtsNoProvenPeerHere(t *testing.T) {
	n := newNetwork(t)
	one, two := newTorrent(16*kib, 16*kib), newTorrent(16*kib, 1<<20)
	a, b := n.learner("a", one), n.learner("b", two)
	b.cfg.Book = a.cfg.Book // of one client
	victim := n.sender(b, two, "good", truth)
	n.made(b, victim)
	n.sender(a, one, "good", lie)
	n.pass(keepAlive + time.Second)
	if len(a.banned) != 1 || b.drops[victim.peer] != "" {
		t.Errorf("banned %v; the peer that had proved itself is dropped with %q", a.banned, b.drops[victim.peer])
	}
}

func TestProofIsNotInheritedWithAPeerID(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(32*kib, 1<<20)
	b := n.learner("b", tor)
	first := n.sender(b, tor, "good", truth)
	n.made(b, first)
	b.cutOff(first.peer)
	second := n.puppet(b, hand(tor, "good"))
	n.pass(100 * time.Millisecond)
	if p := b.peers[second.peer]; p == nil || p.proven {
		t.Error("whoever takes a known peer id is trusted")
	}
}

func TestLiarThatProvesItsIdentityLaterIsBannedByIt(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(1<<20, 1<<20)
	b := n.leech("b", tor)
	b.trusted("good", "fine", "liar")
	b.handle(Learn{tor.info})
	n.pass(10 * time.Millisecond)
	// Given a liar without identity, who spoils a block of a piece of several
	n.sender(b, tor, "good", truth)
	n.sender(b, tor, "fine", truth)
	lied := false
	liar := n.sender(b, tor, "liar", func(m wire.Piece) wire.Piece {
		if lied {
			return m
		}
		lied = true
		return lie(m)
	})
	// When it proves an identity while the search for it goes on
	said := false
	n.watch = func(_ *host, e Effect) {
		if _, is := e.(Read); is && !said {
			said = true
			liar.send(hello(tor, liar.link, "liar", keyOf("liar")))
		}
	}
	n.run(10*time.Second, allDone(b))
	n.pass(time.Second)
	if !slices.Equal(b.bannedNames(), []string{"liar"}) ||
		!b.cfg.Book.Banned(n.now, blame.Who{Identity: keyOf("liar").Identity()}) {
		t.Errorf("banned %+v", b.banned)
	}
}

func TestOneIdentityUnderTwoPeerIDsIsOneSender(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(512*kib, 512*kib)
	b := n.leech("b", tor)
	b.cfg.Book.Proved(n.now, blame.Who{Identity: keyOf("liar").Identity()})
	b.handle(Learn{tor.info})
	n.pass(10 * time.Millisecond)
	// Given two connections of one liar, who shares a piece with nobody else
	blocks := make(map[string]int)
	for _, name := range []string{"one", "two"} {
		p := n.puppet(b, hand(tor, name))
		p.on = func(m wire.Message) {
			if m, ok := m.(wire.Request); ok {
				blocks[name]++
				p.send(lie(tor.block(m)))
			}
		}
		p.send(hello(tor, p.link, name, keyOf("liar")), wire.HaveAll{}, wire.Unchoke{})
	}
	n.pass(5 * time.Second)
	if blocks["one"] == 0 || blocks["two"] == 0 {
		t.Fatalf("the piece was not shared: %v", blocks)
	}
	// Then there is nothing to compare, and it costs one piece
	if len(b.banned) != 1 || b.banned[0].Reason != corruptPiece || b.Stats().Wasted != 512*kib {
		t.Errorf("%d bytes wasted, banned %+v", b.Stats().Wasted, b.banned)
	}
}

func TestPeerAtWorkIsNotForgotten(t *testing.T) {
	tor := newTorrent(32*kib, 1<<20)
	n, b, p := visit(t, tor, (*network).learner)
	p.on = func(m wire.Message) {
		if m, ok := m.(wire.Request); ok {
			n.after(20*time.Millisecond, func() { p.send(tor.block(m)) })
		}
	}
	p.send(hello(tor, p.link, "p", keyOf("p")), wire.HaveAll{}, wire.Unchoke{})
	n.made(b, p)
	// Given as many others that prove themselves as can be remembered, between two
	// of its pieces
	for k := range 5000 {
		b.cfg.Book.Proved(n.now, blame.Who{Identity: id.Identity{1, byte(k), byte(k >> 8)}})
		if k%500 == 0 {
			had := b.Pieces().Count()
			n.run(time.Second, func() bool { return b.Pieces().Count() > had })
		}
	}
	if !b.cfg.Book.Proven(blame.Who{Identity: keyOf("p").Identity()}) {
		t.Error("a peer that has sent right pieces all the time is forgotten")
	}
}

func TestPeerWithoutPeerIDIsNotHeard(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(32*kib, 256*kib)
	b := n.learner("b", tor)
	nobody := n.puppet(b, wire.Handshake{Fast: true, Extended: true, InfoHash: tor.info.Hash})
	nobody.on = func(m wire.Message) {
		if m, ok := m.(wire.Request); ok {
			nobody.send(lie(tor.block(m)))
		}
	}
	nobody.send(wire.HaveAll{}, wire.Unchoke{})
	n.pass(5 * time.Second)
	if b.drops[nobody.peer] == "" || b.Stats().Wasted != 0 {
		t.Errorf("dropped with %q after %d wrong bytes", b.drops[nobody.peer], b.Stats().Wasted)
	}
}

func TestNoPeerIsTakenForAWebSeed(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(32*kib, 4<<20)
	b := n.surfer(tor, serving(tor))
	// Given a liar that knows all that there is to know of the web seed
	seed := b.Swarm.web.seeds[0].who()
	if !seed.Peer.IsZero() || seed.Identity.IsZero() {
		t.Errorf("it goes by the peer id %v, which anyone may take", seed.Peer)
	}
	name := id.ID(seed.Identity[:id.Size])
	liar := n.puppet(b, wire.Handshake{Fast: true, Extended: true, InfoHash: tor.info.Hash, PeerID: name})
	liar.on = func(m wire.Message) {
		if m, ok := m.(wire.Request); ok {
			liar.send(lie(tor.block(m)))
		}
	}
	liar.send(wire.HaveAll{}, wire.Unchoke{})
	n.run(10*time.Second, allDone(b))
	n.pass(time.Second)
	if len(b.failed) != 0 || len(b.banned) != 1 || b.banned[0].Who.Peer != name {
		t.Errorf("the web seed has failed %v, banned %v", b.failed, b.banned)
	}
}
