package picker

import (
	"math/bits"

	"github.com/shoal-p2p/shoal/core/metainfo"
)

const (
	// scanned bounds how many pieces of the order are looked at to find one that a
	// peer has. Where the first are held by others only, as they are at the start
	// of a swarm, the rest of the order would be walked for nothing.
	scanned = 32
	// sampled is of how many of its own pieces a peer is asked for the rarest
	// where that failed: it is among the rarest thirtieth of them, mostly.
	sampled = 32
	// together is how many of those follow one another: each jump to a random
	// place costs as much as all that lie there.
	together = 8
)

// fresh returns the piece of a level to start with a peer: the first where the
// order is sequential, otherwise the rarest that it has. Whatever the peer has,
// it looks at a bounded number of pieces; the rarest is exact where the peer has
// few or where one of the first in the order is its own, and a good guess
// otherwise.
func (p *Picker) fresh(peer *Peer, level Priority) (metainfo.PieceIndex, bool) {
	if p.startableCount(peer, level) == 0 {
		return 0, false
	}
	own := p.startable(peer, level)
	if p.sequential {
		return metainfo.PieceIndex(own.next(0)), true
	}
	i, ok := p.stretchOn(peer, level)
	if !ok {
		i = p.stretchBack(peer, level, p.rare(peer, level, &own))
	}
	peer.behind = i + 1
	return i, true
}

func (p *Picker) rare(peer *Peer, level Priority, own *shared) metainfo.PieceIndex {
	if peer.all {
		return p.order.rarest(level, p.rng)
	}
	if own.count > sampled {
		if i, ok := p.scan(peer, level); ok {
			return i
		}
	}
	return p.rarestOf(own, min(sampled, own.count))
}

// startableCount is how many startable would be. Mostly there are none at all
// levels but one.
func (p *Picker) startableCount(peer *Peer, level Priority) int {
	if peer.all {
		return p.order.sets[level].count
	}
	return peer.todo[level]
}

// startable is the pieces of a level that a peer has and nobody works at.
func (p *Picker) startable(peer *Peer, level Priority) shared {
	in := &p.order.sets[level]
	if peer.all {
		return in.shared()
	}
	return shared{in.words, peer.has, peer.full(level), peer.todo[level]}
}

// scan looks for a piece that a peer has among the first of the order. It is
// counted itself, so nothing it has is in the bucket of nobody.
func (p *Picker) scan(peer *Peer, level Priority) (metainfo.PieceIndex, bool) {
	left := scanned
	for used := p.order.used[level] &^ 1; used != 0; used &= used - 1 {
		b := p.order.buckets[level][bits.TrailingZeros64(used)]
		from := p.rng.IntN(len(b))
		for k := range b {
			if left == 0 {
				return 0, false
			}
			left--
			if i := b[(from+k)%len(b)]; peer.Has(i) {
				return i, true
			}
		}
	}
	return 0, false
}

// rarestOf looks at n pieces of a set: one after the other where those are all,
// otherwise some at each of a few random places.
func (p *Picker) rarestOf(own *shared, n int) metainfo.PieceIndex {
	best, rarity, at := -1, uint16(0), 0
	for k := range n {
		if k == 0 || k%together == 0 && n < own.count {
			at = p.rng.IntN(p.layout.Pieces())
		}
		i := own.around(at)
		if a := p.order.pieces[i].availability; best < 0 || a < rarity {
			best, rarity = i, a
		}
		at = i + 1
	}
	return metainfo.PieceIndex(best)
}
