package picker

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

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
	peer := p.joinWith(id)
	p.HasAll(peer)
	return peer
}

func (p *Picker) joinWith(id uint64, pieces ...metainfo.PieceIndex) *Peer {
	peer := p.Join(id)
	p.Trust(peer, true)
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

func TestWhatIsNotGivenMakesNoPieceCommon(t *testing.T) {
	for _, claims := range []string{"before", "after"} {
		t.Run(claims, func(t *testing.T) {
			// Given that two peers give piece 0, three piece 1, and one says that it has
			// 0 and gives nothing
			p := newPicker(2)
			a := p.joinWith(1, 0, 1)
			p.joinWith(2, 0, 1)
			p.joinWith(3, 1)
			silent := p.Join(4)
			if claims == "before" {
				p.Has(silent, 0)
			}
			p.Absent(silent, true)
			p.Has(silent, 0)
			// Then 0 is the rarer one
			if i := pieceOf(t, p.Pick(a, 1, nil)); i != 0 {
				t.Errorf("piece %d is picked, though 0 is rarer", i)
			}
			p.ReturnAll(a)
			// until that one gives, and another has it too
			p.Absent(silent, false)
			p.joinWith(6, 0)
			if i := pieceOf(t, p.Pick(a, 1, nil)); i != 1 {
				t.Errorf("piece %d is picked, though 1 is rarer", i)
			}
		})
	}
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
	// Given peers that each have sent one block of a piece that no other has
	p := newPicker(100)
	for i := range metainfo.PieceIndex(90) {
		peer := p.joinWith(uint64(i), i)
		p.Arrived(peer, p.Pick(peer, 1, nil)[0])
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
	p.Want([]Priority{2: Normal, 3: Skip})
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
	p.Want([]Priority{Normal, Skip})
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
					picked := p.Pick(peer, 4-peer.asked.len(), nil)
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
