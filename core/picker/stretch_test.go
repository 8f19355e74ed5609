package picker

import (
	"testing"

	"github.com/shoal-p2p/shoal/core/metainfo"
)

// starts is with which pieces a peer begins as it is asked for so many.
func (p *Picker) starts(peer *Peer, pieces int) []metainfo.PieceIndex {
	var list []metainfo.PieceIndex
	for _, b := range p.Pick(peer, 2*pieces, nil) {
		if len(list) == 0 || list[len(list)-1] != b.Piece {
			list = append(list, b.Piece)
		}
	}
	return list
}

func follow(list []metainfo.PieceIndex) (n int) {
	for k := 1; k < len(list); k++ {
		if list[k] == list[k-1]+1 {
			n++
		}
	}
	return n
}

func TestAFastPeerIsAskedForWhatFollows(t *testing.T) {
	// Given a seed that sends eight pieces in a quarter of a second, at equal
	// rarity of all,
	p := newPicker(1024)
	fast := p.joinSeed(1)
	p.Rate(fast, 4*8*2*blockSize)
	// then it is asked for whole stretches of eight, from their beginning,
	list := p.starts(fast, 64)
	for k := 0; k < len(list); k += 8 {
		if list[k]%8 != 0 || follow(list[k:k+8]) != 7 {
			t.Fatalf("not in stretches: %v", list)
		}
	}
	// and not for one after the other.
	if list[8] == list[7]+1 && list[16] == list[15]+1 && list[24] == list[23]+1 {
		t.Errorf("the stretches follow each other: %v", list)
	}
}

func TestASlowPeerScatters(t *testing.T) {
	p := newPicker(1024)
	slow := p.joinSeed(1)
	p.Rate(slow, 4*2*blockSize)
	if list := p.starts(slow, 64); follow(list) > 8 {
		t.Errorf("%d of 64 pieces follow another: %v", follow(list), list)
	}
}

func TestTheRarestComesBeforeWhatLiesBeforeIt(t *testing.T) {
	// Given a fast peer with everything, and another who has all but piece 100,
	p := newPicker(1024)
	fast, other := p.joinWith(1), p.joinWith(2)
	for i := range metainfo.PieceIndex(1024) {
		p.Has(fast, i)
		if i != 100 {
			p.Has(other, i)
		}
	}
	p.Rate(fast, 4*8*2*blockSize)
	// then that comes first, though its stretch begins with 96.
	if list := p.starts(fast, 2); list[0] != 100 {
		t.Errorf("asked for %v", list)
	}
}

func TestWhatWasTakenBackIsNotGoneOnWith(t *testing.T) {
	p := newPicker(1024)
	fast := p.joinSeed(1)
	p.Rate(fast, 4*8*2*blockSize)
	list := p.starts(fast, 2)
	p.ReturnAll(fast)
	if again := p.starts(fast, 1); again[0] == list[1]+1 {
		t.Errorf("after %v it is asked for %v", list, again)
	}
}
