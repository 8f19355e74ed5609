package picker

import (
	"testing"

	"github.com/shoal-p2p/shoal/core/metainfo"
)

func TestALostPieceIsFetchedAgain(t *testing.T) {
	p := newPicker(3)
	seed := p.joinSeed(1)
	// Given a picker that has everything
	for i := range 3 {
		p.Verified(metainfo.PieceIndex(i))
	}
	if p.Interesting(seed) || p.Left() != 0 {
		t.Fatal("something is missing of what is there")
	}
	// when a piece is lost, twice,
	p.Lost(1)
	p.Lost(1)
	// then it alone is asked for, and once it is there again nothing is.
	if p.Left() != int64(p.layout.Piece(1).Length) || !p.Interesting(seed) {
		t.Fatalf("%d bytes are missing", p.Left())
	}
	blocks := p.Pick(seed, 100, nil)
	if got := pieceOf(t, blocks); got != 1 || len(blocks) != p.layout.Blocks(1) {
		t.Fatalf("piece %d is asked for, in %d blocks", got, len(blocks))
	}
	for _, b := range blocks {
		p.Arrived(seed, b)
	}
	p.Verified(1)
	if p.Left() != 0 || p.Interesting(seed) || len(p.Pick(seed, 100, nil)) != 0 {
		t.Error("something is missing when the piece is there again")
	}
}
