package picker

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/shoal-p2p/shoal/core/bitfield"
	"github.com/shoal-p2p/shoal/core/metainfo"
)

var seed = flag.Uint64("seed", 1, "seed of the random tests")

func newRand(t *testing.T) *rand.Rand {
	t.Helper()
	t.Logf("-seed=%d", *seed)
	return rand.New(rand.NewPCG(*seed, 0))
}

const blockSize = metainfo.BlockSize

func newLayout(length, pieceLength int64) metainfo.Layout {
	layout, err := metainfo.NewLayout(length, pieceLength)
	if err != nil {
		panic(err)
	}
	return layout
}

// newPicker is a torrent of n pieces with two blocks each.
func newPicker(n int) *Picker {
	return New(newLayout(int64(n)*2*blockSize, 2*blockSize), rand.New(rand.NewPCG(7, 0)))
}

func (p *Picker) joinSeed(id uint64) *Peer {
	peer := p.Join(id)
	p.HasAll(peer)
	return peer
}

func (p *Picker) joinWith(id uint64, pieces ...metainfo.PieceIndex) *Peer {
	peer := p.Join(id)
	for _, i := range pieces {
		p.Has(peer, i)
	}
	return peer
}

func pieceOf(t *testing.T, blocks []metainfo.Block) metainfo.PieceIndex {
	t.Helper()
	if len(blocks) == 0 {
		t.Fatal("nothing was picked")
	}
	return blocks[0].Piece
}

func TestRarestPieceComesFirst(t *testing.T) {
	p := newPicker(4)
	a := p.joinWith(1, 0, 1, 2, 3)
	p.joinWith(2, 0, 1, 3)
	p.joinWith(3, 0, 1)
	var got []metainfo.PieceIndex
	for range 2 {
		got = append(got, pieceOf(t, p.Pick(a, 2, nil)))
	}
	if !slices.Equal(got, []metainfo.PieceIndex{2, 3}) {
		t.Errorf("picked %v, want 2 (one peer), then 3 (two peers)", got)
	}
}

func TestTiesAreRandom(t *testing.T) {
	first := make(map[metainfo.PieceIndex]bool)
	for s := range uint64(40) {
		p := New(newLayout(8*2*blockSize, 2*blockSize), rand.New(rand.NewPCG(s, 0)))
		first[pieceOf(t, p.Pick(p.joinSeed(1), 1, nil))] = true
	}
	if len(first) < 5 {
		t.Errorf("40 seeds began with only %d of 8 pieces", len(first))
	}
}

func TestStartedPieceIsFinishedFirst(t *testing.T) {
	p := newPicker(4)
	a, b := p.joinSeed(1), p.joinSeed(2)
	started := pieceOf(t, p.Pick(a, 1, nil))
	if got := pieceOf(t, p.Pick(b, 1, nil)); got != started {
		t.Errorf("the second peer was asked for piece %d, want %d, which was started", got, started)
	}
}

func TestOpenPiecesAreBounded(t *testing.T) {
	// Given peers that each have one block asked of a piece that no other has
	p := newPicker(100)
	for i := range metainfo.PieceIndex(90) {
		peer := p.joinWith(uint64(i), i)
		p.Pick(peer, 1, nil)
		p.Leave(peer)
	}
	// When one more peer, which has others, asks for more than one piece
	last := p.joinWith(99, 95, 96, 97)
	blocks := p.Pick(last, 6, nil)
	// Then it gets one piece, so as not to idle, and starts no other
	if len(blocks) != 2 || p.Pick(last, 6, nil) != nil {
		t.Errorf("picked %v, want one piece", blocks)
	}
}

func TestOnlyWantedPiecesArePicked(t *testing.T) {
	p := newPicker(4)
	mask := bitfield.New(4)
	mask.Set(2)
	p.Want(mask)
	a := p.joinSeed(1)
	blocks := p.Pick(a, 10, nil)
	if len(blocks) != 2 || blocks[0].Piece != 2 {
		t.Errorf("picked %v, want both blocks of piece 2", blocks)
	}
	if p.Wanted() != 2*blockSize || p.Left() != 2*blockSize {
		t.Errorf("wanted %d, left %d", p.Wanted(), p.Left())
	}
}

func TestInterestFollowsHavesAndSelection(t *testing.T) {
	p := newPicker(2)
	a, b := p.joinWith(1, 0), p.joinSeed(2)
	if !p.Interesting(a) || !p.Interesting(b) {
		t.Error("a peer with a missing piece is not interesting")
	}
	p.Verified(0)
	if p.Interesting(a) || !p.Interesting(b) {
		t.Error("after piece 0 came, want only the seed interesting")
	}
	mask := bitfield.New(2)
	mask.Set(0)
	p.Want(mask)
	if p.Interesting(b) || p.Left() != 0 {
		t.Error("nothing wanted is missing, but the seed is interesting")
	}
}

func TestEndgameAsksAgainAndCancels(t *testing.T) {
	p := newPicker(1)
	a, b := p.joinSeed(1), p.joinSeed(2)
	blocks := p.Pick(a, 2, nil)
	if !p.Endgame() {
		t.Fatal("every block is asked for, yet no endgame")
	}
	again := p.Pick(b, 5, nil)
	if !slices.Equal(again, blocks) {
		t.Errorf("the other peer was asked for %v, want %v", again, blocks)
	}
	if more := p.Pick(b, 5, nil); more != nil {
		t.Errorf("it was asked again for %v", more)
	}
	arrival := p.Arrived(b, blocks[0])
	if !arrival.Fresh || arrival.Complete || !slices.Equal(arrival.Cancel, []*Peer{a}) {
		t.Errorf("arrival %+v, want a to be cancelled", arrival)
	}
	if second := p.Arrived(a, blocks[0]); second.Fresh {
		t.Error("the slower copy counts as fresh")
	}
	if last := p.Arrived(a, blocks[1]); !last.Complete {
		t.Error("the piece is not complete after both blocks")
	}
}

func TestReturnedBlockGoesToAnother(t *testing.T) {
	p := newPicker(1)
	a := p.joinSeed(1)
	blocks := p.Pick(a, 2, nil)
	p.Returned(a, blocks[1])
	b := p.joinSeed(2)
	if got := p.Pick(b, 1, nil); !slices.Equal(got, blocks[1:]) {
		t.Errorf("picked %v, want %v", got, blocks[1:])
	}
	p.Leave(a)
	if got := p.Pick(b, 1, nil); !slices.Equal(got, blocks[:1]) {
		t.Errorf("picked %v, want %v of the peer who left", got, blocks[:1])
	}
}

func TestLateBlockIsTaken(t *testing.T) {
	p := newPicker(1)
	a, b := p.joinSeed(1), p.joinSeed(2)
	blocks := p.Pick(a, 2, nil)
	p.ReturnAll(a)
	p.Pick(b, 1, nil)
	if got := p.Arrived(a, blocks[0]); !got.Fresh || !slices.Equal(got.Cancel, []*Peer{b}) {
		t.Errorf("late block: %+v", got)
	}
	if got := p.Arrived(a, blocks[1]); !got.Fresh || !got.Complete {
		t.Errorf("late block that nobody was asked for: %+v", got)
	}
}

func TestFailedPieceIsFetchedAgainWholeFromOnePeer(t *testing.T) {
	p := newPicker(1)
	a, b := p.joinSeed(1), p.joinSeed(2)
	one := p.Pick(a, 1, nil)
	two := p.Pick(b, 1, nil)
	p.Arrived(a, one[0])
	p.Arrived(b, two[0])
	if senders := p.Failed(0); !slices.Equal(senders, []*Peer{a, b}) {
		t.Fatalf("senders %v, want both", senders)
	}
	if got := p.Pick(b, 1, nil); len(got) != 1 {
		t.Fatal("the failed piece is not asked for again")
	}
	if got := p.Pick(a, 1, nil); got != nil {
		t.Errorf("the second try is shared: a was asked for %v", got)
	}
	p.ReturnAll(b)
	if got := p.Pick(a, 2, nil); len(got) != 2 {
		t.Errorf("b gave up, but a was asked for %v only", got)
	}
}

func TestPeerThatLacksAPieceAfterAll(t *testing.T) {
	p := newPicker(2)
	a := p.joinSeed(1)
	p.Lacks(a, 0)
	blocks := p.Pick(a, 10, nil)
	if len(blocks) != 2 || blocks[0].Piece != 1 || a.IsSeed() {
		t.Errorf("picked %v, want piece 1 only", blocks)
	}
}

// world is a random swarm around one picker, with what the picker must keep.
type world struct {
	t      *testing.T
	rng    *rand.Rand
	layout metainfo.Layout
	p      *Picker
	peers  []*Peer
	asked  map[*Peer][]metainfo.Block
	next   uint64
}

func (w *world) join() {
	w.next++
	peer := w.p.Join(w.next)
	w.peers = append(w.peers, peer)
	switch w.rng.IntN(4) {
	case 0:
		w.p.HasAll(peer)
	default:
		set := bitfield.New(w.layout.Pieces())
		for i := range set.Len() {
			if w.rng.IntN(3) == 0 {
				set.Set(i)
			}
		}
		w.p.HasSet(peer, set)
	}
}

func (w *world) leave(peer *Peer) {
	w.p.Leave(peer)
	delete(w.asked, peer)
	w.peers = without(w.peers, peer)
}

func (w *world) pick(peer *Peer, n int) {
	endgame := w.p.Endgame()
	for _, b := range w.p.Pick(peer, n, nil) {
		if !peer.Has(b.Piece) {
			w.t.Fatalf("peer %d was asked for piece %d, which it lacks", peer.ID, b.Piece)
		}
		if slices.Contains(w.asked[peer], b) {
			w.t.Fatalf("peer %d was asked twice for %v", peer.ID, b)
		}
		if w.p.Have().Has(int(b.Piece)) {
			w.t.Fatalf("asked for %v, which we have", b)
		}
		for _, other := range w.peers {
			if !endgame && !w.p.Endgame() && slices.Contains(w.asked[other], b) {
				w.t.Fatalf("%v was asked twice, and it is not the endgame", b)
			}
		}
		w.asked[peer] = append(w.asked[peer], b)
	}
}

func (w *world) arrive(peer *Peer) {
	if len(w.asked[peer]) == 0 {
		return
	}
	k := w.rng.IntN(len(w.asked[peer]))
	b := w.asked[peer][k]
	w.asked[peer] = slices.Delete(w.asked[peer], k, k+1)
	got := w.p.Arrived(peer, b)
	for _, other := range got.Cancel {
		at := slices.Index(w.asked[other], b)
		if at < 0 {
			w.t.Fatalf("peer %d is to be cancelled, but was not asked for %v", other.ID, b)
		}
		w.asked[other] = slices.Delete(w.asked[other], at, at+1)
	}
	if !got.Complete {
		return
	}
	if w.rng.IntN(10) == 0 {
		w.p.Failed(b.Piece)
	} else {
		w.p.Verified(b.Piece)
	}
}

func (w *world) giveBack(peer *Peer) {
	if w.rng.IntN(2) == 0 {
		w.p.ReturnAll(peer)
		delete(w.asked, peer)
	} else if n := len(w.asked[peer]); n > 0 {
		w.p.Returned(peer, w.asked[peer][n-1])
		w.asked[peer] = w.asked[peer][:n-1]
	}
}

func (w *world) check() {
	startable := 0
	for i := range metainfo.PieceIndex(w.layout.Pieces()) {
		o := &w.p.order
		if o.pieces[o.position[i]] != i || o.in(i) != w.p.startable(i) {
			w.t.Fatalf("the order has lost piece %d", i)
		}
		if b := int(o.bucket[i]); int(o.position[i]) < o.edge[b] || int(o.position[i]) >= o.edge[b+1] {
			w.t.Fatalf("piece %d lies outside its bucket", i)
		}
		available := int32(0)
		for _, peer := range w.peers {
			if !peer.all && peer.Has(i) {
				available++
			}
		}
		if o.availability[i] != available || o.in(i) && o.bucket[i] != 1+available {
			w.t.Fatalf("piece %d: availability %d, bucket %d, want %d", i, o.availability[i], o.bucket[i], available)
		}
		if o.in(i) {
			startable++
		}
	}
	for _, peer := range w.peers {
		if peer.inflight != len(w.asked[peer]) {
			w.t.Fatalf("peer %d: %d in flight, want %d", peer.ID, peer.inflight, len(w.asked[peer]))
		}
		interesting, start := peer.interesting, peer.startable
		if w.p.recount(peer); !peer.all && (interesting != peer.interesting || start != peer.startable) {
			w.t.Fatalf("peer %d: counts %d, %d, want %d, %d", peer.ID, interesting, start, peer.interesting, peer.startable)
		}
	}
}

func TestAnyCourseEndsWithEverything(t *testing.T) {
	rng := newRand(t)
	for round := range 60 {
		pieces := 1 + rng.IntN(40)
		pieceLength := int64(1+rng.IntN(4)) * blockSize
		length := int64(pieces-1)*pieceLength + 1 + rng.Int64N(pieceLength)
		w := &world{t: t, rng: rng, layout: newLayout(length, pieceLength), asked: make(map[*Peer][]metainfo.Block)}
		w.p = New(w.layout, rng)
		for range 400 {
			w.step()
			w.check()
		}
		// When at last one peer has everything and stays
		last := w.p.joinSeed(1 << 20)
		w.peers = append(w.peers, last)
		w.p.Want(nil)
		for steps := 0; w.p.Left() > 0; steps++ {
			if steps > 100000 {
				t.Fatalf("round %d: %d bytes are left for ever", round, w.p.Left())
			}
			w.pick(last, 1+rng.IntN(20))
			w.arrive(last)
			for _, peer := range w.peers {
				if peer != last { // the others go silent
					w.p.ReturnAll(peer)
					delete(w.asked, peer)
				}
			}
		}
		w.check()
	}
}

func (w *world) step() {
	if len(w.peers) == 0 || w.rng.IntN(20) == 0 && len(w.peers) < 12 {
		w.join()
	}
	peer := w.peers[w.rng.IntN(len(w.peers))]
	i := metainfo.PieceIndex(w.rng.IntN(w.layout.Pieces()))
	switch k := w.rng.IntN(100); {
	case k < 2:
		w.leave(peer)
	case k < 10:
		w.giveBack(peer)
	case k < 16:
		w.p.Has(peer, i)
	case k < 18:
		w.p.ReturnAll(peer)
		delete(w.asked, peer)
		w.p.Lacks(peer, i)
	case k < 20:
		mask := bitfield.New(w.layout.Pieces())
		for i := range mask.Len() {
			if w.rng.IntN(2) == 0 {
				mask.Set(i)
			}
		}
		w.p.Want(mask)
	case k < 60:
		w.pick(peer, 1+w.rng.IntN(10))
	default:
		w.arrive(peer)
	}
}

func TestManyPeersFinishTogether(t *testing.T) {
	for n := range 5 {
		t.Run(fmt.Sprint(n+1, " seeds"), func(t *testing.T) {
			p := newPicker(50)
			var peers []*Peer
			for id := range n + 1 {
				peers = append(peers, p.joinSeed(uint64(id)))
			}
			asked := make(map[*Peer][]metainfo.Block)
			total := 0
			for p.Left() > 0 {
				for _, peer := range peers {
					picked := p.Pick(peer, 4-peer.inflight, nil)
					asked[peer] = append(asked[peer], picked...)
					total += len(picked)
					if len(asked[peer]) == 0 {
						continue
					}
					b := asked[peer][0]
					asked[peer] = asked[peer][1:]
					got := p.Arrived(peer, b)
					for _, other := range got.Cancel {
						at := slices.Index(asked[other], b)
						asked[other] = slices.Delete(asked[other], at, at+1)
					}
					if got.Complete {
						p.Verified(b.Piece)
					}
				}
			}
			if total > 100+8*len(peers)*2 {
				t.Errorf("%d requests for 100 blocks", total)
			}
		})
	}
}

func BenchmarkBlockOfAHundredThousandPieces(b *testing.B) {
	layout := newLayout(100_000*16*blockSize, 16*blockSize)
	var p *Picker
	var peers []*Peer
	var blocks []metainfo.Block
	at := 0
	for b.Loop() {
		if p == nil || p.Left() == 0 {
			b.StopTimer()
			p, peers = New(layout, rand.New(rand.NewPCG(1, 0))), nil
			for id := range uint64(50) {
				peers = append(peers, p.joinSeed(id))
			}
			b.StartTimer()
		}
		peer := peers[at%len(peers)]
		at++
		blocks = p.Pick(peer, 1, blocks[:0])
		for _, x := range blocks {
			if p.Arrived(peer, x).Complete {
				p.Verified(x.Piece)
			}
		}
	}
}
