package picker

import "github.com/shoal-p2p/shoal/core/metainfo"

// Lost says that the store holds piece i no more, though it was Verified: it is
// fetched again like one that never was there.
func (p *Picker) Lost(i metainfo.PieceIndex) {
	if !p.have.Has(int(i)) {
		return
	}
	p.have.Clear(int(i))
	if p.priority[i] > 0 {
		p.verified -= int64(p.layout.Piece(i).Length)
	}
	p.touch(i)
	p.settle()
}
