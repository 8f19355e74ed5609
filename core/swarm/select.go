package swarm

import (
	"github.com/shoal-p2p/shoal/core/bitfield"
	"github.com/shoal-p2p/shoal/core/metainfo"
)

// choose takes a new selection of files.
func (s *Swarm) choose(wanted []bool) {
	s.wanted = wanted
	if s.picker == nil {
		return
	}
	s.picker.Want(s.mask())
	s.interestAll()
	s.requests.refill = true
	s.checkDone()
}

// mask is the selection in pieces, nil for all. A piece is wanted when any byte
// of it is. Files beyond the list are not wanted.
func (s *Swarm) mask() *bitfield.Bitfield {
	if s.wanted == nil {
		return nil
	}
	mask := bitfield.New(s.info.Layout.Pieces())
	for n, file := range s.info.Files {
		if n < len(s.wanted) && s.wanted[n] {
			setPieces(mask, s.info.Layout, file)
		}
	}
	return mask
}

func setPieces(mask *bitfield.Bitfield, layout metainfo.Layout, file metainfo.File) {
	if file.Length == 0 {
		return
	}
	length := int64(layout.PieceLength())
	for i := file.Offset / length; i <= (file.Offset+file.Length-1)/length; i++ {
		mask.Set(int(i))
	}
}
