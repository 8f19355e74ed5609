package picker

import "github.com/shoal-p2p/shoal/core/metainfo"

// Priority says how much a piece is wanted. Among pieces of one priority the
// rarest comes first; a lower priority waits until nothing higher can be asked
// of a peer.
type Priority uint8

// The priorities; those in between are valid too, and above High is High.
const (
	Skip   Priority = 0 // not wanted
	Low    Priority = 1
	Normal Priority = 4
	High   Priority = 7
)

// Want gives each piece its priority; nil makes all Normal. Requests for pieces
// that are no longer wanted stay as they are; what was fetched of them is kept.
// It costs a comparison for each piece, and more only for those that change.
func (p *Picker) Want(priority []Priority) {
	for i, is := range p.priority {
		to := Normal
		if priority != nil {
			to = priority[i]
		}
		if to != is {
			p.want(metainfo.PieceIndex(i), min(to, High))
		}
	}
	p.settle()
}

func (p *Picker) want(i metainfo.PieceIndex, to Priority) {
	p.tally(i, -1)
	p.priority[i] = to
	p.tally(i, 1)
	p.touch(i)
}

// tally adds piece i to what is wanted, or takes it out.
func (p *Picker) tally(i metainfo.PieceIndex, sign int64) {
	if p.priority[i] == Skip {
		return
	}
	length := sign * int64(p.layout.Piece(i).Length)
	p.total += length
	if p.have.Has(int(i)) {
		p.verified += length
	}
}

// Sequential starts pieces in their order instead of by rarity, within each
// priority.
func (p *Picker) Sequential(on bool) { p.sequential = on }
