package picker

import (
	"math"
	"slices"

	"github.com/shoal-p2p/shoal/core/metainfo"
)

const (
	// maxHolders bounds of how many peers one block is asked at once.
	maxHolders = 3
	// maxRepeats bounds the blocks that one peer is asked for in one go in the
	// endgame: enough to be of help, and not much to cancel.
	maxRepeats = 4
	// looked bounds how many blocks of one peer are looked at to help it.
	looked = 2 * maxRepeats
)

// Rate says how many bytes per second a peer sends, 0 if that is not known. It
// decides who is asked a second time for a block, and of whom: of a peer that
// would have it in half the time that the other needs for all it was asked. A
// peer without a rate is helped by all. It is to be said again when it has
// changed much, and lower when a peer falls silent.
func (p *Picker) Rate(peer *Peer, bytesPerSecond int64) {
	if peer.rate == bytesPerSecond {
		return
	}
	peer.rate = bytesPerSecond
	p.fastest = 0
	for _, peer := range p.peers {
		p.fastest = max(p.fastest, peer.rate)
	}
}

// Endgame reports whether every wanted block that somebody has is asked for.
func (p *Picker) Endgame() bool {
	if p.asked == 0 {
		return false
	}
	for level := Low; level <= reading; level++ {
		if p.order.held(level, p.seeds) {
			return false
		}
	}
	for _, part := range p.open {
		if p.seeds > 0 || p.order.pieces[part.index].availability > 0 {
			return false
		}
	}
	return true
}

// repeat appends blocks that others were asked for already, up to n in all:
// of those first who will need longest, and of them what they would send last,
// as it is the least likely to be on its way; but of those whose rate is not
// known what they were asked for first.
func (p *Picker) repeat(peer *Peer, n int, blocks []metainfo.Block) []metainfo.Block {
	if len(blocks) >= n {
		return blocks
	}
	for _, other := range p.helpable(peer) {
		end := other.asked.len()
		for k := range min(end, looked) {
			if len(blocks) >= n || !helps(peer, other) {
				break
			}
			if other.rate > 0 {
				k = end - 1 - k
			}
			if a := other.asked.at(k); p.repeatable(peer, a.part, a.n) {
				blocks = append(blocks, p.takeAt(a.part, a.n, peer))
			}
		}
	}
	return blocks
}

// helpable lists whom a peer can help, who needs longest first.
func (p *Picker) helpable(peer *Peer) []*Peer {
	p.helped = p.helped[:0]
	from := p.rng.IntN(len(p.peers)) // so that not all help the same peer
	for k := range p.peers {
		if other := p.peers[(from+k)%len(p.peers)]; other != peer && helps(peer, other) {
			p.helped = append(p.helped, other)
		}
	}
	slices.SortStableFunc(p.helped, func(a, b *Peer) int {
		x, y := a.wait(0), b.wait(0)
		switch {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return 0
	})
	return p.helped
}

// helps reports whether one block more from peer comes well before all that the
// other was asked for.
func helps(peer, other *Peer) bool {
	return other.asked.len() > 0 && (other.rate == 0 || peer.wait(1) <= other.wait(0)/2)
}

// wait is how long a peer needs for what it was asked for and so many blocks
// more, in microseconds.
func (peer *Peer) wait(more int) int64 {
	if peer.rate == 0 {
		return math.MaxInt64
	}
	return int64(peer.asked.len()+more) * metainfo.BlockSize * 1e6 / peer.rate
}

// repeatable reports whether peer may be asked for a block that others were
// asked for already.
func (p *Picker) repeatable(peer *Peer, part *partial, n int) bool {
	b := &part.blocks[n]
	return part.level > 0 && !b.arrived && b.holder != nil && 1+len(b.others) < maxHolders &&
		!b.heldBy(peer) && p.serves(peer, part)
}
