package swarm

import (
	"encoding/binary"
	"math/rand/v2"

	"github.com/shoal-p2p/shoal/core/metainfo"
)

// maxRecent bounds the blocks of verified pieces whose sums are remembered: of
// the last 256 MiB that came, in 128 KiB.
const maxRecent = 1 << 14

// sums are of the blocks of one piece as they came from peers, by their number;
// zero where none came. They tell a store that lost a block from a peer that
// sent a wrong one, and a copy of a block from another block.
type sums []uint64

// chunk is how many bytes a summer takes at once.
const chunk = 256

// summer makes sums under keys that nobody else knows, so nobody can make two
// blocks that have the same one: the NH of UMAC (RFC 4418, 5.2) over chunks, and
// the chunks chained. It is not SHA-1, as every block that comes is summed, and
// needs no product of more than 64 bits, which WebAssembly does not have.
type summer struct {
	keys [chunk / 8]uint64 // one for each eight bytes
	odd  uint64
}

func newSummer(rng *rand.Rand) *summer {
	k := &summer{odd: rng.Uint64() | 1}
	for i := range k.keys {
		k.keys[i] = rng.Uint64()
	}
	return k
}

// of is never zero.
func (k *summer) of(data []byte) uint64 {
	h := uint64(len(data))
	for len(data) >= chunk {
		h = k.mix(h, (*[chunk]byte)(data))
		data = data[chunk:]
	}
	if len(data) > 0 {
		var last [chunk]byte
		copy(last[:], data)
		h = k.mix(h, &last)
	}
	return h | 1
}

func (k *summer) mix(h uint64, data *[chunk]byte) uint64 {
	var sum uint64
	for i, key := range k.keys {
		w := binary.LittleEndian.Uint64(data[8*i:])
		sum += uint64(uint32(w)+uint32(key)) * uint64(uint32(w>>32)+uint32(key>>32))
	}
	h = (h ^ sum) * k.odd
	return h ^ h>>32
}

// holds reports whether a piece, as it was read, is what came; where nothing
// came it must be zeros, as in padding.
func (k *summer) holds(of sums, piece []byte) bool {
	for n, sum := range of {
		block := piece[n*metainfo.BlockSize : min((n+1)*metainfo.BlockSize, len(piece))]
		if sum == 0 {
			sum = k.of(make([]byte, len(block)))
		}
		if k.of(block) != sum {
			return false
		}
	}
	return true
}

// recent remembers the sums of the pieces that were verified last.
type recent struct {
	pieces map[metainfo.PieceIndex]sums
	order  []metainfo.PieceIndex // from the oldest
	blocks int
}

func (r *recent) remember(i metainfo.PieceIndex, of sums) {
	if r.pieces == nil {
		r.pieces = make(map[metainfo.PieceIndex]sums)
	}
	if _, known := r.pieces[i]; !known {
		r.order = append(r.order, i)
	}
	r.blocks += len(of) - len(r.pieces[i])
	r.pieces[i] = of
	for r.blocks > maxRecent && len(r.order) > 1 {
		r.blocks -= len(r.pieces[r.order[0]])
		delete(r.pieces, r.order[0])
		r.order = r.order[1:]
	}
}
