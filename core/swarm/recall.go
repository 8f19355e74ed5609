package swarm

import (
	"github.com/shoal-p2p/shoal/core/bitfield"
	"github.com/shoal-p2p/shoal/core/metainfo"
)

// past is what we have by the word of an earlier session: it is told to peers
// at once, and each piece hashed before it is first read. Between two sessions
// anything may have happened to what is stored.
type past struct {
	doubted *bitfield.Bitfield // of what we have, what was not hashed since; nil for nothing
	losses  int                // pieces that were not what they had been
}

func (s *Swarm) recalled(ev Recalled) {
	if s.store.opening && ev.Pieces.Len() == s.info.Layout.Pieces() {
		s.past.doubted = ev.Pieces.Clone()
	}
}

// Doubted reports whether a piece that we have is still to be verified. A
// Verified about it is welcome at any time.
func (s *Swarm) Doubted(i metainfo.PieceIndex) bool {
	return s.store.open && s.past.doubted != nil && s.past.doubted.Has(int(i)) && s.picker.Have().Has(int(i))
}

// Losses counts the pieces that we had, and have no more.
func (s *Swarm) Losses() int { return s.past.losses }

// Writing is the set of pieces of which blocks lie in the store, or are on their
// way there, and that are not verified; nil before the metadata is known.
func (s *Swarm) Writing() *bitfield.Bitfield {
	if s.info == nil {
		return nil
	}
	set := bitfield.New(s.info.Layout.Pieces())
	for i := range s.store.pieces { // order-free: they make a set
		set.Set(int(i))
	}
	return set
}

// proved ends the doubt about a piece: it is read now if a peer waits for it.
func (s *Swarm) proved(ev Verified) {
	switch {
	case ev.Err != nil:
		if s.endReading(ev.Piece) {
			s.lose(ev.Piece)
			s.fail(ev.Err)
		}
	case ev.Digest == s.info.Digests[ev.Piece]:
		s.past.doubted.Clear(int(ev.Piece))
		if s.uploads.reading[ev.Piece] {
			s.emit(Read{s.info.Layout.Piece(ev.Piece)})
		}
	default:
		s.past.doubted.Clear(int(ev.Piece))
		s.endReading(ev.Piece)
		s.miss(ev.Piece)
	}
}

// miss takes a piece out of what we have, and has it fetched again. Peers are
// told where they can be (BEP 54), others refused.
func (s *Swarm) miss(i metainfo.PieceIndex) {
	s.past.losses++
	s.picker.Lost(i)
	s.superOff()
	for _, p := range s.order {
		if p.gone {
			continue
		}
		s.refuseThose(p, func(b metainfo.Block) bool { return b.Piece == i })
	}
	s.disown(i)
	s.interestAll()
	s.requests.refill = true
	s.checkDone()
	s.serveAll()
}
