package picker

import (
	"slices"

	"github.com/shoal-p2p/shoal/core/metainfo"
)

const (
	// MaxReaders bounds the windows; one more takes the place of the one that has
	// not moved for longest.
	MaxReaders = 64
	// urgent is how many pieces of a window, from the first that is missing, are
	// not left to a slow peer while a quick one is at work that has them too.
	urgent = 2
	// slowness is how many times faster than a slow peer the fastest is.
	slowness = 4
)

// window is what a reader needs next.
type window struct {
	reader      uint64
	first, last metainfo.PieceIndex
}

func (w window) has(i metainfo.PieceIndex) bool { return w.first <= i && i <= w.last }

// Window says what a reader needs next: the pieces from first to last, in that
// order, before anything else, and even where they are not wanted (which does
// not count them as Wanted). Each reader has one window; a new one replaces it,
// at a cost that goes with how far it moved. Of several readers each has its
// turn.
//
// All peers take the nearest free blocks, so a piece comes from many; how far
// ahead one peer is asked is its caller's choice of n. Who is slow, as Rate has
// it, leaves the first pieces to others, and what it holds of the first is asked
// again of a peer that is much faster.
func (p *Picker) Window(reader uint64, first, last metainfo.PieceIndex) {
	if last = min(last, metainfo.PieceIndex(p.layout.Pieces()-1)); p.layout.Pieces() == 0 || first > last {
		p.CloseWindow(reader)
		return
	}
	old, had := p.forget(reader)
	if !had && len(p.windows) == MaxReaders {
		p.CloseWindow(p.windows[0].reader)
	}
	now := window{reader, first, last}
	p.windows = append(p.windows, now)
	if had {
		p.reach(old, now)
		p.reach(now, old)
	} else {
		p.reach(now, window{first: 1})
	}
	p.settle()
}

// CloseWindow forgets a reader.
func (p *Picker) CloseWindow(reader uint64) {
	if old, had := p.forget(reader); had {
		p.reach(old, window{first: 1})
		p.settle()
	}
}

func (p *Picker) forget(reader uint64) (window, bool) {
	at := slices.IndexFunc(p.windows, func(w window) bool { return w.reader == reader })
	if at < 0 {
		return window{}, false
	}
	old := p.windows[at]
	p.windows = slices.Delete(p.windows, at, at+1)
	return old, true
}

// reach touches the pieces of a window that are not in another.
func (p *Picker) reach(w, other window) {
	for i := w.first; i <= w.last; i++ {
		if other.has(i) {
			i = other.last
		} else {
			p.touch(i)
		}
	}
}

// level is where piece i belongs while it is missing.
func (p *Picker) level(i metainfo.PieceIndex) Priority {
	for _, w := range p.windows {
		if w.has(i) {
			return reading
		}
	}
	return p.priority[i]
}

// nextRead returns the piece in a window that a peer is to be asked for next.
func (p *Picker) nextRead(peer *Peer) *partial {
	if p.openAt[reading] == 0 && p.startableCount(peer, reading) == 0 {
		return nil
	}
	p.turn++
	for k := range p.windows {
		w := p.windows[(p.turn+k)%len(p.windows)]
		if part := p.readAt(peer, w); part != nil {
			return part
		}
	}
	return nil
}

// readAt returns the first piece of a window with a free block for peer.
func (p *Picker) readAt(peer *Peer, w window) *partial {
	first := p.leave(peer, w)
	var best *partial
	for _, part := range p.open {
		nearer := best == nil || part.index < best.index
		if nearer && first <= part.index && part.index <= w.last && p.serves(peer, part) {
			best = part
		}
	}
	own := p.startable(peer, reading)
	next := own.next(int(first))
	if next < 0 || next > int(w.last) || best != nil && best.index < metainfo.PieceIndex(next) {
		return best
	}
	return p.start(metainfo.PieceIndex(next))
}

// leave is where in a window a peer begins: at its start, or, if it is slow,
// behind the pieces that are left to others.
func (p *Picker) leave(peer *Peer, w window) metainfo.PieceIndex {
	if !p.slow(peer) {
		return w.first
	}
	first, waits := p.edge(w)
	if !waits {
		return w.first
	}
	for range urgent {
		if first > w.last || !p.quickHas(first) {
			break
		}
		first++
	}
	return first
}

// edge is the first piece of a window that is missing, if any is.
func (p *Picker) edge(w window) (first metainfo.PieceIndex, waits bool) {
	next := p.need.next(int(w.first))
	return metainfo.PieceIndex(next), next >= 0 && next <= int(w.last)
}

// quickHas reports whether a peer that is not slow and sends us blocks has piece
// i.
func (p *Picker) quickHas(i metainfo.PieceIndex) bool {
	return slices.ContainsFunc(p.peers, func(peer *Peer) bool {
		return peer.rate > 0 && !p.slow(peer) && peer.asked.len() > 0 && peer.Has(i)
	})
}

func (p *Picker) slow(peer *Peer) bool { return peer.rate > 0 && slowness*peer.rate < p.fastest }

// rescue asks a quick peer for what slow ones hold of the piece that a reader
// waits for, where nothing of it is free.
func (p *Picker) rescue(peer *Peer, n int, blocks []metainfo.Block) []metainfo.Block {
	if peer.rate == 0 || p.slow(peer) {
		return blocks
	}
	for _, w := range p.windows {
		edge, waits := p.edge(w)
		part := p.started[edge]
		if !waits || part == nil || part.free > 0 || !p.serves(peer, part) {
			continue
		}
		for k := 0; k < len(part.blocks) && len(blocks) < n; k++ {
			holder := part.blocks[k].holder
			if holder != nil && holder.rate > 0 && p.repeatable(peer, part, k) && helps(peer, holder) {
				blocks = append(blocks, p.takeAt(part, k, peer))
			}
		}
	}
	return blocks
}
