package swarm

import (
	"fmt"
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/picker"
	"github.com/shoal-p2p/shoal/core/wire"
)

func TestSeedsKeepFewLinksAmongThemselves(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(64*kib, 256*kib)
	a := n.seedOf("a", tor)
	var seeds []*puppet
	for i := range 10 {
		p := n.puppet(a, hand(tor, fmt.Sprint("seed", i)))
		p.send(wire.HaveAll{})
		seeds = append(seeds, p)
		n.pass(100 * time.Millisecond)
	}
	b := n.leech("b", tor)
	n.connect(a, b)
	n.run(5*time.Second, allDone(b))
	for i, p := range seeds {
		if p.gone != (i >= idleLinks) {
			t.Errorf("seed %d: gone %v", i, p.gone)
		}
	}
	for _, reason := range a.drops { // order-free: each is judged alone
		if reason != "both have all they want" {
			t.Errorf("dropped: %s", reason)
		}
	}
}

func TestPartialSeedSaysSoAndTakesItBack(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(16*kib, 64*kib, 64*kib)
	a, b := n.seedOf("a", tor), n.leech("b", tor)
	b.handle(Select{[]picker.Priority{picker.Normal, picker.Skip}})
	p := n.puppet(b, hand(tor, "p"))
	said := func() bool {
		hellos := all[wire.Extended](p)
		h, err := wire.ParseExtendedHandshake(hellos[len(hellos)-1].Payload)
		if err != nil {
			t.Fatal(err)
		}
		return h.UploadOnly
	}
	n.pass(time.Second)
	if said() {
		t.Error("a leecher says that it wants nothing")
	}
	n.connect(a, b)
	n.run(5*time.Second, allDone(b))
	n.pass(time.Second)
	if !said() {
		t.Error("who has the files that it wants does not say so")
	}
	if of := a.Peers()[0]; of.Seed {
		t.Error("it is taken for a seed")
	}
	// When the choice flaps, peers are not told each time
	before := count[wire.Extended](p)
	for i := range 21 {
		b.handle(Select{[]picker.Priority{picker.Normal, picker.Priority(i % 2)}})
		b.handle(Select{[]picker.Priority{picker.Normal, picker.Normal}})
		b.handle(Select{[]picker.Priority{picker.Normal, picker.Skip}})
	}
	b.handle(Select{})
	n.pass(11 * time.Second)
	if again := count[wire.Extended](p) - before; again > 3 {
		t.Errorf("told %d times in eleven seconds", again)
	}
	n.run(5*time.Second, func() bool { return b.Left() == 0 })
	n.holds(b, tor)
}

func TestUploadOnlyPeersAreDroppedBySeeds(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(64*kib, 256*kib)
	a := n.seedOf("a", tor)
	hello := greeting(wire.ExtendedHandshake{UploadOnly: true})
	for i := range idleLinks + 1 {
		n.puppet(a, hand(tor, fmt.Sprint("p", i))).send(hello, wire.Bitfield{Bits: []byte{0x80}})
	}
	n.pass(time.Second)
	if peers, _ := a.Counts(); peers != idleLinks {
		t.Errorf("%d peers that want nothing are kept", peers)
	}
}

func TestLeastUsefulPeer(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(64*kib, 4<<20)
	b := n.leech("b", tor)
	b.handle(Learn{tor.info})
	least := func() Peer {
		p, useless, ok := b.LeastUseful(n.now)
		if ok && useless < grace {
			t.Errorf("peer %d is taken for useless after %v", p, useless)
		}
		return p
	}
	add := func(name string, messages ...wire.Message) *puppet {
		p := n.puppet(b, hand(tor, name))
		p.send(messages...)
		return p
	}
	// Given one that gives, slowly
	giver := add("giver", wire.HaveAll{}, wire.Unchoke{})
	free := n.now
	giver.on = func(m wire.Message) {
		if m, ok := m.(wire.Request); ok {
			free = later(free, n.now).Add(time.Second)
			n.after(free.Sub(n.now), func() { giver.send(tor.block(m)) })
		}
	}
	n.pass(grace / 2)
	chokes := add("chokes, but would take", wire.HaveAll{}, wire.Interested{})
	idle := add("chokes and takes nothing", wire.HaveAll{})
	empty := add("has nothing and wants nothing", wire.HaveNone{})
	n.pass(grace / 2)
	if p := least(); p != 0 {
		t.Errorf("peer %d has to go, when all are new or useful", p)
	}
	n.pass(grace)
	for _, p := range []*puppet{empty, idle, chokes} {
		if got := least(); got != p.peer {
			t.Errorf("peer %d has to go, want %d", got, p.peer)
		}
		b.cutOff(p.peer)
	}
	if p := least(); p != 0 {
		t.Errorf("the one that gives has to go")
	}
}

func TestCountsFollowThePeers(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(64*kib, 128*kib)
	b := n.leech("b", tor)
	check := func(peers, seeds int) {
		t.Helper()
		n.pass(100 * time.Millisecond)
		if p, s := b.Counts(); p != peers || s != seeds {
			t.Errorf("%d peers, %d seeds, want %d and %d", p, s, peers, seeds)
		}
	}
	p, q := n.puppet(b, hand(tor, "p")), n.puppet(b, hand(tor, "q"))
	p.send(wire.HaveAll{})
	check(2, 0) // before the metadata
	b.handle(Learn{tor.info})
	check(2, 1)
	q.send(wire.Bitfield{Bits: []byte{0x80}}, wire.Have{Piece: 1})
	check(2, 2)
	q.send(wire.DontHave{Piece: 1}.Message(ourDontHave))
	check(2, 1)
	b.cutOff(p.peer)
	check(1, 0)
	b.cutOff(q.peer)
	check(0, 0)
	if at, waits := b.Deadline(); waits {
		t.Errorf("without a peer the swarm still waits for %v", at)
	}
}

func TestSeedsOfWhomAReaderNeedsPiecesStay(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(64*kib, 8<<20)
	b := n.leech("b", tor)
	b.handle(Learn{tor.info})
	b.handle(Select{[]picker.Priority{picker.Skip}})
	n.pass(time.Second)
	b.handle(Window{Reader: 1, First: 3, Last: 10})
	for i := range 4 { // who claim all and give nothing
		n.puppet(b, hand(tor, fmt.Sprint("lazy", i))).send(wire.HaveAll{})
		n.pass(100 * time.Millisecond)
	}
	n.connect(n.seedOf("a", tor), b)
	n.arrives(b, 3, 10)
}
