package swarm

import (
	"slices"

	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/picker"
)

// store is what the swarm knows of its store.
type store struct {
	opening   bool // Open was emitted and is not answered
	open      bool
	pieces    map[metainfo.PieceIndex]*piece
	unwritten int64 // bytes whose Write is not answered
	failure   error // why the swarm has paused itself
}

// piece is one that is on its way into the store.
type piece struct {
	writes    int  // not answered
	complete  bool // no further block will come
	lost      bool // a write failed
	verifying bool
}

func (s *Swarm) openStore() {
	s.store.opening = true
	s.emit(Open{s.info})
}

func (s *Swarm) opened(ev Opened) {
	if !s.store.opening {
		return
	}
	s.store.opening = false
	if ev.Err != nil {
		s.fail(ev.Err)
		return
	}
	s.store.open = true
	if ev.Have != nil {
		for i := range ev.Have.Len() {
			if ev.Have.Has(i) {
				s.picker.Verified(metainfo.PieceIndex(i))
				s.announce(metainfo.PieceIndex(i))
			}
		}
	}
	s.interestAll()
	s.requests.refill = true
	s.checkDone()
}

// keep writes a block.
func (s *Swarm) keep(b metainfo.Block, data []byte, complete bool) {
	w := s.store.pieces[b.Piece]
	if w == nil {
		w = &piece{}
		s.store.pieces[b.Piece] = w
	}
	w.writes++
	w.complete = complete
	s.store.unwritten += int64(b.Length)
	s.emit(Write{b, data})
}

func (s *Swarm) wrote(ev Wrote) {
	w := s.store.pieces[ev.Block.Piece]
	if w == nil || w.writes == 0 {
		return
	}
	w.writes--
	s.store.unwritten -= int64(ev.Block.Length)
	if ev.Err != nil {
		w.lost = true
		s.fail(ev.Err)
	}
	switch {
	case w.writes > 0:
	case w.lost:
		delete(s.store.pieces, ev.Block.Piece)
		s.picker.Failed(ev.Block.Piece)
		s.requests.refill = true
	case w.complete:
		w.verifying = true
		s.emit(Verify{s.info.Layout.Piece(ev.Block.Piece)})
	}
	if s.requests.stalled && s.allowance() >= firstDepth {
		s.requests.stalled = false
		s.requests.refill = true
	}
}

func (s *Swarm) verified(ev Verified) {
	w := s.store.pieces[ev.Piece]
	if w == nil || !w.verifying {
		return
	}
	delete(s.store.pieces, ev.Piece)
	switch {
	case ev.Err != nil:
		s.picker.Failed(ev.Piece)
		s.fail(ev.Err)
	case ev.Digest != s.info.Digests[ev.Piece]:
		s.wasted += int64(s.info.Layout.Piece(ev.Piece).Length)
		s.blame(s.picker.Failed(ev.Piece))
		s.requests.refill = true
	default:
		s.picker.Verified(ev.Piece)
		s.emit(Have{ev.Piece})
		s.announce(ev.Piece)
		s.interestAll()
		s.checkDone()
	}
}

// blame drops the peer that sent a corrupt piece all by itself. Of a piece from
// several nobody is blamed yet: the picker has it fetched from one next.
func (s *Swarm) blame(senders []*picker.Peer) {
	if len(senders) != 1 {
		return
	}
	if p := s.peers[Peer(senders[0].ID)]; p != nil {
		s.drop(p, "sent a corrupt piece")
	}
}

// checkDone tells once when the selection is met. An empty one is never: nothing
// was fetched.
func (s *Swarm) checkDone() {
	nothing := s.wanted != nil && !slices.Contains(s.wanted, true)
	met := s.store.open && s.picker.Left() == 0 && !nothing
	if met && !s.done {
		s.emit(Done{})
	}
	s.done = met
}

// fail pauses the swarm because the store cannot go on.
func (s *Swarm) fail(err error) {
	if s.store.failure != nil {
		return
	}
	s.store.failure = err
	s.pause()
	s.emit(Failed{err})
}
