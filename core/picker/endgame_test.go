package picker

import (
	"slices"
	"testing"
)

func TestEndgameAsksAgainOnlyWhereItHelps(t *testing.T) {
	// Given a peer with four blocks to send, and the endgame
	p := newPicker(2)
	a, same, slow, quick := p.joinSeed(1), p.joinSeed(2), p.joinSeed(3), p.joinSeed(4)
	blocks := p.Pick(a, 4, nil)
	p.Rate(a, 10_000)
	p.Rate(same, 10_000)
	p.Rate(slow, 4_000)
	// When others have nothing to do
	// Then a slow one is asked for nothing
	if got := p.Pick(slow, 9, nil); got != nil {
		t.Errorf("a slow peer was asked for %v", got)
	}
	// One as fast takes what comes last, as much of it as would come in half the
	// time
	if got := p.Pick(same, 9, nil); len(got) != 2 || got[0] != blocks[3] {
		t.Errorf("a peer as fast was asked for %v, want the last two of %v", got, blocks)
	}
	// And of one whose rate nobody knows nothing is expected
	if got := p.Pick(quick, 9, nil); got != nil {
		t.Errorf("an unknown peer was asked for %v", got)
	}
	p.Rate(quick, 1000_000)
	if got := p.Pick(quick, 9, nil); len(got) != maxRepeats {
		t.Errorf("a quick peer was asked for %v", got)
	}
}

func TestEndgameHelpsWhoNeedsLongest(t *testing.T) {
	p := newPicker(2)
	a, b, c := p.joinSeed(1), p.joinSeed(2), p.joinSeed(3)
	p.Rate(a, 10_000)
	p.Rate(b, 5_000)
	p.Rate(c, 1000_000)
	p.Pick(a, 2, nil)
	slow := p.Pick(b, 2, nil)
	if got := p.Pick(c, 1, nil); !slices.Equal(got, slow[1:]) {
		t.Errorf("asked for %v, want %v, the last of the slowest", got, slow[1:])
	}
}

func TestNoBlockIsAskedOfMoreThanThree(t *testing.T) {
	p := newPicker(1)
	copies := 0
	for id := range uint64(6) {
		copies += len(p.Pick(p.joinSeed(id), 2, nil))
	}
	if copies > 2*maxHolders {
		t.Errorf("%d copies of two blocks", copies)
	}
}

func TestSilentPeerIsHelpedByAll(t *testing.T) {
	p := newPicker(1)
	silent, b := p.joinSeed(1), p.joinSeed(2)
	blocks := p.Pick(silent, 2, nil)
	p.Rate(b, 1000)
	if got := p.Pick(b, 9, nil); !slices.Equal(got, blocks) {
		t.Errorf("asked for %v, want %v, the first that was asked for first", got, blocks)
	}
}
