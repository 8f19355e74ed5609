package picker

import (
	"slices"

	"github.com/shoal-p2p/shoal/core/metainfo"
)

// span is a range of the torrent's bytes.
type span struct{ begin, end int64 }

// Pad says that the torrent's bytes from begin to end are zeros that nobody
// asks for (BEP 47). Blocks that lie within count as arrived, a block that lies
// partly within is asked for as usual. Padding must be said before anything is
// picked or verified; then pieces that are nothing else are not asked for, and
// wait for Due.
func (p *Picker) Pad(begin, end int64) {
	begin, end = max(begin, 0), min(end, p.layout.Length())
	if begin >= end {
		return
	}
	whole := p.join(span{begin, end})
	length := int64(p.layout.PieceLength())
	for i := begin / length; i <= (end-1)/length; i++ {
		if piece := p.layout.Piece(metainfo.PieceIndex(i)); whole.covers(piece.Offset, piece.Length) {
			p.hollow.add(int(i))
			p.touch(piece.Index)
		}
	}
	p.settle()
}

// join adds a span to the others, which are in order and do not touch, and
// returns the one that it became part of.
func (p *Picker) join(s span) span {
	from, _ := slices.BinarySearchFunc(p.pads, s.begin, func(x span, begin int64) int {
		if x.end < begin {
			return -1
		}
		return 1
	})
	to := from
	for to < len(p.pads) && p.pads[to].begin <= s.end {
		s = span{min(s.begin, p.pads[to].begin), max(s.end, p.pads[to].end)}
		to++
	}
	behind := slices.Clone(p.pads[to:])
	p.pads = append(append(p.pads[:from], s), behind...)
	return s
}

func (s span) covers(begin int64, length int) bool {
	return s.begin <= begin && begin+int64(length) <= s.end
}

// padding reports whether block n of piece i is nothing but padding.
func (p *Picker) padding(i metainfo.PieceIndex, n int) bool {
	if len(p.pads) == 0 || p.solid[i] {
		return false
	}
	b := p.layout.Block(i, n)
	begin := p.layout.Piece(i).Offset + int64(b.Begin)
	at, _ := slices.BinarySearchFunc(p.pads, begin, func(x span, begin int64) int {
		if x.end <= begin {
			return -1
		}
		return 1
	})
	return at < len(p.pads) && p.pads[at].covers(begin, b.Length)
}

// Due returns a wanted piece that is complete without any peer, as it is
// nothing but padding: the caller has it hashed and says Verified or Failed,
// as after an Arrival that is Complete. Each is returned once. There may be
// some after Pad, Want and Window.
func (p *Picker) Due() (metainfo.PieceIndex, bool) {
	i := p.due.next(0)
	if i < 0 {
		return 0, false
	}
	p.start(metainfo.PieceIndex(i))
	return metainfo.PieceIndex(i), true
}
