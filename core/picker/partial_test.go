package picker

import (
	"testing"

	"github.com/shoal-p2p/shoal/core/metainfo"
)

func TestIdlePiecesAreBoundedWhateverPeersDo(t *testing.T) {
	for _, leaves := range []bool{true, false} {
		// Given peers that come one after the other, each with two pieces of their
		// own, and send the first block of either and no more
		p := newPicker(4 * maxIdle)
		for i := 0; i < 4*maxIdle; i += 2 {
			peer := p.joinWith(uint64(i), metainfo.PieceIndex(i), metainfo.PieceIndex(i+1))
			for _, b := range p.Pick(peer, 3, nil) {
				if b.Begin == 0 {
					p.Arrived(peer, b)
				} else if !leaves {
					p.Returned(peer, b)
				}
			}
			if leaves {
				p.Leave(peer)
			}
			// Then what is begun stays bounded
			if len(p.started) > maxIdle {
				t.Fatalf("%d pieces are begun, and nobody works at them", len(p.started))
			}
		}
		if len(p.started) < maxIdle/2 {
			t.Errorf("only %d pieces are kept", len(p.started))
		}
		// And a seed finds each block that is missing
		last := p.joinSeed(1000)
		for p.Left() > 0 {
			for _, b := range p.Pick(last, 1, nil) {
				if p.Arrived(last, b).Complete {
					p.Verified(b.Piece)
				}
			}
		}
	}
}

func TestLeastIsGivenUp(t *testing.T) {
	// Given as many idle pieces as may be, two blocks of each but one, and one
	// that nobody wants any more
	const n = maxIdle + 2
	p := New(newLayout(n*3*blockSize, 3*blockSize), newRand(t))
	begin := func(i metainfo.PieceIndex, blocks int) {
		for k := range blocks {
			p.Arrived(p.peers[0], p.layout.Block(i, k))
		}
	}
	p.joinSeed(1)
	for i := range metainfo.PieceIndex(maxIdle) {
		begin(i, min(2, 1+int(i)))
	}
	wishes := make([]Priority, n)
	for i := range wishes {
		wishes[i] = Normal
	}
	wishes[5] = Skip
	p.Want(wishes)
	// When there are two more, first the unwanted is given up, then the one block
	begin(maxIdle, 2)
	if p.started[5] != nil || p.started[0] == nil {
		t.Error("a piece that nobody wants is kept")
	}
	begin(maxIdle+1, 2)
	if p.started[0] != nil || p.started[maxIdle+1] == nil {
		t.Error("of the least begun something is kept")
	}
}

func TestLateBlockOfAPieceThatNobodyIsAtIsTaken(t *testing.T) {
	p := newPicker(1)
	a := p.joinSeed(1)
	blocks := p.Pick(a, 2, nil)
	p.ReturnAll(a)
	if len(p.started) > 0 {
		t.Error("a piece of which nothing came is as if begun")
	}
	if !p.Arrived(a, blocks[0]).Fresh || !p.Arrived(a, blocks[1]).Complete {
		t.Error("late blocks are lost")
	}
}

func TestRetryIsOpenToOthersOnceItIsGivenBack(t *testing.T) {
	// Given a piece that is fetched from one peer alone, which is at another too
	p := newPicker(2)
	p.retry[0] = true
	p.Want([]Priority{High, Low})
	a, b := p.joinSeed(1), p.joinSeed(2)
	blocks := p.Pick(a, 4, nil)
	p.Arrived(a, blocks[0])
	if got := p.Pick(b, 4, nil); len(got) != 2 || got[0].Piece != 1 {
		t.Fatalf("b was asked for %v, want the endgame of piece 1 alone", got)
	}
	// When it does not send the rest
	p.Returned(a, blocks[1])
	// Then another does
	if got := p.Pick(b, 1, nil); len(got) != 1 || got[0] != blocks[1] {
		t.Errorf("b was asked for %v, want %v", got, blocks[1])
	}
}

func TestWhatWasAskedTakesNoMoreRoomThanItNeeds(t *testing.T) {
	var a asks
	part := &partial{}
	for n := range 1000 {
		a.add(ask{part, n})
		if n >= 3 {
			a.remove(ask{part, n - 3})
		}
	}
	if a.len() != 3 || a.at(0).n != 997 || cap(a.list) > 16 {
		t.Errorf("%d asks from %d on, in room for %d", a.len(), a.at(0).n, cap(a.list))
	}
}

func TestBucketsGiveRoomBack(t *testing.T) {
	// Given pieces that 20 peers announce one by one
	const n = 20_000
	p := newPicker(n)
	for k := range uint64(20) {
		peer := p.joinWith(k)
		for i := range metainfo.PieceIndex(n - 1) {
			p.Has(peer, i)
		}
	}
	room := 0
	for level := range p.order.buckets {
		for _, b := range p.order.buckets[level] {
			room += cap(b)
		}
	}
	if room > 4*n+40*roomy {
		t.Errorf("room for %d pieces, of %d", room, n)
	}
}
