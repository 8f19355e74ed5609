package swarm

import (
	"errors"
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/bitfield"
	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/wire"
)

// recalling is a host that has these pieces by the word of an earlier session.
func (n *network) recalling(name string, tor torrent, pieces ...int) *host {
	h := n.host(name, tor.info.Hash)
	h.data = append([]byte(nil), tor.data...)
	h.have = bitfield.New(tor.info.Layout.Pieces())
	for _, i := range pieces {
		h.have.Set(i)
	}
	h.handle(Learn{tor.info})
	h.handle(Recalled{h.have})
	n.pass(10 * time.Millisecond)
	return h
}

// verifies counts how often each piece is hashed.
func (n *network) verifies() map[metainfo.PieceIndex]int {
	times := make(map[metainfo.PieceIndex]int)
	n.watch = func(_ *host, e Effect) {
		if v, ok := e.(Verify); ok {
			times[v.Piece.Index]++
		}
	}
	return times
}

func TestARecalledPieceIsToldAtOnceAndHashedOnceBeforeItIsServed(t *testing.T) {
	n, tor := newNetwork(t), newTorrent(64*kib, 256*kib)
	times := n.verifies()
	// Given a seed that has all by the word of an earlier session,
	h := n.recalling("h", tor, 0, 1, 2, 3)
	if len(times) != 0 || h.done != 1 || h.Left() != 0 {
		t.Fatalf("%d pieces were hashed at the start; done %d times, %d bytes left", len(times), h.done, h.Left())
	}
	// when a peer asks for a piece block by block,
	p := n.puppet(h, hand(tor, "p"))
	p.send(wire.HaveNone{}, wire.Interested{})
	n.pass(100 * time.Millisecond)
	if count[wire.HaveAll](p) != 1 {
		t.Fatal("the peer was not told of everything")
	}
	for begin := uint32(0); begin < 64*kib; begin += 16 * kib {
		p.send(wire.Request{Piece: 2, Begin: begin, Length: 16 * kib})
		n.pass(100 * time.Millisecond)
	}
	// then that piece is hashed, once, and the peer gets it.
	if len(times) != 1 || times[2] != 1 {
		t.Errorf("hashed %v", times)
	}
	if got := all[wire.Piece](p); len(got) != 4 || string(got[3].Block) != string(tor.block(wire.Request{Piece: 2, Begin: 48 * kib, Length: 16 * kib}).Block) {
		t.Errorf("%d blocks came, or others", len(got))
	}
}

func TestARecalledPieceThatWasChangedIsNeverServedAndFetchedAgain(t *testing.T) {
	n, tor := newNetwork(t), newTorrent(64*kib, 256*kib)
	// Given a seed of which a byte was flipped between two sessions,
	h := n.recalling("h", tor, 0, 1, 2, 3)
	h.data[70*kib] ^= 1
	p := n.puppet(h, hand(tor, "p"))
	p.send(greeting(wire.ExtendedHandshake{M: map[string]uint8{wire.NameDontHave: 7}}), wire.HaveNone{}, wire.Interested{})
	n.pass(100 * time.Millisecond)
	// when a peer asks for that piece and another,
	for _, piece := range []uint32{1, 1, 0} {
		p.send(wire.Request{Piece: piece, Length: 16 * kib})
	}
	p.send(wire.Request{Piece: 1, Begin: 16 * kib, Length: 16 * kib})
	n.pass(time.Second)
	// then it gets the other, and hears that the first is not there.
	for _, m := range all[wire.Piece](p) {
		if m.Piece != 0 {
			t.Errorf("a block of piece %d was served", m.Piece)
		}
	}
	if count[wire.Piece](p) != 1 || count[wire.Reject](p) < 2 {
		t.Errorf("%d blocks, %d rejects", count[wire.Piece](p), count[wire.Reject](p))
	}
	if h.Losses() != 1 || h.Left() != 64*kib || h.Pieces().Has(1) {
		t.Errorf("%d losses, %d bytes left", h.Losses(), h.Left())
	}
	told := false
	for _, m := range all[wire.Extended](p) {
		if lost, err := wire.ParseDontHave(m.Payload); m.ID == 7 && err == nil && lost.Piece == 1 {
			told = true
		}
	}
	if !told {
		t.Error("the peer was not told that the piece is gone")
	}
	// And when somebody has the piece it is fetched, and all is there again.
	n.connect(h, n.seedOf("s", tor))
	n.run(time.Minute, func() bool { return h.Left() == 0 })
	n.holds(h, tor)
	if h.done != 2 {
		t.Errorf("done %d times, want once more", h.done)
	}
}

func TestASuperSeedNeverTellsOfAPieceThatWasChanged(t *testing.T) {
	n, tor := newNetwork(t), newTorrent(64*kib, 4<<20)
	// Given a lone seed by the word of an earlier session, which shows two peers a
	// piece each,
	all64 := make([]int, 64)
	for i := range all64 {
		all64[i] = i
	}
	h := n.recalling("h", tor, all64...)
	p, q := n.puppet(h, hand(tor, "p")), n.puppet(h, hand(tor, "q"))
	p.send(wire.HaveNone{})
	q.send(wire.HaveNone{})
	n.pass(time.Second)
	if !h.super.on {
		t.Fatal("it does not super-seed")
	}
	// when a piece that neither was shown turns out to be another,
	h.handle(Verified{Piece: 60, Digest: tor.info.Digests[0]})
	n.pass(5 * time.Second)
	// then they are told of all the others.
	for _, m := range all[wire.Have](q) {
		if m.Piece == 60 {
			t.Error("told of a piece that is not there")
		}
	}
	if got := count[wire.Have](q); got != 63 {
		t.Errorf("told of %d pieces", got)
	}
}

func TestAnyoneMayProveARecalledPiece(t *testing.T) {
	n, tor := newNetwork(t), newTorrent(64*kib, 256*kib)
	times := n.verifies()
	h := n.recalling("h", tor, 0, 1)
	if !h.Doubted(0) || !h.Doubted(1) || h.Doubted(2) {
		t.Fatal("the doubt is not about what was recalled")
	}
	// When the digests of two pieces come unasked, one of them wrong,
	h.handle(Verified{Piece: 0, Digest: tor.info.Digests[0]})
	h.handle(Verified{Piece: 1, Digest: tor.info.Digests[2]})
	// then the first is had without a doubt, the other not at all, and what nobody
	// asked of other pieces says nothing.
	h.handle(Verified{Piece: 2, Digest: tor.info.Digests[2]})
	h.handle(Verified{Piece: 0, Digest: tor.info.Digests[2]})
	if h.Doubted(0) || h.Doubted(1) || !h.Pieces().Has(0) || h.Pieces().Has(1) || h.Pieces().Has(2) {
		t.Errorf("pieces %v", h.Pieces().Bytes())
	}
	if len(times) != 0 {
		t.Errorf("hashed %v", times)
	}
}

func TestARecalledPieceThatCannotBeHashedStopsTheTorrent(t *testing.T) {
	n, tor := newNetwork(t), newTorrent(64*kib, 256*kib)
	h := n.recalling("h", tor, 0, 1, 2, 3)
	p := n.puppet(h, hand(tor, "p"))
	p.send(wire.HaveNone{}, wire.Interested{})
	n.pass(100 * time.Millisecond)
	h.failing = errors.New("the disk is gone")
	p.send(wire.Request{Piece: 1, Length: 16 * kib})
	n.pass(time.Second)
	if !h.Paused() || count[wire.Piece](p) != 0 {
		t.Fatal("it goes on without its store")
	}
	// When the store is there again, so is the piece.
	h.failing = nil
	h.handle(Resume{})
	n.pass(time.Second)
	p.send(wire.Request{Piece: 1, Length: 16 * kib})
	n.pass(time.Second)
	if count[wire.Piece](p) != 1 {
		t.Errorf("%d blocks came after the store did", count[wire.Piece](p))
	}
}

func TestTheSwarmSaysWhatIsBeingWritten(t *testing.T) {
	n, tor := newNetwork(t), newTorrent(64*kib, 8<<20)
	a, b := n.seedOf("a", tor), n.leech("b", tor)
	if b.Writing() != nil {
		t.Error("something is written before the metadata is known")
	}
	n.connect(a, b)
	n.run(time.Minute, func() bool { return b.Pieces() != nil && b.Pieces().Count() > 3 })
	if w := b.Writing(); w.Count() == 0 {
		t.Error("nothing is being written in the middle of it")
	} else {
		for i := range w.Len() {
			if w.Has(i) && b.Pieces().Has(i) {
				t.Errorf("piece %d is there and being written", i)
			}
		}
	}
	n.run(time.Minute, func() bool { return b.Left() == 0 })
	if b.Writing().Count() != 0 {
		t.Error("something is being written when all is there")
	}
}
