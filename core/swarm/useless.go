package swarm

import "time"

const (
	// grace is how long a peer has to become useful.
	grace = 30 * time.Second
	// idleLinks is how many peers are kept that want nothing while we want nothing:
	// they know others, and who drops them all looks for them again.
	idleLinks = 4
	// tellPause is how long peers are not told again whether we want anything.
	tellPause = 10 * time.Second
)

// wantsNothing reports whether we want no piece more, though we may lack some
// (BEP 21).
func (s *Swarm) wantsNothing() bool { return s.store.open && !s.picker.Needs() }

// wantsNothing reports whether a peer has all it wants, as far as it has said.
func (p *peer) wantsNothing() bool { return p.ext.uploadOnly || p.isSeed() }

// idle reports whether nothing can pass between us and a peer any more.
func (s *Swarm) idle(p *peer) bool {
	return s.wantsNothing() && !p.turn.Interested && p.slot != nil && p.wantsNothing()
}

// dismiss drops peers with whom we have nothing left to do (BEP 21), but for
// those that came first.
func (s *Swarm) dismiss() {
	kept := 0
	for _, p := range s.order {
		if p.gone || !s.idle(p) {
			continue
		}
		if kept++; kept > idleLinks {
			s.drop(p, "both have all they want")
		}
	}
}

// tellWishes tells those who can know whether we want anything, when that has
// changed.
func (s *Swarm) tellWishes() {
	if s.wantsNothing() == s.told {
		return
	}
	if again := s.toldAt.Add(tellPause); s.now.Before(again) && s.counts.peers > 0 {
		s.wakeBy(again)
		return
	}
	s.told, s.toldAt = s.wantsNothing(), s.now
	s.related = true
	if s.told && s.pieces().All() {
		return // everyone sees that by what we have
	}
	for _, p := range s.order {
		if p.shaken && !p.gone {
			s.introduce(p)
		}
	}
}

// LeastUseful is the peer whose loss costs least, and for how long it has been
// of no use. There is none where every peer is new, or gives or takes.
func (s *Swarm) LeastUseful(now time.Time) (peer Peer, useless time.Duration, ok bool) {
	worst := -1
	for _, p := range s.order {
		if p.gone || !p.shaken || now.Sub(p.born) < grace || s.busy(p) {
			continue
		}
		rank, since := s.uselessness(p), now.Sub(later(p.used, p.born))
		if rank > worst || rank == worst && since > useless {
			worst, peer, useless, ok = rank, p.id, since, true
		}
	}
	return peer, useless, ok
}

// busy reports whether a peer transfers.
func (s *Swarm) busy(p *peer) bool {
	return len(p.down.requests) > 0 && !p.down.snubbed || p.queued() > 0 || len(p.up.metadata) > 0 || len(p.metadata.asked) > 0
}

// uselessness ranks peers that transfer nothing, the most useless highest.
func (s *Swarm) uselessness(p *peer) int {
	gives := p.interested && !p.choking && !p.down.snubbed // it would serve us
	takes := p.turn.Interested
	switch {
	case s.idle(p):
		return 4
	case !p.interested && !takes:
		return 3
	case !gives && !takes:
		return 2
	case !gives:
		return 1
	}
	return 0
}
