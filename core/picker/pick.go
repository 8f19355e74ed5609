package picker

import (
	"slices"

	"github.com/shoal-p2p/shoal/core/metainfo"
)

const (
	// baseOpen and openPerPeer bound the pieces with free blocks. Each peer works
	// at one; what peers who left have begun comes on top.
	baseOpen    = 4
	openPerPeer = 2
)

// Pick appends up to n blocks that peer is to be asked for now. From then on
// they are the peer's, until Arrived, Returned, ReturnAll or Leave.
func (p *Picker) Pick(peer *Peer, n int, blocks []metainfo.Block) []metainfo.Block {
	n += len(blocks)
	if len(p.windows) > 0 {
		blocks = p.rescue(peer, min(n, len(blocks)+maxRepeats), blocks)
	}
	for len(blocks) < n {
		part := p.choose(peer)
		if part == nil {
			break
		}
		for part.free > 0 && len(blocks) < n {
			blocks = append(blocks, p.take(part, peer))
		}
	}
	if len(blocks) < n && p.Endgame() {
		blocks = p.repeat(peer, min(n, len(blocks)+maxRepeats-peer.asked.len()), blocks)
	}
	return blocks
}

// choose returns a piece with a free block for peer, of the highest level that
// has one.
func (p *Picker) choose(peer *Peer) *partial {
	if part := peer.trial; part != nil && part.level == Skip && part.idle() {
		p.abandon(part) // nobody wants it any more, and it would bind the peer for ever
	}
	if part := peer.trial; part != nil {
		if part.open && p.serves(peer, part) {
			return part
		}
		return nil
	}
	if part := p.nextRead(peer); part != nil {
		return part
	}
	for level := High; level > Skip; level-- {
		if part := p.goOn(peer, level); part != nil {
			return part
		}
		if p.enough(peer) {
			continue
		}
		if i, ok := p.fresh(peer, level); ok {
			return p.start(i)
		}
	}
	return p.share(peer)
}

// share returns an open piece that another is at who is not proven either, for a
// peer that would idle while nobody is proven: of a torrent of few pieces the
// slowest would decide when the first is there. Whose blocks were wrong is found
// out all the same.
func (p *Picker) share(peer *Peer) *partial {
	if peer.asked.len() > 0 || slices.ContainsFunc(p.peers, func(q *Peer) bool { return q.proven }) {
		return nil
	}
	for _, part := range p.open {
		if peer.Has(part.index) && !part.isReserved(peer) {
			return part
		}
	}
	return nil
}

// goOn returns an open piece of a level: the one that the peer is at, or the
// oldest that it may help with.
func (p *Picker) goOn(peer *Peer, level Priority) *partial {
	if p.openAt[level] == 0 {
		return nil
	}
	if part := peer.current; part != nil && part.open && part.level == level && p.serves(peer, part) {
		return part
	}
	for _, part := range p.open {
		if part.level == level && p.serves(peer, part) {
			return part
		}
	}
	return nil
}

// enough reports whether a peer is to start no piece because so many are open.
// One that would idle may, as it has none of those that are open and nobody else
// may come.
func (p *Picker) enough(peer *Peer) bool {
	return len(p.open) >= baseOpen+openPerPeer*len(p.peers) && peer.asked.len() > 0
}

// serves reports whether peer may be asked for a piece.
func (p *Picker) serves(peer *Peer, part *partial) bool {
	return peer.Has(part.index) && !part.isReserved(peer) && admits(part, peer)
}

// isReserved reports whether a piece is fetched from another peer alone: from its
// owner, until that one has nothing in flight.
func (part *partial) isReserved(peer *Peer) bool {
	return part.solo && part.owner != nil && part.owner != peer && part.owner.asked.len() > 0
}
