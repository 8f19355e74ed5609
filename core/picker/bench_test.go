package picker

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/shoal-p2p/shoal/core/bitfield"
	"github.com/shoal-p2p/shoal/core/metainfo"
)

const benchPeers = 50

// shape gives peer k of the swarm its pieces.
type shape struct {
	name string
	has  func(k, i int, rng *rand.Rand) bool
}

var shapes = []shape{
	{"half", func(k, i int, rng *rand.Rand) bool { return rng.IntN(2) == 0 }},
	// All but one peer have the same half; nobody but that one has the other. So
	// the order begins with pieces that 49 of 50 lack.
	{"rare elsewhere", func(k, i int, rng *rand.Rand) bool { return (k == 0) == (i%2 == 0) }},
	// One peer has all but a piece; each of the others has one piece in 20, which
	// of the fewest pieces that are measured too is more than are looked at.
	{"one in 20", func(k, i int, rng *rand.Rand) bool { return k == 0 && i > 0 || rng.IntN(20) == 0 }},
}

func benchLayout(pieces int) metainfo.Layout {
	return newLayout(int64(pieces)*16*blockSize, 16*blockSize)
}

func benchSwarm(pieces int, has func(k, i int, rng *rand.Rand) bool) (*Picker, []*Peer) {
	rng := rand.New(rand.NewPCG(1, 0))
	p := New(benchLayout(pieces), rng)
	var peers []*Peer
	for k := range benchPeers {
		peer := p.joinWith(uint64(k))
		pieces := bitfield.New(pieces)
		for i := range pieces.Len() {
			if has(k, i, rng) {
				pieces.Set(i)
			}
		}
		p.HasSet(peer, pieces)
		peers = append(peers, peer)
	}
	return p, peers
}

func eachSize(b *testing.B, run func(b *testing.B, pieces int)) {
	for _, pieces := range []int{1000, 10_000, 100_000} {
		b.Run(fmt.Sprint(pieces), func(b *testing.B) {
			b.ReportAllocs()
			run(b, pieces)
		})
	}
}

// steady is the life of a torrent: peers are asked in turn for one block, which
// comes, and pieces are verified; when most is there, or a peer has nothing more
// to give, it begins anew, so that no pick is an idle one.
func steady(b *testing.B, fill func() (*Picker, []*Peer)) {
	var p *Picker
	var peers []*Peer
	var blocks []metainfo.Block
	at, start := 0, int64(0)
	for b.Loop() {
		if p == nil || p.Left() < start/4 || len(blocks) == 0 {
			b.StopTimer()
			p, peers = fill()
			start = p.Left()
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

func BenchmarkBlock(b *testing.B) {
	b.Run("seeds", func(b *testing.B) {
		eachSize(b, func(b *testing.B, pieces int) {
			steady(b, func() (*Picker, []*Peer) {
				p, peers := benchSwarm(pieces, func(int, int, *rand.Rand) bool { return false })
				for _, peer := range peers {
					p.HasAll(peer)
				}
				return p, peers
			})
		})
	})
	for _, s := range shapes {
		b.Run(s.name, func(b *testing.B) {
			eachSize(b, func(b *testing.B, pieces int) {
				steady(b, func() (*Picker, []*Peer) { return benchSwarm(pieces, s.has) })
			})
		})
	}
}

// BenchmarkStart is the worst of Pick: each starts a piece, which is given back.
func BenchmarkStart(b *testing.B) {
	for _, s := range shapes {
		b.Run(s.name, func(b *testing.B) {
			eachSize(b, func(b *testing.B, pieces int) {
				p, peers := benchSwarm(pieces, s.has)
				var blocks []metainfo.Block
				at := 0
				for b.Loop() {
					peer := peers[at%len(peers)]
					at++
					if blocks = p.Pick(peer, 1, blocks[:0]); len(blocks) == 0 {
						b.Fatal("nothing to pick")
					}
					p.Returned(peer, blocks[0])
				}
			})
		})
	}
}

// haves is what peers get of the first pieces, in random turns and each in an
// order of its own. None comes twice, unlike what is drawn at random.
type haves struct {
	rng    *rand.Rand
	first  int
	at     [benchPeers]int
	stride [benchPeers]int // shares no factor with first, a power of ten
}

func newHaves(first int) *haves {
	h := &haves{rng: rand.New(rand.NewPCG(2, 0)), first: first}
	for k := range h.stride {
		h.at[k], h.stride[k] = h.rng.IntN(first), h.rng.IntN(first/10)*10+3
	}
	return h
}

func (h *haves) next() (k, i int) {
	k = h.rng.IntN(benchPeers)
	h.at[k] = (h.at[k] + h.stride[k]) % h.first
	return k, h.at[k]
}

// has lets peers that have nothing get half of the first pieces.
func has(b *testing.B, pieces, first int) {
	var p *Picker
	var peers []*Peer
	var get *haves
	left := 0
	for b.Loop() {
		if left == 0 {
			b.StopTimer()
			p, peers = New(benchLayout(pieces), rand.New(rand.NewPCG(1, 0))), nil
			for k := range benchPeers {
				peers = append(peers, p.joinWith(uint64(k)))
			}
			get, left = newHaves(first), first*benchPeers/2
			b.StartTimer()
		}
		k, i := get.next()
		p.Has(peers[k], metainfo.PieceIndex(i))
		left--
	}
}

func BenchmarkHas(b *testing.B) {
	eachSize(b, func(b *testing.B, pieces int) { has(b, pieces, pieces) })
}

// BenchmarkHasNear is haves of a thousand neighbours, however many pieces there
// are. What BenchmarkHas takes longer than this is the way to memory.
func BenchmarkHasNear(b *testing.B) {
	eachSize(b, func(b *testing.B, pieces int) { has(b, pieces, 1000) })
}

// BenchmarkJoin is a peer with half of the pieces that comes and goes.
func BenchmarkJoin(b *testing.B) {
	eachSize(b, func(b *testing.B, pieces int) {
		p, _ := benchSwarm(pieces, shapes[0].has)
		half := bitfield.New(pieces)
		for i := 0; i < pieces; i += 2 {
			half.Set(i)
		}
		for b.Loop() {
			peer := p.joinWith(99)
			p.HasSet(peer, half)
			p.Leave(peer)
		}
	})
}

// BenchmarkWant selects files of ten pieces one by one.
func BenchmarkWant(b *testing.B) {
	eachSize(b, func(b *testing.B, pieces int) {
		p, _ := benchSwarm(pieces, shapes[0].has)
		wishes := make([]Priority, pieces)
		at := 0
		for b.Loop() {
			for k := range 10 {
				i := (at + k) % pieces
				wishes[i] = Normal - wishes[i]
			}
			at += 10
			p.Want(wishes)
		}
	})
}

// BenchmarkWindow is a reader that goes on by one piece.
func BenchmarkWindow(b *testing.B) {
	eachSize(b, func(b *testing.B, pieces int) {
		p, _ := benchSwarm(pieces, shapes[0].has)
		at := 0
		for b.Loop() {
			at = (at + 1) % (pieces - 32)
			p.Window(1, metainfo.PieceIndex(at), metainfo.PieceIndex(at+31))
		}
	})
}
