package swarm

import (
	"slices"
	"time"

	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/picker"
)

const (
	// seekKeeps is how many requests a peer keeps when a reader seeks: they are
	// most likely on their way already.
	seekKeeps = 2
	// seekRest is how long at least after a seek nothing is taken back again from a
	// peer: what was is answered by then. Who reads here and there all the time
	// would take back more than he remembers, and not know what comes late.
	seekRest = 250 * time.Millisecond
)

// wishes is what the user wants first. It is kept for when the picker is there.
type wishes struct {
	sequential bool
	windows    []Window // as they were opened
}

// wish tells a new picker what was wished before.
func (s *Swarm) wish() {
	s.picker.Sequential(s.wishes.sequential)
	for _, w := range s.wishes.windows {
		s.openWindow(w)
	}
}

func (s *Swarm) arrange(sequential bool) {
	s.wishes.sequential = sequential
	if s.picker != nil {
		s.picker.Sequential(sequential)
	}
}

// window takes a reader's new window. One that does not go on where the last
// one was is a seek: what peers have not begun to send of other pieces must not
// be in its way.
func (s *Swarm) window(w Window) {
	at := slices.IndexFunc(s.wishes.windows, func(old Window) bool { return old.Reader == w.Reader })
	seek := at < 0
	switch {
	case at >= 0:
		old := s.wishes.windows[at]
		seek = w.First < old.First || w.First > old.Last+1
		s.wishes.windows[at] = w
	case len(s.wishes.windows) < picker.MaxReaders:
		s.wishes.windows = append(s.wishes.windows, w)
	default:
		return
	}
	if s.picker == nil {
		return
	}
	s.openWindow(w)
	if seek {
		if _, waits := s.firstMissing(w); waits {
			s.makeWay()
		}
	}
	s.interestAll()
	s.requests.refill = true
}

func (s *Swarm) openWindow(w Window) {
	if int(w.First) < s.info.Layout.Pieces() && w.First <= w.Last {
		s.picker.Window(w.Reader, w.First, w.Last)
	}
}

func (s *Swarm) closeWindow(reader uint64) {
	s.wishes.windows = slices.DeleteFunc(s.wishes.windows, func(w Window) bool { return w.Reader == reader })
	if s.picker != nil {
		s.picker.CloseWindow(reader)
		s.interestAll()
	}
}

// inWindow reports whether a reader waits for a piece.
func (s *Swarm) inWindow(i metainfo.PieceIndex) bool {
	return slices.ContainsFunc(s.wishes.windows, func(w Window) bool { return w.First <= i && i <= w.Last })
}

// firstMissing is the first piece of a window that is not there.
func (s *Swarm) firstMissing(w Window) (i metainfo.PieceIndex, waits bool) {
	have := s.picker.Have()
	for i := int(w.First); i <= int(w.Last) && i < have.Len(); i++ {
		if !have.Has(i) {
			return metainfo.PieceIndex(i), true
		}
	}
	return 0, false
}

// makeWay takes back what no reader waits for, but for the oldest requests. A
// peer without the fast extension would send it all the same, unasked then.
func (s *Swarm) makeWay() {
	for _, p := range s.order {
		if p.gone || !p.fast || s.now.Before(p.down.wayFree) {
			continue
		}
		p.down.wayFree = s.now.Add(max(seekRest, 2*p.down.usual))
		for at := len(p.down.requests) - 1; at >= seekKeeps; at-- {
			if r := p.down.requests[at]; !s.inWindow(r.block.Piece) && !r.lane.keeps() {
				s.takeBack(p, at)
			}
		}
	}
}
