package picker

import (
	"slices"
	"testing"

	"github.com/shoal-p2p/shoal/core/metainfo"
)

func TestPaddingIsNotAskedFor(t *testing.T) {
	// Given pieces of two blocks, and padding over half of block 2, all of block 3
	p := newPicker(2)
	p.Pad(2*blockSize+blockSize/2, 4*blockSize)
	p.Want([]Priority{Skip, Normal})
	a := p.joinSeed(1)
	got := p.Pick(a, 5, nil)
	if !slices.Equal(got, []metainfo.Block{p.layout.Block(1, 0)}) {
		t.Fatalf("picked %v, want the block that is partly padding", got)
	}
	if arrival := p.Arrived(a, got[0]); !arrival.Complete {
		t.Error("the piece is not complete without its padding")
	}
	if senders := p.Senders(1); !slices.Equal(senders, []*Peer{a, nil}) {
		t.Errorf("senders %v", senders)
	}
	if senders := p.Verified(1); !slices.Equal(senders, []*Peer{a}) || p.Left() != 0 {
		t.Errorf("senders %v, %d left", senders, p.Left())
	}
}

func TestPadsThatTouchAreOne(t *testing.T) {
	p := newPicker(2)
	half := int64(blockSize / 2)
	p.Pad(7*half, 9*half) // beyond the end
	p.Pad(5*half, 6*half)
	p.Pad(3*half, 3*half)
	p.Pad(4*half, 5*half)
	p.Pad(-5, 1)
	if want := []span{{0, 1}, {4 * half, 6 * half}, {7 * half, 8 * half}}; !slices.Equal(p.pads, want) {
		t.Fatalf("pads %v, want %v", p.pads, want)
	}
	if !p.padding(1, 0) || p.padding(1, 1) || p.padding(0, 0) {
		t.Error("want block 2 padding and no other")
	}
	p.Pad(6*half, 7*half)
	if i, ok := p.Due(); !ok || i != 1 {
		t.Error("a piece between pads that touch is not due")
	}
}

func TestPieceOfPaddingIsDueOnce(t *testing.T) {
	p := newPicker(3)
	p.Want([]Priority{Normal, Skip, Normal})
	p.Pad(0, 4*blockSize)
	a := p.joinSeed(1)
	if got := pickPieces(p, a); !slices.Equal(got, []metainfo.PieceIndex{2}) {
		t.Errorf("picked %v, want 2", got)
	}
	if p.Interesting(a) {
		t.Error("a peer is interesting for padding")
	}
	if i, ok := p.Due(); !ok || i != 0 {
		t.Fatalf("due %d, %v, want piece 0", i, ok)
	}
	if i, ok := p.Due(); ok {
		t.Errorf("piece %d is due too", i)
	}
	if senders := p.Verified(0); senders != nil || p.Left() != 0 {
		t.Errorf("senders %v, %d left", senders, p.Left())
	}
	// What is wanted later is due then
	p.Want(nil)
	if i, ok := p.Due(); !ok || i != 1 {
		t.Errorf("due %d, %v, want piece 1", i, ok)
	}
	// And if its hash says that it is no zeros, it is asked for
	p.Failed(1)
	if _, ok := p.Due(); ok {
		t.Error("a piece that failed is due again")
	}
	if got := pickPieces(p, a); !slices.Equal(got, []metainfo.PieceIndex{1}) {
		t.Errorf("picked %v, want 1", got)
	}
}
