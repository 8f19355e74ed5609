package picker

import (
	"math/rand/v2"

	"github.com/shoal-p2p/shoal/core/metainfo"
)

// order keeps the pieces sorted by how many peers have them, without sorting:
// one array in which the pieces of equal availability lie together, in a
// bucket. A piece whose availability changes by one is swapped to the edge of
// its bucket and the edge is moved over it.
//
//	pieces  | out of the order | availability 0 | 1 | 2 | ...
//	bucket          0                  1          2   3
//
// Peers that have everything are not counted here. Within a bucket the order is
// random: a piece that enters it is swapped with one that was there.
type order struct {
	pieces       []metainfo.PieceIndex
	position     []int32 // of each piece in pieces
	bucket       []int32 // of each piece
	availability []int32 // of each piece, in the order or not
	edge         []int   // where each bucket begins; the last is len(pieces)
}

func newOrder(n int, rng *rand.Rand) order {
	o := order{
		pieces:       make([]metainfo.PieceIndex, n),
		position:     make([]int32, n),
		bucket:       make([]int32, n),
		availability: make([]int32, n),
		edge:         []int{0, n},
	}
	for at, i := range rng.Perm(n) {
		o.pieces[at], o.position[i] = metainfo.PieceIndex(i), int32(at)
	}
	return o
}

func (o *order) in(i metainfo.PieceIndex) bool { return o.bucket[i] > 0 }

// common and rare say that one peer more, or one less, has piece i.
func (o *order) common(i metainfo.PieceIndex, rng *rand.Rand) { o.change(i, 1, rng) }
func (o *order) rare(i metainfo.PieceIndex, rng *rand.Rand)   { o.change(i, -1, rng) }

func (o *order) change(i metainfo.PieceIndex, step int32, rng *rand.Rand) {
	o.availability[i] += step
	if o.in(i) {
		o.move(i, 1+o.availability[i])
		o.shuffle(i, rng)
	}
}

// insert and remove take as many swaps as peers have the piece.
func (o *order) insert(i metainfo.PieceIndex, rng *rand.Rand) {
	o.move(i, 1+o.availability[i])
	o.shuffle(i, rng)
}

func (o *order) remove(i metainfo.PieceIndex) { o.move(i, 0) }

// held is the part of the order that somebody has: all of it where somebody has
// everything.
func (o *order) held(seeds int) []metainfo.PieceIndex {
	from := 2
	if seeds > 0 {
		from = 1
	}
	if from >= len(o.edge) {
		return nil
	}
	return o.pieces[o.edge[from]:]
}

func (o *order) move(i metainfo.PieceIndex, to int32) {
	for int(to)+1 >= len(o.edge) {
		o.edge = append(o.edge, len(o.pieces))
	}
	for o.bucket[i] < to {
		next := o.bucket[i] + 1
		o.edge[next]--
		o.swap(o.position[i], int32(o.edge[next]))
		o.bucket[i] = next
	}
	for o.bucket[i] > to {
		at := o.bucket[i]
		o.swap(o.position[i], int32(o.edge[at]))
		o.edge[at]++
		o.bucket[i] = at - 1
	}
}

func (o *order) shuffle(i metainfo.PieceIndex, rng *rand.Rand) {
	from, to := o.edge[o.bucket[i]], o.edge[o.bucket[i]+1]
	o.swap(o.position[i], int32(from+rng.IntN(to-from)))
}

func (o *order) swap(a, b int32) {
	x, y := o.pieces[a], o.pieces[b]
	o.pieces[a], o.pieces[b] = y, x
	o.position[y], o.position[x] = a, b
}
