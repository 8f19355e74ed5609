package picker

import "github.com/shoal-p2p/shoal/core/metainfo"

const (
	// maxHolders bounds of how many peers one block is asked at once.
	maxHolders = 3
	// maxRepeats bounds the blocks that one peer is asked for in one go in the
	// endgame: enough to be of help, and not much to cancel.
	maxRepeats = 4
	// baseOpen and openPerPeer bound the pieces with free blocks. Each peer works
	// at one; what peers who left have begun comes on top.
	baseOpen    = 4
	openPerPeer = 2
)

// Pick appends up to n blocks that peer is to be asked for now. From then on
// they are the peer's, until Arrived, Returned, ReturnAll or Leave.
func (p *Picker) Pick(peer *Peer, n int, blocks []metainfo.Block) []metainfo.Block {
	n += len(blocks)
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
		blocks = p.repeat(peer, min(n, len(blocks)+maxRepeats-peer.inflight), blocks)
	}
	return blocks
}

// choose returns a piece with a free block for peer: the one it is at, the
// oldest that is open, or a new one.
func (p *Picker) choose(peer *Peer) *partial {
	if part := peer.current; part != nil && part.open && p.serves(peer, part) {
		return part
	}
	for _, part := range p.open {
		if p.serves(peer, part) {
			return part
		}
	}
	// Beyond the bound a peer that would idle may still start a piece, as it has
	// none of those that are open and nobody else may come.
	if len(p.open) >= baseOpen+openPerPeer*len(p.peers) && peer.inflight > 0 {
		return nil
	}
	if i, ok := p.rarest(peer); ok {
		return p.start(i)
	}
	return nil
}

// serves reports whether peer may be asked for a piece. One that is fetched
// from its owner alone is open to others once the owner has nothing in flight.
func (p *Picker) serves(peer *Peer, part *partial) bool {
	reserved := part.solo && part.owner != nil && part.owner != peer && part.owner.inflight > 0
	return peer.Has(part.index) && !reserved
}

// rarest returns the piece to start with peer.
func (p *Picker) rarest(peer *Peer) (metainfo.PieceIndex, bool) {
	if !peer.all && peer.startable == 0 {
		return 0, false
	}
	for _, i := range p.order.held(p.seeds) {
		if peer.Has(i) {
			return i, true
		}
	}
	return 0, false
}

// Endgame reports whether every wanted block that somebody has is asked for.
func (p *Picker) Endgame() bool {
	if p.asked == 0 || len(p.order.held(p.seeds)) > 0 {
		return false
	}
	for _, part := range p.open {
		if p.seeds > 0 || p.order.availability[part.index] > 0 {
			return false
		}
	}
	return true
}

// repeat appends blocks that others were asked for already, up to n in all.
func (p *Picker) repeat(peer *Peer, n int, blocks []metainfo.Block) []metainfo.Block {
	if peer.inflight == p.asked {
		return blocks
	}
	from := 0
	if len(p.queue) > 0 {
		from = p.rng.IntN(len(p.queue)) // so that not all help with the same piece
	}
	for k := range p.queue {
		part := p.queue[(from+k)%len(p.queue)]
		if len(blocks) >= n {
			break
		}
		if part.left > 0 && p.wanted.Has(int(part.index)) && p.serves(peer, part) {
			blocks = p.repeatPiece(peer, part, n, blocks)
		}
	}
	return blocks
}

func (p *Picker) repeatPiece(peer *Peer, part *partial, n int, blocks []metainfo.Block) []metainfo.Block {
	for k := range part.blocks {
		b := &part.blocks[k]
		if len(blocks) >= n {
			break
		}
		if b.arrived || b.holder == nil || b.heldBy(peer) || 1+len(b.others) >= maxHolders {
			continue
		}
		b.others = append(b.others, peer)
		peer.inflight++
		blocks = append(blocks, p.layout.Block(part.index, k))
	}
	return blocks
}

// Arrival is what Arrived has to say.
type Arrival struct {
	Fresh    bool    // the block was missing; otherwise it is of no use
	Complete bool    // it was the last of its piece
	Cancel   []*Peer // who else was asked for it; they are no longer
}

// Arrived says that peer sent a block. It may come late, when the peer was
// thought not to send it any more. The block must be one as Pick gives it.
func (p *Picker) Arrived(peer *Peer, b metainfo.Block) Arrival {
	part, n := p.find(b)
	if part == nil || part.blocks[n].arrived {
		return Arrival{}
	}
	was := &part.blocks[n]
	var cancel []*Peer
	if was.holder == nil {
		part.free--
		if part.free == 0 {
			p.close(part)
		}
	} else {
		p.asked--
		cancel = others(was, peer)
	}
	*was = block{arrived: true, holder: peer}
	part.left--
	return Arrival{Fresh: true, Complete: part.left == 0, Cancel: cancel}
}

// others ends all requests for a block and lists those of other peers.
func others(b *block, sender *Peer) []*Peer {
	if b.holder == sender && b.others == nil { // the usual case allocates nothing
		sender.inflight--
		return nil
	}
	var others []*Peer
	for _, peer := range b.holders() {
		peer.inflight--
		if peer != sender {
			others = append(others, peer)
		}
	}
	return others
}

// Returned says that peer will not send a block that it was asked for.
func (p *Picker) Returned(peer *Peer, b metainfo.Block) {
	part, n := p.find(b)
	if part != nil && !part.blocks[n].arrived && part.blocks[n].heldBy(peer) {
		p.giveBack(part, n, peer)
	}
}

// ReturnAll says that peer will send nothing of what it was asked for.
func (p *Picker) ReturnAll(peer *Peer) {
	for _, part := range p.queue {
		for n := range part.blocks {
			if peer.inflight == 0 {
				return
			}
			if b := &part.blocks[n]; !b.arrived && b.heldBy(peer) {
				p.giveBack(part, n, peer)
			}
		}
	}
}

func (p *Picker) find(b metainfo.Block) (*partial, int) {
	n, ok := p.layout.Number(b)
	if !ok {
		panic("picker: not a block of this torrent")
	}
	return p.started[b.Piece], n
}
