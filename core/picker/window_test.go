package picker

import (
	"slices"
	"testing"

	"github.com/shoal-p2p/shoal/core/metainfo"
)

func TestWindowComesFirstAndInOrder(t *testing.T) {
	p := newPicker(8)
	p.Want([]Priority{7: High, 0: Skip})
	p.Window(1, 3, 5)
	a := p.joinSeed(1)
	if got := pickPieces(p, a); !slices.Equal(got, []metainfo.PieceIndex{3, 4, 5, 7}) {
		t.Errorf("picked %v, want the window 3 4 5, though nobody wants it, then 7", got)
	}
	if p.Wanted() != 2*blockSize {
		t.Errorf("a window counts as wanted: %d bytes", p.Wanted())
	}
}

func TestWindowGoesBeforeWhatWasBegunEvenWithManyPiecesOpen(t *testing.T) {
	p := newPicker(20)
	a := p.joinSeed(1)
	for range 10 {
		p.Want(nil)
		p.Pick(a, 1, nil)
	}
	p.Window(1, 12, 13)
	if got := p.Pick(a, 4, nil); len(got) != 4 || got[0].Piece != 12 || got[2].Piece != 13 {
		t.Errorf("picked %v, want pieces 12 and 13", got)
	}
}

func TestSeekTakesTheWindowAlong(t *testing.T) {
	p := newPicker(10)
	p.Want(make([]Priority, 10))
	a, b := p.joinSeed(1), p.joinWith(2, 2)
	p.Window(1, 2, 3)
	if !p.Interesting(a) || !p.Interesting(b) {
		t.Error("who has a piece of the window is not interesting")
	}
	p.Window(1, 3, 4)
	if p.Interesting(b) {
		t.Error("a piece that the window has left is still needed")
	}
	if got := pickPieces(p, a); !slices.Equal(got, []metainfo.PieceIndex{3, 4}) {
		t.Errorf("picked %v, want 3 4", got)
	}
	p.Window(1, 8, 100)
	if got := pickPieces(p, a); !slices.Equal(got, []metainfo.PieceIndex{8, 9}) {
		t.Errorf("picked %v after a seek beyond the end, want 8 9", got)
	}
	p.Window(1, 0, 1)
	p.CloseWindow(1)
	p.CloseWindow(7)
	if p.Interesting(a) || len(p.windows) > 0 {
		t.Error("a reader that has gone still needs pieces")
	}
}

func TestReadersTakeTurns(t *testing.T) {
	p := newPicker(20)
	p.Want(make([]Priority, 20))
	p.Window(1, 0, 3)
	p.Window(2, 10, 13)
	got := pickPieces(p, p.joinSeed(1))
	if len(got) != 8 || !slices.Contains(got[:4], 0) || !slices.Contains(got[:4], 10) {
		t.Errorf("picked %v: one reader waits for all of the other", got)
	}
}

func TestReadersAreBounded(t *testing.T) {
	p := newPicker(100)
	for reader := range uint64(90) {
		p.Window(reader, metainfo.PieceIndex(reader), metainfo.PieceIndex(reader))
	}
	if len(p.windows) != MaxReaders || p.windows[0].reader != 90-MaxReaders {
		t.Errorf("%d windows, the oldest of reader %d", len(p.windows), p.windows[0].reader)
	}
	if p.level(0) != Normal || p.level(89) != reading {
		t.Error("a forgotten window holds")
	}
}

func TestSlowPeerLeavesTheFirstPiecesToQuickOnes(t *testing.T) {
	// Given a reader, a quick peer that is at work and a slow one
	p := newPicker(10)
	quick, slow := p.joinSeed(1), p.joinSeed(2)
	p.Rate(quick, 1000_000)
	p.Rate(slow, 10_000)
	p.Window(1, 4, 9)
	if got := pieceOf(t, p.Pick(quick, 1, nil)); got != 4 {
		t.Fatalf("the quick peer was asked for piece %d", got)
	}
	if got := pieceOf(t, p.Pick(slow, 1, nil)); got != 6 {
		t.Errorf("the slow peer was asked for piece %d, want 6, behind the urgent ones", got)
	}
	// When the quick one sends nothing any more
	p.ReturnAll(quick)
	p.ReturnAll(slow)
	// Then the slow one takes what is nearest
	if got := pieceOf(t, p.Pick(slow, 1, nil)); got != 4 {
		t.Errorf("the slow peer alone was asked for piece %d, want 4", got)
	}
}

func TestNobodyIsSlowOnceTheFastestHasLeft(t *testing.T) {
	p := newPicker(10)
	quick, slow := p.joinSeed(1), p.joinSeed(2)
	p.Rate(quick, 1000_000)
	p.Rate(slow, 10_000)
	p.Leave(quick)
	if p.slow(slow) {
		t.Error("slower than whom?")
	}
}

func TestReaderGetsFreeBlocksBeforeCopies(t *testing.T) {
	p := newPicker(10)
	quick, slow, unknown := p.joinSeed(1), p.joinSeed(2), p.joinSeed(3)
	p.Rate(slow, 10_000)
	p.Window(1, 4, 9)
	p.Pick(slow, 1, nil)
	p.Rate(quick, 1000_000)
	if got := p.Pick(quick, 1, nil); got[0] != p.layout.Block(4, 1) {
		t.Errorf("asked for %v, want the second block of piece 4", got)
	}
	// And of one whose rate is not known nothing is copied
	p.Window(1, 5, 9)
	p.Pick(unknown, 2, nil)
	if got := p.Pick(quick, 1, nil); got[0].Piece != 6 {
		t.Errorf("asked for %v, want piece 6", got)
	}
}

func TestQuickPeerIsAskedAgainForWhatAReaderWaitsFor(t *testing.T) {
	p := newPicker(10)
	quick, slow, fair := p.joinSeed(1), p.joinSeed(2), p.joinSeed(3)
	p.Rate(slow, 10_000)
	p.Rate(fair, 9_000)
	p.Window(1, 4, 9)
	held := p.Pick(slow, 2, nil)
	if got := p.Pick(fair, 2, nil); got[0].Piece != 5 {
		t.Errorf("a peer that is no faster was asked for %v", got)
	}
	p.Rate(quick, 1000_000)
	if got := p.Pick(quick, 3, nil); !slices.Equal(got[:2], held) {
		t.Errorf("the quick peer was asked for %v, want %v first", got, held)
	}
	if arrival := p.Arrived(quick, held[0]); !slices.Equal(arrival.Cancel, []*Peer{slow}) {
		t.Errorf("arrival %+v, want the slow peer cancelled", arrival)
	}
}
