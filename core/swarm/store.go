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
	recent    recent
	padding   int // pieces of padding alone that are being verified
}

// maxPadding bounds those.
const maxPadding = 16

// piece is one that is on its way into the store.
type piece struct {
	writes    int  // not answered
	complete  bool // no further block will come
	lost      bool // a write failed
	verifying bool
	wrong     bool // its hash is; it is read next (blame.go)
	padding   bool // alone; nobody sends it
	sums      sums
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
	s.super.ready = ev.Have != nil && ev.Have.Len() > 0 && ev.Have.All()
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
		w = &piece{sums: make(sums, s.info.Layout.Blocks(b.Piece))}
		s.store.pieces[b.Piece] = w
	}
	if n, ok := s.info.Layout.Number(b); ok {
		w.sums[n] = s.summer.of(data)
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

// verifyPadding has pieces hashed that are nothing but padding (BEP 47): of them
// nobody is asked, and the store gives zeros.
func (s *Swarm) verifyPadding() {
	for s.trading() && s.store.padding < maxPadding {
		i, ok := s.picker.Due()
		if !ok {
			return
		}
		s.store.padding++
		s.store.pieces[i] = &piece{complete: true, verifying: true, padding: true, sums: make(sums, s.info.Layout.Blocks(i))}
		s.emit(Verify{s.info.Layout.Piece(i)})
	}
}

func (s *Swarm) verified(ev Verified) {
	if s.Doubted(ev.Piece) {
		s.proved(ev)
		return
	}
	w := s.store.pieces[ev.Piece]
	if w == nil || !w.verifying {
		return
	}
	if w.padding {
		s.store.padding--
		s.requests.refill = true // the next may be verified
	}
	switch {
	case ev.Err != nil:
		delete(s.store.pieces, ev.Piece)
		s.picker.Failed(ev.Piece)
		s.fail(ev.Err)
	case ev.Digest != s.info.Digests[ev.Piece]:
		s.wrong(ev.Piece, w)
	default:
		s.right(ev.Piece, w, s.picker.Verified(ev.Piece))
		s.emit(Have{ev.Piece})
		s.announce(ev.Piece)
		s.interestAll()
		s.checkDone()
	}
}

// checkDone tells once when the selection is met. An empty one is never: nothing
// was fetched.
func (s *Swarm) checkDone() {
	nothing := s.priority != nil && !slices.ContainsFunc(s.priority, func(p picker.Priority) bool { return p != picker.Skip })
	met := s.store.open && s.picker.Left() == 0 && !nothing
	if met && !s.done {
		s.emit(Done{})
	}
	s.done = met
	s.tellWishes()
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
