package swarm

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/blame"
	"github.com/shoal-p2p/shoal/core/id"
	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/wire"
)

// private is a torrent whose peers come from its trackers alone.
func private(tor torrent) torrent {
	raw := string(tor.info.Bytes)
	info, err := metainfo.ParseInfo([]byte(strings.TrimSuffix(raw, "e") + "7:privatei1ee"))
	if err != nil {
		panic(err)
	}
	return torrent{tor.data, info}
}

// hello is an extended handshake that proves an identity over a link.
func hello(tor torrent, link Link, name string, key id.KeyPair) wire.Extended {
	return greeting(wire.ExtendedHandshake{
		M:        map[string]uint8{wire.NameExchange: 9},
		Identity: key.Identity(),
		Proof:    key.Sign(helloProof(tor.info.Hash, link.Binding, peerID(name))),
	})
}

// hellos are the extended handshakes that a puppet got.
func (p *puppet) hellos() []wire.ExtendedHandshake {
	var list []wire.ExtendedHandshake
	for _, m := range all[wire.Extended](p) {
		if h, err := wire.ParseExtendedHandshake(m.Payload); m.ID == wire.HandshakeID && err == nil {
			list = append(list, h)
		}
	}
	return list
}

func TestTwoProveThemselvesAndSpeak(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(16*kib, 16*kib)
	a, b := n.seedOf("a", tor), n.leech("b", tor)
	pa, pb := n.connect(a, b)
	n.pass(100 * time.Millisecond)
	want := Speaks{pa, peerID("b"), keyOf("b").Identity()}
	if !slices.Equal(a.speaks, []Speaks{want}) {
		t.Fatalf("a was told %+v, want %+v", a.speaks, want)
	}
	if len(b.speaks) != 1 {
		t.Fatalf("b was told %+v", b.speaks)
	}
	a.handle(Extend{pa, []byte("hello")})
	b.handle(Extend{pb, []byte("there")})
	b.handle(Extend{12345, []byte("nobody")})
	n.pass(100 * time.Millisecond)
	if !slices.Equal(a.said, []string{"there"}) || !slices.Equal(b.said, []string{"hello"}) {
		t.Errorf("a heard %q, b heard %q", a.said, b.said)
	}
}

func TestStockPeerIsToldNothing(t *testing.T) {
	tor := newTorrent(16*kib, 16*kib)
	n, a, stock := visit(t, tor, (*network).seedOf)
	m := greeting(wire.ExtendedHandshake{M: map[string]uint8{wire.NameMetadata: 1}})
	stock.send(m, wire.Extended{ID: ourExchange, Payload: []byte("x")})
	n.pass(time.Second)
	before := len(stock.got)
	a.handle(Extend{stock.peer, []byte("hello")})
	n.pass(time.Second)
	if len(stock.got) != before || len(a.speaks)+len(a.said) != 0 || a.drops[stock.peer] != "" {
		t.Errorf("it got %v; we were told %v %v; dropped with %q", stock.got[before:], a.speaks, a.said, a.drops[stock.peer])
	}
}

func TestFalseProofIsDropped(t *testing.T) {
	tor, other := newTorrent(16*kib, 16*kib), newTorrent(16*kib, 17*kib)
	for _, c := range []struct {
		name  string
		hello func(link Link) wire.Extended
	}{
		{"of another connection", func(Link) wire.Extended { return hello(tor, Link{Binding: [32]byte{1}}, "p", keyOf("p")) }},
		{"of another torrent", func(l Link) wire.Extended { return hello(other, l, "p", keyOf("p")) }},
		{"of another peer id", func(l Link) wire.Extended { return hello(tor, l, "q", keyOf("p")) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := newNetwork(t)
			a := n.seedOf("a", tor)
			p := n.puppet(a, hand(tor, "p"))
			p.send(c.hello(p.link))
			n.pass(time.Second)
			if a.drops[p.peer] == "" || len(a.speaks) != 0 {
				t.Errorf("dropped with %q, told %v", a.drops[p.peer], a.speaks)
			}
		})
	}
}

func TestIdentityMayNotChange(t *testing.T) {
	tor := newTorrent(16*kib, 16*kib)
	n, a, p := visit(t, tor, (*network).seedOf)
	p.send(hello(tor, p.link, "p", keyOf("p")), hello(tor, p.link, "p", keyOf("p")))
	n.pass(time.Second)
	if a.drops[p.peer] != "" || len(a.speaks) != 1 {
		t.Fatalf("dropped with %q, told %v", a.drops[p.peer], a.speaks)
	}
	p.send(hello(tor, p.link, "p", keyOf("q")))
	n.pass(time.Second)
	if a.drops[p.peer] == "" {
		t.Error("one connection has two identities")
	}
}

func TestNothingIsProvedWithoutBindingOrKey(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(16*kib, 16*kib)
	a := n.seedOf("a", tor)
	handle, e := a.newEnd()
	p := &puppet{n: n, peer: handle}
	p.end = &end{deliver: p.deliver, drained: func(int64) {}, closed: func() { p.gone = true }, other: e}
	e.other = p.end
	a.handle(Connected{Peer: handle})
	p.send(hand(tor, "p"), hello(tor, Link{}, "p", keyOf("p")))
	b := n.seedOf("b", tor)
	b.cfg.Key = id.KeyPair{}
	q := n.puppet(b, hand(tor, "q"))
	n.pass(time.Second)
	for _, h := range append(p.hellos(), q.hellos()...) {
		if _, named := h.M[wire.NameExchange]; named || !h.Identity.IsZero() {
			t.Errorf("said %+v", h)
		}
	}
	if len(a.speaks) != 0 || a.drops[handle] != "" {
		t.Errorf("told %v, dropped with %q", a.speaks, a.drops[handle])
	}
}

func TestPrivateTorrentDoesNotExchange(t *testing.T) {
	n := newNetwork(t)
	tor := private(newTorrent(16*kib, 16*kib))
	// Given one that knows the torrent to be private, and one that learns it
	a, b := n.seedOf("a", tor), n.leech("b", tor)
	p, q := n.puppet(a, hand(tor, "p")), n.puppet(b, hand(tor, "q"))
	p.send(hello(tor, p.link, "p", keyOf("p")))
	q.send(hello(tor, q.link, "q", keyOf("q")))
	n.pass(time.Second)
	if len(a.speaks) != 0 || len(b.speaks) != 1 {
		t.Fatalf("a was told %v, b %v", a.speaks, b.speaks)
	}
	b.handle(Learn{tor.info})
	n.pass(time.Second)
	if all := q.hellos(); len(all) != 2 || all[0].M[wire.NameExchange] == 0 || all[1].M[wire.NameExchange] != 0 {
		t.Errorf("it was said %+v", all)
	}
	before := len(q.got)
	b.handle(Extend{q.peer, []byte("x")})
	q.send(wire.Extended{ID: ourExchange, Payload: []byte("y")})
	n.pass(time.Second)
	if len(q.got) != before || len(b.said) != 0 {
		t.Error("peers are exchanged in a private torrent")
	}
}

func TestBannedIdentityIsKnownUnderAnyPeerID(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(16*kib, 16*kib)
	a := n.seedOf("a", tor)
	a.cfg.Book.Ban(n.now, blame.Who{Peer: peerID("old"), Identity: keyOf("liar").Identity()})
	p := n.puppet(a, hand(tor, "new"))
	p.send(hello(tor, p.link, "new", keyOf("liar")))
	n.pass(time.Second)
	if a.drops[p.peer] != shutOut || len(a.speaks) != 0 {
		t.Errorf("dropped with %q, told %v", a.drops[p.peer], a.speaks)
	}
}

func TestWhoProvesAnIdentityIsNotBannedForAPeerID(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(16*kib, 16*kib)
	a := n.seedOf("a", tor)
	// Given a liar that went by the peer id of another
	a.cfg.Book.Ban(n.now, blame.Who{Peer: peerID("p")})
	good := n.puppet(a, hand(tor, "p"))
	good.send(hello(tor, good.link, "p", keyOf("p")))
	silent := n.puppet(a, hand(tor, "p"))
	silent.send(wire.HaveNone{})
	plain := n.puppet(a, wire.Handshake{InfoHash: tor.info.Hash, PeerID: peerID("p")})
	n.pass(time.Second)
	if a.drops[good.peer] != "" {
		t.Errorf("the one with the proof was dropped: %s", a.drops[good.peer])
	}
	if a.drops[silent.peer] != shutOut || a.drops[plain.peer] != shutOut {
		t.Errorf("those without were dropped with %q and %q", a.drops[silent.peer], a.drops[plain.peer])
	}
}

func TestPeerThatDoesNotReadIsToldNoMore(t *testing.T) {
	tor := newTorrent(16*kib, 16*kib)
	n, a, p := visit(t, tor, (*network).seedOf)
	p.send(hello(tor, p.link, "p", keyOf("p")))
	n.pass(time.Second)
	before := len(p.got)
	a.peers[p.peer].sent += 2 * maxUnsent
	a.handle(Extend{p.peer, []byte("y")})
	n.pass(time.Second)
	if len(p.got) != before {
		t.Error("a peer that does not read is sent more")
	}
}
