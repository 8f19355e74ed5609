package swarm

import (
	"time"

	"github.com/shoal-p2p/shoal/core/choke"
	"github.com/shoal-p2p/shoal/core/wire"
)

// turns is who may download from us.
type turns struct {
	choker *choke.Choker
	next   time.Time // the next rechoke; zero while nobody is interested
}

// interestedIn: a peer says whether we have what it lacks. The first ones are
// unchoked in the same turn.
func (s *Swarm) interestedIn(p *peer, is bool) {
	if p.turn.Interested == is {
		return
	}
	p.turn.Interested = is
	s.fillSlots()
	if s.turns.next.IsZero() {
		s.turns.next = s.now.Add(choke.Round)
	}
	s.wakeBy(s.turns.next)
}

// fillSlots unchokes whoever waits while slots are free.
func (s *Swarm) fillSlots() {
	if s.paused {
		return
	}
	s.turns.choker.Fill(s.now, s.candidates())
	s.tellTurns()
}

// tickTurns gives the slots anew every round, as long as anybody is interested.
func (s *Swarm) tickTurns() {
	if s.turns.next.IsZero() {
		return
	}
	if s.now.Before(s.turns.next) {
		s.wakeBy(s.turns.next)
		return
	}
	candidates := s.candidates()
	s.turns.next = time.Time{}
	for _, c := range candidates {
		if c.Interested {
			s.turns.next = s.now.Add(choke.Round)
		}
	}
	if !s.turns.next.IsZero() {
		s.wakeBy(s.turns.next)
	}
	if !s.paused {
		s.turns.choker.Rechoke(s.now, candidates)
		s.tellTurns()
	}
}

// candidates are the peers with the rates that count: tit for tat while we lack
// pieces, and a peer that left us waiting has earned nothing; what they take
// once we lack none.
func (s *Swarm) candidates() []*choke.Peer {
	leeching := s.picker == nil || s.picker.Left() > 0
	var all []*choke.Peer
	for _, p := range s.order {
		if p.gone || !p.shaken {
			continue
		}
		switch {
		case !leeching:
			p.turn.Rate = p.out.rate(s.now, longWindow)
		case p.down.snubbed:
			p.turn.Rate = 0
		default:
			p.turn.Rate = p.in.rate(s.now, longWindow)
		}
		all = append(all, &p.turn)
	}
	return all
}

// tellTurns sends what the choker has changed.
func (s *Swarm) tellTurns() {
	for _, p := range s.order {
		if p.gone || p.turn.Unchoked == p.unchoked {
			continue
		}
		p.unchoked = p.turn.Unchoked
		if p.unchoked {
			s.send(p, wire.Unchoke{})
		} else {
			s.send(p, wire.Choke{})
			s.refuse(p)
		}
	}
}

func (s *Swarm) chokeAll() {
	for _, p := range s.order {
		p.turn.Unchoked = false
	}
	s.tellTurns()
}
