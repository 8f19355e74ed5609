package picker

import (
	"slices"
	"testing"

	"github.com/shoal-p2p/shoal/core/metainfo"
)

// pickPieces picks piece after piece of a torrent with two blocks in each, as long as
// there are some.
func pickPieces(p *Picker, peer *Peer) []metainfo.PieceIndex {
	var pieces []metainfo.PieceIndex
	for {
		blocks := p.Pick(peer, 2, nil)
		if len(blocks) == 0 {
			return pieces
		}
		pieces = append(pieces, blocks[0].Piece)
		for _, b := range blocks {
			if p.Arrived(peer, b).Complete {
				p.Verified(b.Piece)
			}
		}
	}
}

func TestHigherPriorityComesFirstAndThenTheRarest(t *testing.T) {
	p := newPicker(5)
	p.Want([]Priority{Low, Normal, High, Normal, 200})
	a := p.joinWith(1, 0, 1, 2, 3, 4)
	p.joinWith(2, 2, 3)
	if got := pickPieces(p, a); !slices.Equal(got, []metainfo.PieceIndex{4, 2, 1, 3, 0}) {
		t.Errorf("picked %v, want 4 2 (high, 4 is rarer), 1 3 (normal), 0", got)
	}
}

func TestPriorityGoesBeforeWhatWasBegun(t *testing.T) {
	// Given a peer at a piece that is begun
	p := newPicker(3)
	a := p.joinSeed(1)
	p.Want([]Priority{Low, Skip, Skip})
	p.Pick(a, 1, nil)
	// When another becomes more important
	p.Want([]Priority{Low, Skip, High})
	// Then it comes first
	if got := pieceOf(t, p.Pick(a, 2, nil)); got != 2 {
		t.Errorf("picked piece %d, want 2", got)
	}
	if got := pieceOf(t, p.Pick(a, 1, nil)); got != 0 {
		t.Errorf("picked piece %d, want 0, which was begun", got)
	}
}

func TestSequentialStartsPiecesInOrder(t *testing.T) {
	p := newPicker(4)
	p.Sequential(true)
	p.Want([]Priority{Normal, Normal, Normal, High})
	p.joinWith(2, 0, 1, 3)
	for _, a := range []*Peer{p.joinSeed(1), p.joinWith(3, 0, 1, 2, 3)} {
		if got := pickPieces(p, a); !slices.Equal(got, []metainfo.PieceIndex{3, 0, 1, 2}) {
			t.Errorf("picked %v, want 3 (high), then 0 1 2", got)
		}
		for i := range metainfo.PieceIndex(4) {
			p.have.Clear(int(i)) // as if nothing had come
			p.Failed(i)
		}
	}
}

func TestChangedWishesCountOnce(t *testing.T) {
	p := newPicker(3)
	p.Verified(0)
	p.Want([]Priority{Low, Low, Skip})
	p.Want([]Priority{High, Low, Skip})
	if p.Wanted() != 4*blockSize || p.Left() != 2*blockSize {
		t.Errorf("wanted %d, left %d", p.Wanted(), p.Left())
	}
}

func TestPeerWithPiecesThatAreAllRarerElsewhereGetsItsOwn(t *testing.T) {
	// Given ten thousand pieces that two peers have, and one more that has the
	// last two; one of them is rarer
	const n = 10_000
	p := newPicker(n)
	for k := range uint64(3) {
		peer := p.joinWith(k)
		for i := range metainfo.PieceIndex(n - 2) {
			p.Has(peer, i)
		}
		p.Has(peer, n-1)
	}
	for k := range uint64(3) {
		p.joinWith(10+k, n-2, n-1)
	}
	a := p.joinWith(20, n-2, n-1)
	if got := pickPieces(p, a); !slices.Equal(got, []metainfo.PieceIndex{n - 2, n - 1}) {
		t.Errorf("picked %v, want its rarer piece, then the other", got)
	}
}

func TestTheRarestPieceIsFoundAmongManyOfAPeer(t *testing.T) {
	const n = 10_000
	p := newPicker(n)
	a, b := p.joinWith(1), p.joinWith(2)
	for i := range metainfo.PieceIndex(n) {
		p.Has(a, i)
		if i != 7777 {
			p.Has(b, i)
		}
	}
	p.Lacks(a, 0)
	if got := pieceOf(t, p.Pick(a, 1, nil)); got != 7777 {
		t.Errorf("picked %d, want 7777, which nobody else has", got)
	}
}

func TestPeerWithManyPiecesGetsOneOfTheRarestOfThem(t *testing.T) {
	// Given a peer whose pieces all are more common than the thousands that it
	// lacks; a fifth of its own are rarer than the rest
	const n = 10_000
	p := newPicker(n)
	own, rare := p.joinWith(1), 0
	for k := range uint64(3) {
		peer := p.joinWith(2 + k)
		for i := range metainfo.PieceIndex(n / 2) {
			if k < 2 || i%5 > 0 {
				p.Has(peer, i)
			}
			p.Has(own, i)
		}
	}
	p.joinWith(9)
	for i := metainfo.PieceIndex(n / 2); i < n; i++ {
		p.Has(p.peers[len(p.peers)-1], i)
	}
	for range 50 {
		if pieceOf(t, p.Pick(own, 2, nil))%5 == 0 {
			rare++
		}
	}
	if rare < 40 {
		t.Errorf("%d of 50 picked pieces are of the rarest fifth", rare)
	}
}
