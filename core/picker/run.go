package picker

import (
	"slices"

	"github.com/shoal-p2p/shoal/core/metainfo"
)

// PickRun picks blocks that lie one after the other, at most max bytes of them,
// for a source that is asked for ranges (BEP 19). A run goes on where the last
// one ended within a piece; otherwise pieces that nobody works at come first, by
// level and then by rarity, or from the first on where no other peer is known;
// the run goes on into the pieces that follow while nobody works at them either
// and they are of the same level, then it fills what others have begun; in the
// endgame it repeats what others are slow with. A source that is not proven gets
// no more than one piece (see Trust). With max below the length of the block it
// is nil.
//
// The blocks are the peer's, like those of Pick: each that comes is Arrived at
// once. Where the range ends early each that did not come is Returned, or all
// by ReturnAll if the source has no other range under way. A block that is
// listed in Cancel for it need not be waited for, but a range is rarely worth
// breaking off for it.
func (p *Picker) PickRun(peer *Peer, max int64) []metainfo.Block {
	peer.ranges = true
	part, n := p.runStart(peer)
	if part == nil {
		return p.repeatRun(peer, max)
	}
	level := part.level
	var run []metainfo.Block
	for {
		for n < len(part.blocks) && part.blocks[n].free() {
			length := int64(p.layout.Block(part.index, n).Length)
			if max -= length; max < 0 {
				break
			}
			run = append(run, p.takeAt(part, n, peer))
			n++
		}
		if n < len(part.blocks) || max <= 0 || !p.follows(peer, part.index, level, max) {
			break
		}
		part, n = p.start(part.index+1), 0
	}
	if len(run) == 0 && part.asked == 0 && part.kept == 0 {
		p.abandon(part)
	}
	return run
}

// runStart returns the piece and the block with which a run begins.
func (p *Picker) runStart(peer *Peer) (*partial, int) {
	part := p.runPiece(peer)
	if part == nil {
		return nil, 0
	}
	n := part.cursor
	for !part.blocks[n].free() {
		n++
	}
	return part, n
}

func (p *Picker) runPiece(peer *Peer) *partial {
	if peer.trial != nil {
		return p.choose(peer)
	}
	if part := p.nextRead(peer); part != nil {
		return part
	}
	for level := High; level > Skip; level-- {
		if part := peer.current; part != nil && part.open && part.owner == peer && part.level == level {
			return part
		}
		if p.startableCount(peer, level) > 0 && p.alone() {
			own := p.startable(peer, level)
			return p.start(metainfo.PieceIndex(own.next(0)))
		}
		if i, ok := p.fresh(peer, level); ok {
			return p.start(i)
		}
		if part := p.goOn(peer, level); part != nil {
			return part
		}
	}
	return nil
}

// alone reports whether every peer is a source of ranges.
func (p *Picker) alone() bool {
	return !slices.ContainsFunc(p.peers, func(peer *Peer) bool { return !peer.ranges })
}

// follows reports whether a run with room for so many bytes goes on after piece
// i.
func (p *Picker) follows(peer *Peer, i metainfo.PieceIndex, level Priority, room int64) bool {
	i++
	return peer.proven && int(i) < p.layout.Pieces() && p.order.pieces[i].level == level && peer.Has(i) &&
		!p.padding(i, 0) && int64(p.layout.Block(i, 0).Length) <= room
}

// repeatRun is a run of blocks of one piece that others were asked for already.
func (p *Picker) repeatRun(peer *Peer, max int64) []metainfo.Block {
	if max < metainfo.BlockSize || !p.Endgame() {
		return nil
	}
	run := p.repeat(peer, 1, nil)
	if len(run) == 0 {
		return nil
	}
	part, n := p.find(run[0])
	for n++; n < len(part.blocks); n++ {
		if max -= metainfo.BlockSize; max < metainfo.BlockSize || !p.repeatable(peer, part, n) || !helps(peer, part.blocks[n].holder) {
			break
		}
		run = append(run, p.takeAt(part, n, peer))
	}
	return run
}
