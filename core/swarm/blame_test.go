package swarm

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/id"
	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/wire"
)

// sender connects a puppet that has everything and answers every request, with
// what tamper makes of the block.
func (n *network) sender(h *host, tor torrent, name string, tamper func(wire.Piece) wire.Piece) *puppet {
	p := n.puppet(h, hand(tor, name))
	p.on = func(m wire.Message) {
		if m, ok := m.(wire.Request); ok {
			p.send(tamper(tor.block(m)))
		}
	}
	p.send(wire.HaveAll{}, wire.Unchoke{})
	return p
}

func truth(m wire.Piece) wire.Piece { return m }

func lie(m wire.Piece) wire.Piece {
	m.Block = bytes.Clone(m.Block)
	m.Block[len(m.Block)/2] ^= 0x80
	return m
}

// trusted lets a host take the connections of peers for proven, so that they
// share pieces.
func (h *host) trusted(names ...string) {
	h.known = make(map[id.ID]bool)
	for _, name := range names {
		h.known[peerID(name)] = true
	}
}

// learner is a host that knows the metadata.
func (n *network) learner(name string, tor torrent) *host {
	h := n.leech(name, tor)
	h.handle(Learn{tor.info})
	n.pass(10 * time.Millisecond)
	return h
}

func (h *host) bannedNames() []string {
	var names []string
	for _, b := range h.banned {
		names = append(names, string(b.Who.Peer[8:12]))
	}
	slices.Sort(names)
	return names
}

func TestSoleSenderOfABadPieceIsBannedAndCannotComeBack(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(32*kib, 256*kib)
	b := n.learner("b", tor)
	liar := n.sender(b, tor, "liar", lie)
	n.run(time.Second, func() bool { return b.drops[liar.peer] != "" })
	if len(b.banned) != 1 || b.banned[0].Who.Peer != peerID("liar") || b.banned[0].Reason != corruptPiece {
		t.Fatalf("banned %+v", b.banned)
	}
	// When it comes back under its name
	again := n.sender(b, tor, "liar", truth)
	n.pass(time.Second)
	if b.drops[again.peer] != shutOut || count[wire.Request](again) != 0 {
		t.Errorf("dropped with %q after %d requests", b.drops[again.peer], count[wire.Request](again))
	}
	n.sender(b, tor, "good", truth)
	n.run(5*time.Second, allDone(b))
	n.holds(b, tor)
}

func TestLiarWhoHasLeftIsBannedAllTheSame(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(32*kib, 32*kib)
	b := n.learner("b", tor)
	blocks := 0
	var liar *puppet
	liar = n.sender(b, tor, "liar", func(m wire.Piece) wire.Piece {
		if blocks++; blocks == 2 {
			n.after(n.latency+storeDelay/2, func() { b.cutOff(liar.peer) })
		}
		return lie(m)
	})
	n.pass(time.Second)
	if len(b.Peers()) != 0 || len(b.banned) != 1 || b.banned[0].Who.Peer != peerID("liar") {
		t.Fatalf("%d peers, banned %+v", len(b.Peers()), b.banned)
	}
}

func TestLiarAmongSeveralIsFoundByComparison(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(256*kib, 1<<20)
	b := n.leech("b", tor)
	b.trusted("good", "fine", "liar")
	b.handle(Learn{tor.info})
	n.pass(10 * time.Millisecond)
	// Given a liar who spoils one block alone of a piece that three share
	lies := 0
	n.sender(b, tor, "good", truth)
	n.sender(b, tor, "fine", truth)
	n.sender(b, tor, "liar", func(m wire.Piece) wire.Piece {
		if lies++; lies == 1 {
			return lie(m)
		}
		return m
	})
	n.run(10*time.Second, allDone(b))
	n.holds(b, tor)
	n.pass(time.Second)
	if got := b.bannedNames(); !slices.Equal(got, []string{"liar"}) {
		t.Errorf("banned %v", got)
	}
	if len(b.drops) != 1 {
		t.Errorf("dropped %v", b.drops)
	}
}

// TestEveryLiarAndNoOtherIsBanned lets liars at random spoil some of what they
// send, in pieces that all share, with rejoins and late answers.
func TestEveryLiarAndNoOtherIsBanned(t *testing.T) {
	for round := range uint64(6) {
		t.Run(fmt.Sprint("round ", round), func(t *testing.T) {
			n := newNetwork(t)
			rng := rand.New(rand.NewPCG(*seed, round))
			tor := newTorrent(128*kib, 4<<20)
			b := n.leech("b", tor)
			b.trusted("pee0", "pee1", "pee2", "pee3", "pee4", "pee5")
			b.handle(Learn{tor.info})
			n.pass(10 * time.Millisecond)
			var liars []string
			for k := range 6 {
				name := fmt.Sprint("pee", k)
				odds, late := 0.0, rng.IntN(4) == 0
				if k%3 == 1 {
					odds = 0.02 + rng.Float64()/2
				}
				lied := false
				p := n.puppet(b, hand(tor, name))
				p.on = func(m wire.Message) {
					asked, ok := m.(wire.Request)
					if !ok {
						return
					}
					answer := tor.block(asked)
					if rng.Float64() < odds {
						if answer = lie(answer); !lied {
							lied = true
							liars = append(liars, name)
						}
					}
					wait := time.Duration(rng.IntN(50)) * time.Millisecond
					if late {
						wait *= 20
					}
					n.after(wait, func() { p.send(answer) })
				}
				p.send(wire.HaveAll{}, wire.Unchoke{})
			}
			n.run(2*time.Minute, allDone(b))
			n.holds(b, tor)
			n.pass(5 * time.Second)
			slices.Sort(liars)
			if got := b.bannedNames(); !slices.Equal(got, liars) {
				t.Errorf("banned %v, want %v", got, liars)
			}
		})
	}
}

// TestBadCopyIsFoundOut asks two for the same block, in the endgame.
func TestBadCopyIsFoundOut(t *testing.T) {
	for _, c := range []struct {
		name   string
		before bool // the copy comes before the piece is verified
	}{{"after the piece was verified", false}, {"before", true}} {
		t.Run(c.name, func(t *testing.T) {
			n := newNetwork(t)
			tor := newTorrent(64*kib, 64*kib)
			b := n.leech("b", tor)
			b.trusted("good", "liar")
			b.handle(Learn{tor.info})
			n.pass(10 * time.Millisecond)
			var copies []wire.Piece
			liar := n.puppet(b, hand(tor, "liar"))
			good := n.puppet(b, hand(tor, "good"))
			liar.on = func(m wire.Message) {
				if m, ok := m.(wire.Request); ok {
					copies = append(copies, lie(tor.block(m)))
				}
			}
			last := 3
			good.on = func(m wire.Message) {
				if m, ok := m.(wire.Request); ok {
					if last--; c.before && last < 0 {
						n.after(2*time.Second, func() { good.send(tor.block(m)) })
					} else {
						good.send(tor.block(m))
					}
				}
			}
			// Given a liar who was asked for all, and an honest peer for the same
			liar.send(wire.HaveAll{}, wire.Unchoke{})
			n.pass(time.Second)
			good.send(wire.HaveAll{}, wire.Unchoke{})
			n.pass(time.Second)
			if len(copies) == 0 || c.before == (b.done == 1) {
				t.Fatalf("%d copies, done %d", len(copies), b.done)
			}
			// When the liar answers for the first one late
			first := slices.IndexFunc(copies, func(m wire.Piece) bool { return m.Begin == 0 })
			liar.send(copies[first])
			n.pass(5 * time.Second)
			if b.done != 1 || !slices.Equal(b.bannedNames(), []string{"liar"}) || b.Stats().Wasted != 16*kib {
				t.Errorf("done %d, banned %v, %d bytes wasted", b.done, b.bannedNames(), b.Stats().Wasted)
			}
		})
	}
}

func TestStoreThatLosesAWriteAccusesNobody(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(32*kib, 256*kib)
	b := n.learner("b", tor)
	lost := 0
	b.lose = func(block metainfo.Block) bool {
		if block.Piece == 2 && block.Begin == 0 && lost == 0 {
			lost++
			return true
		}
		return false
	}
	n.sender(b, tor, "good", truth)
	n.run(5*time.Second, allDone(b))
	n.holds(b, tor)
	if len(b.banned)+len(b.drops) != 0 {
		t.Errorf("banned %v, dropped %v for the store's fault", b.banned, b.drops)
	}
}

func TestStoreThatKeepsNothingFails(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(32*kib, 256*kib)
	b := n.learner("b", tor)
	b.lose = func(metainfo.Block) bool { return true }
	n.sender(b, tor, "good", truth)
	n.pass(10 * time.Second)
	if b.Stats().Err != errStoreLies || len(b.banned)+len(b.drops) != 0 {
		t.Errorf("%v, banned %v, dropped %v", b.Stats().Err, b.banned, b.drops)
	}
}

func TestStoreThatCannotReadABadPieceAccusesNobody(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(32*kib, 32*kib)
	b := n.learner("b", tor)
	n.watch = func(h *host, e Effect) {
		if _, isRead := e.(Read); isRead && h == b {
			b.failing = errDisk
		}
	}
	n.sender(b, tor, "liar", lie)
	n.pass(time.Second)
	if b.Stats().Err != errDisk || len(b.banned) != 0 {
		t.Fatalf("%v, banned %v", b.Stats().Err, b.banned)
	}
	// When the store works again
	n.watch = nil
	b.failing = nil
	b.handle(Resume{})
	n.pass(time.Second)
	if !slices.Equal(b.bannedNames(), []string{"liar"}) {
		t.Errorf("banned %v", b.banned)
	}
}

// TestAuditAndUploadReadTheSamePiece asks for a piece in the moment in which it is
// read to find a liar.
func TestAuditAndUploadReadTheSamePiece(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(512*kib, 512*kib)
	b := n.leech("b", tor)
	b.trusted("good", "liar")
	b.handle(Learn{tor.info})
	taker := n.puppet(b, hand(tor, "take"))
	taker.send(wire.HaveNone{}, wire.Interested{})
	n.pass(time.Second)
	reads := 0
	n.watch = func(h *host, e Effect) {
		switch e := e.(type) {
		case Read:
			reads++
		case Have:
			n.after(0, func() {
				b.handle(Received{taker.peer, wire.Append(nil, wire.Request{Piece: uint32(e.Piece), Length: 16 * kib})})
			})
		}
	}
	// Given a piece from two, one of whom lied
	k := 0
	first := true
	liar := n.sender(b, tor, "liar", func(m wire.Piece) wire.Piece {
		if first {
			first = false
			return lie(m)
		}
		return m
	})
	_ = liar
	n.sender(b, tor, "good", func(m wire.Piece) wire.Piece { k++; return m })
	n.run(10*time.Second, allDone(b))
	n.pass(time.Second)
	if got := all[wire.Piece](taker); len(got) != 1 || !bytes.Equal(got[0].Block, tor.data[:16*kib]) {
		t.Errorf("the taker got %d blocks, or wrong ones", len(got))
	}
	if len(b.uploads.reading) != 0 || b.uploads.bytes != 0 {
		t.Errorf("still reading: %v", b.uploads.reading)
	}
	if got := b.bannedNames(); !slices.Equal(got, []string{"liar"}) {
		t.Errorf("banned %v", got)
	}
	if reads > 3 { // the bad piece, and the good one for each
		t.Errorf("%d reads", reads)
	}
}

func TestStoreThatReadsAGoodPieceWrongAccusesNobody(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(512*kib, 512*kib)
	b := n.leech("b", tor)
	b.trusted("good", "liar")
	b.handle(Learn{tor.info})
	n.pass(10 * time.Millisecond)
	// Given a piece from two, one of whom lied, and a store that goes wrong before
	// the right one is read
	tries := 0
	n.watch = func(h *host, e Effect) {
		if _, is := e.(Verify); is {
			tries++
			b.garble = tries == 2
		}
	}
	first := true
	n.sender(b, tor, "liar", func(m wire.Piece) wire.Piece {
		if first {
			first = false
			return lie(m)
		}
		return m
	})
	n.sender(b, tor, "good", truth)
	n.run(10*time.Second, allDone(b))
	n.pass(time.Second)
	if !b.garble || slices.Contains(b.bannedNames(), "good") {
		t.Errorf("banned %v", b.bannedNames())
	}
}

func TestSoleSenderOfWrongMetadataIsBanned(t *testing.T) {
	n := newNetwork(t)
	tor := longTorrent()
	b := n.leech("b", tor)
	liar := metadataPuppet(n, b, tor, int64(len(tor.info.Bytes)), lying(tor))
	n.pass(time.Second)
	if b.drops[liar.peer] != wrongMetadata || len(b.banned) != 1 {
		t.Errorf("dropped with %q, banned %v", b.drops[liar.peer], b.banned)
	}
}

func TestSumsDifferWithAnyBit(t *testing.T) {
	k := newSummer(rand.New(rand.NewPCG(1, 0)))
	data := make([]byte, 100)
	seen := map[uint64]int{k.of(data): -1}
	for bit := range 800 {
		data[bit/8] ^= 1 << (bit % 8)
		if other, known := seen[k.of(data)]; known {
			t.Fatalf("bits %d and %d: the same sum", bit, other)
		}
		seen[k.of(data)] = bit
		data[bit/8] ^= 1 << (bit % 8)
	}
	if k.of(data) == k.of(data[:99]) || k.of(data) == newSummer(rand.New(rand.NewPCG(2, 0))).of(data) {
		t.Error("the sum depends on neither length nor key")
	}
}

func TestSumsOfOldPiecesAreForgotten(t *testing.T) {
	var r recent
	for i := range metainfo.PieceIndex(100) {
		r.remember(i, make(sums, maxRecent/10))
	}
	if r.blocks > maxRecent || len(r.pieces) != len(r.order) || r.pieces[99] == nil || r.pieces[80] != nil {
		t.Errorf("%d blocks of %d pieces", r.blocks, len(r.pieces))
	}
}

func TestLiarOfAnotherTorrentIsDroppedHereToo(t *testing.T) {
	n := newNetwork(t)
	one, two := newTorrent(16*kib, 16*kib), newTorrent(16*kib, 17*kib)
	a, b := n.learner("a", one), n.seedOf("b", two)
	b.cfg.Book = a.cfg.Book // of one client
	there := n.puppet(b, hand(two, "liar"))
	n.pass(time.Second)
	n.sender(a, one, "liar", lie)
	n.pass(keepAlive + time.Second)
	if len(a.banned) != 1 || b.drops[there.peer] != shutOut {
		t.Errorf("banned %v; dropped with %q in the other torrent", a.banned, b.drops[there.peer])
	}
}
