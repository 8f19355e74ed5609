package swarm

import (
	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/picker"
)

// choose takes a new selection of files.
func (s *Swarm) choose(priority []picker.Priority) {
	s.priority = priority
	if s.picker == nil {
		return
	}
	s.picker.Want(s.pieceWishes())
	s.interestAll()
	s.requests.refill = true
	s.checkDone()
}

// pieceWishes is the selection in pieces, nil where all are Normal. A piece is
// wanted as much as the file of its bytes that is wanted most. Files beyond the
// list are not wanted.
func (s *Swarm) pieceWishes() []picker.Priority {
	if s.priority == nil {
		return nil
	}
	wishes := make([]picker.Priority, s.info.Layout.Pieces())
	for n, file := range s.info.Files {
		if n < len(s.priority) {
			raise(wishes, s.info.Layout, file, s.priority[n])
		}
	}
	return wishes
}

func raise(wishes []picker.Priority, layout metainfo.Layout, file metainfo.File, to picker.Priority) {
	if file.Length == 0 {
		return
	}
	length := int64(layout.PieceLength())
	for i := file.Offset / length; i <= (file.Offset+file.Length-1)/length; i++ {
		wishes[i] = max(wishes[i], to)
	}
}
