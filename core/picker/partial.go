package picker

import (
	"slices"

	"github.com/shoal-p2p/shoal/core/metainfo"
)

// partial is a piece that was started: each block is free, asked of one or more
// peers, or arrived.
type partial struct {
	index  metainfo.PieceIndex
	blocks []block
	free   int  // blocks that are neither asked for nor arrived
	left   int  // blocks that have not arrived
	cursor int  // no block before it is free
	open   bool // whether it is in Picker.open
	solo   bool // whether only owner is asked for it
	owner  *Peer
}

// block is free while it has no holder.
type block struct {
	arrived bool
	holder  *Peer   // who was asked, or, once it arrived, who sent it
	others  []*Peer // who was asked too, in the endgame
}

// holders lists who was asked for a block that has not arrived.
func (b *block) holders() []*Peer {
	if b.holder == nil {
		return nil
	}
	return append([]*Peer{b.holder}, b.others...)
}

func (b *block) heldBy(peer *Peer) bool { return b.holder == peer || contains(b.others, peer) }

// release takes peer out of the holders.
func (b *block) release(peer *Peer) {
	if b.holder != peer {
		b.others = without(b.others, peer)
		return
	}
	b.holder = nil
	if n := len(b.others); n > 0 {
		b.holder, b.others = b.others[n-1], b.others[:n-1]
	}
}

func (p *Picker) start(i metainfo.PieceIndex) *partial {
	n := p.layout.Blocks(i)
	part := &partial{index: i, blocks: make([]block, n), free: n, left: n, solo: p.retry[i]}
	p.started[i] = part
	p.queue = append(p.queue, part)
	p.reorder(i)
	p.reopen(part)
	return part
}

// reopen lists a piece as open if it is.
func (p *Picker) reopen(part *partial) {
	if part.open || part.free == 0 || !p.wanted.Has(int(part.index)) {
		return
	}
	part.open = true
	p.open = append(p.open, part)
}

func (p *Picker) close(part *partial) {
	if part.open {
		part.open = false
		p.open = without(p.open, part)
	}
}

// take gives the first free block of a piece to a peer.
func (p *Picker) take(part *partial, peer *Peer) metainfo.Block {
	for part.blocks[part.cursor].arrived || part.blocks[part.cursor].holder != nil {
		part.cursor++
	}
	n := part.cursor
	part.blocks[n].holder = peer
	part.owner = peer
	part.free--
	if part.free == 0 {
		p.close(part)
	}
	p.asked++
	peer.inflight++
	peer.current = part
	return p.layout.Block(part.index, n)
}

// giveBack takes block n of a piece from a peer that was asked for it.
func (p *Picker) giveBack(part *partial, n int, peer *Peer) {
	b := &part.blocks[n]
	b.release(peer)
	peer.inflight--
	if part.owner == peer {
		part.owner = nil
	}
	if b.holder == nil {
		p.asked--
		part.free++
		part.cursor = min(part.cursor, n)
		p.reopen(part)
	}
}

func contains(list []*Peer, peer *Peer) bool { return slices.Contains(list, peer) }

// without returns a list without one element, in order.
func without[T comparable](list []T, x T) []T {
	at := slices.Index(list, x)
	if at < 0 {
		return list
	}
	return slices.Delete(list, at, at+1)
}
