package picker

import (
	"math/bits"
	"math/rand/v2"

	"github.com/shoal-p2p/shoal/core/metainfo"
)

const (
	// reading is the level of the pieces in a reader's window, above all
	// priorities; level 0 is out of the order.
	reading = High + 1
	levels  = int(reading) + 1
	// commonest is how many peers make a piece as common as can be: from there on
	// it does not matter how many more there are, and a word has a bit for each
	// bucket.
	commonest = 63
	// roomy is how many pieces a bucket may have room for without giving it back.
	roomy = 1024
)

// order keeps the pieces to be started sorted by level and by how many peers
// have them, without sorting: a bucket for each pair, and for each piece its
// place in its bucket. Peers that have everything are not counted. Whoever takes
// from a bucket does so at random, so the order within it means nothing.
type order struct {
	pieces  []standing
	buckets [levels][commonest + 1][]metainfo.PieceIndex
	used    [levels]uint64 // bit a: bucket a is not empty
	// sets is the pieces of each level, made when it is first used; in the place
	// of level 0, which is no order, the pieces that are needed.
	sets  [levels]set
	known [levels][]uint64 // the sets as the peers' counts have them
}

// standing is where a piece stands. All of it lies together, as a step from
// piece to piece is mostly one to memory that no cache holds.
type standing struct {
	place        int32  // in its bucket
	availability uint16 // peers that have it, whether it is in the order or not
	level        Priority
}

func newOrder(n int) order {
	return order{pieces: make([]standing, n)}
}

// put moves piece i to a level, or out with 0.
func (o *order) put(i metainfo.PieceIndex, level Priority) {
	if was := o.pieces[i].level; was > 0 {
		o.take(i)
		o.sets[was].remove(int(i))
	}
	if o.pieces[i].level = level; level > 0 {
		o.give(i)
		o.in(level).add(int(i))
	}
}

// in returns the set of a level.
func (o *order) in(level Priority) *set {
	if o.sets[level].words == nil {
		o.sets[level] = newSet(len(o.pieces))
		o.known[level] = make([]uint64, len(o.sets[level].words))
	}
	return &o.sets[level]
}

// change counts one peer more that has piece i, or one less.
func (o *order) change(i metainfo.PieceIndex, step int) {
	at := &o.pieces[i]
	if at.level == 0 {
		at.availability += uint16(step)
		return
	}
	o.take(i)
	at.availability += uint16(step)
	o.give(i)
}

// changeAll does so for a set of pieces. From a sixteenth of all on it is less
// work to fill the buckets anew.
func (o *order) changeAll(words []uint64, step int) {
	count := 0
	for _, word := range words {
		count += bits.OnesCount64(word)
	}
	few := count < len(o.pieces)/16
	for w, word := range words {
		for ; word != 0; word &= word - 1 {
			i := w*64 + bits.TrailingZeros64(word)
			if few {
				o.change(metainfo.PieceIndex(i), step)
			} else {
				o.pieces[i].availability += uint16(step)
			}
		}
	}
	if !few {
		o.refill()
	}
}

// refill fills all buckets anew.
func (o *order) refill() {
	var sizes [levels][commonest + 1]int
	for i := range o.pieces {
		at := &o.pieces[i]
		sizes[at.level][at.bucket()]++
	}
	o.used = [levels]uint64{}
	for level := 1; level < levels; level++ {
		for a, size := range sizes[level] {
			b := &o.buckets[level][a]
			if cap(*b) < size || cap(*b) > 4*size+roomy {
				*b = make([]metainfo.PieceIndex, 0, size)
			}
			*b = (*b)[:0]
		}
	}
	for i := range o.pieces {
		if o.pieces[i].level > 0 {
			o.give(metainfo.PieceIndex(i))
		}
	}
}

func (at *standing) bucket() int { return int(min(at.availability, commonest)) }

// give puts a piece into its bucket.
func (o *order) give(i metainfo.PieceIndex) {
	at := &o.pieces[i]
	b := &o.buckets[at.level][at.bucket()]
	at.place = int32(len(*b))
	*b = append(*b, i)
	o.used[at.level] |= 1 << at.bucket()
}

// take takes a piece out of its bucket; the last one there takes its place.
func (o *order) take(i metainfo.PieceIndex) {
	at := &o.pieces[i]
	b := &o.buckets[at.level][at.bucket()]
	end := len(*b) - 1
	last := (*b)[end]
	(*b)[at.place], o.pieces[last].place = last, at.place
	*b = (*b)[:end]
	if end == 0 {
		o.used[at.level] &^= 1 << at.bucket()
	}
	if cap(*b) > roomy && end < cap(*b)/4 {
		*b = append(make([]metainfo.PieceIndex, 0, 2*end), *b...)
	}
}

// rarest returns one of the rarest pieces of a level, which has some.
func (o *order) rarest(level Priority, rng *rand.Rand) metainfo.PieceIndex {
	b := o.buckets[level][bits.TrailingZeros64(o.used[level])]
	return b[rng.IntN(len(b))]
}

// held reports whether a level has a piece that somebody has.
func (o *order) held(level Priority, seeds int) bool {
	return o.used[level]>>1 != 0 || seeds > 0 && o.used[level] != 0
}
