package picker

import (
	"testing"

	"github.com/shoal-p2p/shoal/core/metainfo"
)

// blockNumbers numbers blocks through the torrent.
func blockNumbers(p *Picker, blocks []metainfo.Block) (numbers []int) {
	for _, b := range blocks {
		numbers = append(numbers, int((p.layout.Piece(b.Piece).Offset+int64(b.Begin))/blockSize))
	}
	return numbers
}

func (p *Picker) checkRun(t *testing.T, blocks []metainfo.Block, first, count int) {
	t.Helper()
	got := blockNumbers(p, blocks)
	for k, n := range got {
		if n != first+k {
			t.Fatalf("a run of blocks %v, want %d from %d on", got, count, first)
		}
	}
	if len(got) != count {
		t.Fatalf("a run of blocks %v, want %d from %d on", got, count, first)
	}
}

func TestLoneWebSeedFetchesFromTheStart(t *testing.T) {
	p := newPicker(10)
	p.Verified(0)
	p.Verified(4)
	a := p.joinSeed(1)
	p.checkRun(t, p.PickRun(a, 5*blockSize+100), 2, 5)
	// The rest of the piece that the range broke off in, and on to what is there
	p.checkRun(t, p.PickRun(a, 3*blockSize), 7, 1)
	p.checkRun(t, p.PickRun(a, 3*blockSize), 10, 3)
	begun := len(p.started)
	p.checkRun(t, p.PickRun(a, blockSize-1), 0, 0)
	if p.checkRun(t, p.PickRun(a, blockSize+1), 13, 1); len(p.started) != begun {
		t.Errorf("%d pieces are begun, of which nothing is asked for", len(p.started)-begun)
	}
	p.checkRun(t, p.PickRun(a, 2*blockSize+1), 14, 2)
	if p.checkRun(t, p.PickRun(a, 1), 0, 0); len(p.started) != begun+1 {
		t.Errorf("%d pieces are begun", len(p.started)-begun)
	}
}

func TestRangeThatFailsIsFetchedAgainFromThere(t *testing.T) {
	p := newPicker(4)
	a := p.joinSeed(1)
	run := p.PickRun(a, 6*blockSize)
	p.checkRun(t, run, 0, 6)
	p.Arrived(a, run[0])
	if !p.Arrived(a, run[1]).Complete {
		t.Fatal("piece 0 is not complete")
	}
	p.Verified(0)
	p.Arrived(a, run[2])
	// When the range ends in the middle
	for _, b := range run[3:] {
		p.Returned(a, b)
	}
	// Then the next ones fetch the rest
	rest := blockNumbers(p, append(p.PickRun(a, 9*blockSize), p.PickRun(a, 9*blockSize)...))
	if len(rest) != 5 {
		t.Errorf("then blocks %v, want the other five", rest)
	}
}

func TestWebSeedBesidePeersTakesWhatNobodyHas(t *testing.T) {
	p := newPicker(6)
	p.joinWith(2, 0, 1, 2, 5)
	a := p.joinSeed(1)
	a.ranges = true
	run := p.PickRun(a, 4*blockSize)
	if n := run[0].Piece; n != 3 && n != 4 {
		t.Errorf("a run of %v, want 3 or 4 first, which no peer has", run)
	}
}

func TestRunStaysWithinAPriorityAndASelection(t *testing.T) {
	p := newPicker(5)
	p.Want([]Priority{Low, High, High, Low, Skip})
	a := p.joinSeed(1)
	p.checkRun(t, p.PickRun(a, 100*blockSize), 2, 4)
	p.checkRun(t, p.PickRun(a, 100*blockSize), 0, 2)
	p.checkRun(t, p.PickRun(a, 100*blockSize), 6, 2)
	if got := p.PickRun(a, 100*blockSize); got != nil {
		t.Errorf("then %v", got)
	}
}

func TestRunEndsAtPadding(t *testing.T) {
	p := newPicker(3)
	p.Pad(3*blockSize, 5*blockSize)
	a := p.joinSeed(1)
	p.checkRun(t, p.PickRun(a, 100*blockSize), 0, 3)
	p.checkRun(t, p.PickRun(a, 100*blockSize), 5, 1)
	// And begins no piece in vain
	p = newPicker(4)
	p.Pad(4*blockSize, 5*blockSize)
	p.checkRun(t, p.PickRun(p.joinSeed(1), 100*blockSize), 0, 4)
	if len(p.started) != 2 {
		t.Errorf("%d pieces are begun", len(p.started))
	}
}

func TestUnprovenWebSeedGetsOnePiece(t *testing.T) {
	p := newPicker(3)
	a := p.joinUnknown(1)
	p.checkRun(t, p.PickRun(a, 100*blockSize), 0, 2)
	if got := p.PickRun(a, 100*blockSize); got != nil {
		t.Errorf("then %v before the first is verified", got)
	}
	p.Arrived(a, p.layout.Block(0, 0))
	p.Arrived(a, p.layout.Block(0, 1))
	for _, sender := range p.Verified(0) {
		p.Trust(sender, true)
	}
	p.checkRun(t, p.PickRun(a, 100*blockSize), 2, 4)
}

func TestReaderGetsARunFromItsPlace(t *testing.T) {
	p := newPicker(9)
	p.Window(1, 5, 6)
	a := p.joinSeed(1)
	p.checkRun(t, p.PickRun(a, 100*blockSize), 10, 4)
}

func TestWebSeedRepeatsWhatASlowPeerHolds(t *testing.T) {
	p := newPicker(1)
	slow, a := p.joinSeed(1), p.joinSeed(2)
	p.Rate(slow, 1000)
	p.Pick(slow, 2, nil)
	if got := p.PickRun(a, 100*blockSize); got != nil {
		t.Errorf("a web seed that nobody knows repeats %v", got)
	}
	p.Rate(a, 1000_000)
	if got := p.PickRun(a, 100*blockSize); len(got) == 0 {
		t.Error("a quick web seed waits for a slow peer")
	}
}
