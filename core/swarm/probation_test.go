package swarm

import (
	"fmt"
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/picker"
	"github.com/shoal-p2p/shoal/core/wire"
)

func TestUnprovenPeerIsAskedForLittle(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(2<<20, 8<<20)
	b := n.learner("b", tor)
	// Given a peer without history, whose answers are quick
	most, open := 0, 0
	p := n.puppet(b, hand(tor, "p"))
	p.on = func(m wire.Message) {
		if m, ok := m.(wire.Request); ok {
			open++
			most = max(most, open)
			n.after(5*time.Millisecond, func() { open--; p.send(tor.block(m)) })
		}
	}
	p.send(hello(tor, p.link, "p", keyOf("p")), wire.HaveAll{}, wire.Unchoke{})
	n.run(time.Minute, func() bool { return b.Pieces().Count() > 0 })
	if most > maxUnproven || most < maxUnproven/2 {
		t.Errorf("%d requests at once, want at most %d", most, maxUnproven)
	}
	// When a piece was right
	n.run(time.Minute, allDone(b))
	if most <= maxUnproven {
		t.Errorf("%d requests at once, although it has proved itself", most)
	}
	if !b.cfg.Book.Proven(b.order[0].who()) {
		t.Error("the book does not know it")
	}
}

// TestReturningLiarCostsAPieceEachTime has a liar come back under a new name as
// soon as it is banned.
func TestReturningLiarCostsAPieceEachTime(t *testing.T) {
	n := newNetwork(t)
	const pieceLength = 128 * kib
	tor := newTorrent(pieceLength, 4<<20)
	b := n.learner("b", tor)
	for k := range 5 {
		before := b.Stats().Wasted
		liar := n.sender(b, tor, string(rune('A'+k)), lie)
		n.run(10*time.Second, func() bool { return b.drops[liar.peer] != "" })
		n.pass(time.Second)
		if cost := b.Stats().Wasted - before; cost > pieceLength {
			t.Errorf("the %dth time %d bytes were wasted, want a piece at most", k+1, cost)
		}
	}
	n.sender(b, tor, "good", truth)
	n.run(time.Minute, allDone(b))
	n.holds(b, tor)
	if len(b.banned) != 5 {
		t.Errorf("%d bans", len(b.banned))
	}
}

func TestATorrentOfOnePieceComesFromAllItsSeeds(t *testing.T) {
	n := newNetwork(t)
	n.bandwidth = 100 << 10
	tor := newTorrent(4<<20, 4<<20)
	b := n.learner("b", tor)
	for i := range 10 {
		n.connect(n.seedOf(fmt.Sprint("a", i), tor), b)
	}
	n.run(15*time.Second, allDone(b))
}

func TestALorisDoesNotKeepTheOnlyPieceForItself(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(4<<20, 4<<20)
	b := n.learner("b", tor)
	p := n.puppet(b, hand(tor, "loris"))
	var asked []wire.Request
	p.on = func(m wire.Message) {
		if r, ok := m.(wire.Request); ok {
			asked = append(asked, r)
		}
	}
	p.send(wire.HaveAll{}, wire.Unchoke{})
	var next func()
	next = func() {
		if len(asked) > 0 && !p.gone {
			r := asked[0]
			asked = asked[1:]
			p.send(wire.Piece{Piece: r.Piece, Begin: r.Begin, Block: tor.data[r.Begin:][:r.Length]})
		}
		n.after(9*time.Second, next)
	}
	n.after(4*time.Second, next)
	n.pass(time.Second)
	n.connect(n.seedOf("a", tor), b)
	n.connect(n.seedOf("c", tor), b)
	n.run(time.Minute, allDone(b))
}

func TestTheOtherFileComesWhenThePieceOnTrialIsDeselected(t *testing.T) {
	n := newNetwork(t)
	n.bandwidth = 1 << 20
	tor := newTorrent(1<<20, 4<<20, 4<<20)
	a, b := n.seedOf("a", tor), n.leech("b", tor)
	b.handle(Select{[]picker.Priority{picker.Normal, picker.Skip}})
	n.connect(a, b)
	n.pass(600 * time.Millisecond) // the first piece is under way
	b.handle(Select{[]picker.Priority{picker.Skip, picker.Normal}})
	n.run(5*time.Minute, allDone(b))
}

func TestAReaderSeeksAwayFromThePieceOnTrial(t *testing.T) {
	n := newNetwork(t)
	n.bandwidth = 1 << 20
	tor := newTorrent(1<<20, 16<<20)
	a, b := n.seedOf("a", tor), n.leech("b", tor)
	b.handle(Select{[]picker.Priority{picker.Skip}})
	b.handle(Window{Reader: 1, First: 0, Last: 1})
	n.connect(a, b)
	n.pass(600 * time.Millisecond)
	b.handle(Window{Reader: 1, First: 10, Last: 11})
	n.arrives(b, 10, 11)
}

func TestAPeerThatLosesItsTrialPieceIsAskedForOthers(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(256*kib, 4<<20)
	b := n.learner("b", tor)
	p := n.puppet(b, hand(tor, "honest"))
	sent, lost := 0, uint32(0)
	var gone bool
	p.on = func(m wire.Message) {
		r, ok := m.(wire.Request)
		switch {
		case !ok:
		case gone && r.Piece == lost:
			p.send(wire.Reject(r))
		case sent < 3 || gone:
			sent++
			p.send(tor.block(r))
		case !gone: // after three blocks its store loses the piece
			gone, lost = true, r.Piece
			p.send(wire.DontHave{Piece: r.Piece}.Message(ourDontHave), wire.Reject(r))
		}
	}
	p.send(wire.HaveAll{}, wire.Unchoke{})
	n.pass(time.Minute)
	if got := b.Pieces().Count(); got < tor.info.Layout.Pieces()-1 {
		t.Errorf("%d pieces of %d after a minute; it has given %d blocks", got, tor.info.Layout.Pieces(), sent)
	}
}
