package picker

import (
	"slices"

	"github.com/shoal-p2p/shoal/core/metainfo"
)

// maxIdle bounds the pieces that were begun and that nobody works at: enough
// for what those who leave have begun, and no matter how many of them come and
// go with a piece that nobody else has. Beyond it what was fetched of one is
// given up.
const maxIdle = 64

// maxSpare bounds the used partials that are kept to be used again: of pieces of
// 64 MiB each takes about 200 KB.
const maxSpare = 8

// partial is a piece that was started: each block is free, asked of one or more
// peers, or arrived.
type partial struct {
	index      metainfo.PieceIndex
	level      Priority // how much it is needed, 0 for not at all
	blocks     []block
	free       int   // blocks that are neither asked for nor arrived
	asked      int   // blocks that are asked for
	left       int   // blocks that have not arrived
	kept       int   // blocks that somebody sent
	cursor     int   // no block before it is free
	open       bool  // whether it is in Picker.open
	solo       bool  // whether only owner is asked for it
	owner      *Peer // who was asked last
	trial      *Peer // the one peer that is not proven and works at it
	prev, next *partial
}

// block is free while it has no holder.
type block struct {
	arrived bool
	holder  *Peer   // who was asked, or, once it arrived, who sent it
	others  []*Peer // who was asked too
}

// holders lists who was asked for a block that has not arrived.
func (b *block) holders() []*Peer {
	if b.holder == nil {
		return nil
	}
	return append([]*Peer{b.holder}, b.others...)
}

func (b *block) heldBy(peer *Peer) bool { return b.holder == peer || contains(b.others, peer) }
func (b *block) free() bool             { return !b.arrived && b.holder == nil }

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

// idle reports whether blocks are missing and none is asked for.
func (part *partial) idle() bool { return part.left > 0 && part.asked == 0 }

// start begins a piece. What padding covers of it is there already.
func (p *Picker) start(i metainfo.PieceIndex) *partial {
	n := p.layout.Blocks(i)
	part := p.blank(n)
	*part = partial{index: i, blocks: part.blocks[:n], free: n, left: n, solo: p.retry[i]}
	for k := range part.blocks {
		if part.blocks[k] = (block{}); p.padding(i, k) {
			part.blocks[k].arrived = true
			part.free--
			part.left--
		}
	}
	p.started[i] = part
	p.queue.add(part)
	if part.idle() {
		p.idle++
	}
	p.touch(i)
	p.settle()
	return part
}

// blank returns a partial with room for n blocks, a used one if there is one.
func (p *Picker) blank(n int) *partial {
	if last := len(p.spare) - 1; last >= 0 && cap(p.spare[last].blocks) >= n {
		part := p.spare[last]
		p.spare = p.spare[:last]
		return part
	}
	return &partial{blocks: make([]block, n)}
}

// reopen lists a piece as open if it is.
func (p *Picker) reopen(part *partial) {
	if part.open || part.free == 0 || part.level == 0 {
		return
	}
	part.open = true
	p.open = append(p.open, part)
	p.openAt[part.level]++
}

func (p *Picker) close(part *partial) {
	if part.open {
		part.open = false
		p.open = without(p.open, part)
		p.openAt[part.level]--
	}
}

// raise gives a started piece its level.
func (p *Picker) raise(part *partial, level Priority) {
	if part.level != level {
		p.close(part)
		part.level = level
		p.reopen(part)
	}
}

// take gives the first free block of a piece to a peer.
func (p *Picker) take(part *partial, peer *Peer) metainfo.Block {
	for !part.blocks[part.cursor].free() {
		part.cursor++
	}
	return p.takeAt(part, part.cursor, peer)
}

// takeAt gives a block of a piece to a peer, a free one or one that others were
// asked for too.
func (p *Picker) takeAt(part *partial, n int, peer *Peer) metainfo.Block {
	b := &part.blocks[n]
	if b.holder != nil {
		b.others = append(b.others, peer)
	} else {
		b.holder = peer
		part.owner = peer
		if part.asked == 0 {
			p.idle--
		}
		part.asked++
		p.asked++
		if part.free--; part.free == 0 {
			p.close(part)
		}
	}
	peer.asked.add(ask{part, n})
	peer.current = part
	p.try(part, peer)
	return p.layout.Block(part.index, n)
}

// giveBack takes block n of a piece from a peer that was asked for it. A piece
// of which nothing came and nothing is asked for is as if never begun.
func (p *Picker) giveBack(part *partial, n int, peer *Peer) {
	b := &part.blocks[n]
	b.release(peer)
	peer.asked.remove(ask{part, n})
	peer.behind = 0 // it may be on its way all the same
	if part.owner == peer {
		part.owner = nil
	}
	if b.holder != nil {
		return
	}
	p.asked--
	part.free++
	part.cursor = min(part.cursor, n)
	if part.asked--; part.asked == 0 {
		p.idle++
	}
	if part.asked == 0 && part.kept == 0 {
		p.abandon(part)
		return
	}
	p.reopen(part)
}

// abandon forgets what was started of a piece.
func (p *Picker) abandon(part *partial) {
	delete(p.started, part.index)
	p.queue.remove(part)
	p.close(part)
	if part.idle() {
		p.idle--
	}
	for n := range part.blocks {
		b := &part.blocks[n]
		if b.arrived || b.holder == nil {
			continue
		}
		p.asked--
		b.holder.asked.remove(ask{part, n})
		for _, peer := range b.others {
			peer.asked.remove(ask{part, n})
		}
	}
	for _, peer := range p.peers {
		if peer.trial == part {
			peer.trial = nil
		}
	}
	clear(part.blocks) // so that it holds on to nobody
	if len(p.spare) < maxSpare {
		p.spare = append(p.spare, part)
	}
	p.touch(part.index)
	p.settle()
}

// trim gives up what was fetched of the idle pieces beyond maxIdle: those that
// are not needed first, then those of which there is least.
func (p *Picker) trim() {
	for p.idle > maxIdle {
		var worst *partial
		for part := p.queue.first; part != nil; part = part.next {
			if part.idle() && (worst == nil || part.worse(worst)) {
				worst = part
			}
		}
		p.abandon(worst)
	}
}

func (part *partial) worse(other *partial) bool {
	if a, b := part.level > 0, other.level > 0; a != b {
		return b
	}
	return part.kept < other.kept
}

// queue is the started pieces, oldest first.
type queue struct{ first, last *partial }

func (q *queue) add(part *partial) {
	if part.prev = q.last; q.last != nil {
		q.last.next = part
	} else {
		q.first = part
	}
	q.last = part
}

func (q *queue) remove(part *partial) {
	if part.prev != nil {
		part.prev.next = part.next
	} else {
		q.first = part.next
	}
	if part.next != nil {
		part.next.prev = part.prev
	} else {
		q.last = part.prev
	}
	part.prev, part.next = nil, nil
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
