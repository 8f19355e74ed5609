package picker

import (
	"math/bits"

	"github.com/shoal-p2p/shoal/core/metainfo"
)

const (
	// maxStretch is how many bytes that follow each other are asked of one peer
	// where nothing speaks for another order, and stretchPart the part of a second
	// in which it should send them: slow peers scatter, or two who lack the same
	// would have the same for too long. Disks like it on both sides, and to read a
	// MiB of a File at once costs a page a third of what its eighths cost.
	maxStretch  = 1 << 20
	stretchPart = 4
)

// stretch is how many pieces that follow each other a peer is asked for.
func (p *Picker) stretch(peer *Peer) metainfo.PieceIndex {
	pieces := min(maxStretch, peer.rate/stretchPart) / int64(p.layout.PieceLength())
	return 1 << (bits.Len64(uint64(max(pieces, 1))) - 1)
}

// stretchOn returns the piece behind the one that was started with a peer last,
// if it lies in the same stretch of the torrent, is to be started, and none of its
// level is rarer.
func (p *Picker) stretchOn(peer *Peer, level Priority) (metainfo.PieceIndex, bool) {
	i := peer.behind
	if i%p.stretch(peer) == 0 || int(i) >= p.layout.Pieces() || !p.startableBy(peer, level, i) {
		return 0, false
	}
	used := p.order.used[level]
	if !peer.all {
		used &^= 1 // what nobody has who is counted
	}
	return i, p.order.pieces[i].bucket() <= bits.TrailingZeros64(used)
}

// stretchBack returns the piece with which a stretch begins where one is to begin
// with piece i: the first before it from which on all are as rare.
func (p *Picker) stretchBack(peer *Peer, level Priority, i metainfo.PieceIndex) metainfo.PieceIndex {
	bucket := p.order.pieces[i].bucket()
	for i%p.stretch(peer) > 0 && p.startableBy(peer, level, i-1) && p.order.pieces[i-1].bucket() <= bucket {
		i--
	}
	return i
}

func (p *Picker) startableBy(peer *Peer, level Priority, i metainfo.PieceIndex) bool {
	return p.order.pieces[i].level == level && peer.Has(i)
}
