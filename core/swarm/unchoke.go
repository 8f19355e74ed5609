package swarm

import (
	"slices"
	"time"

	"github.com/shoal-p2p/shoal/core/choke"
	"github.com/shoal-p2p/shoal/core/wire"
)

// turns is who may download from us.
type turns struct {
	choker     *choke.Choker
	next       time.Time // the next rechoke; zero while nobody is interested
	candidates []*choke.Peer
	uplink     uplink
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
		s.turns.uplink.measure(s.now) // from here on
		s.turns.next = s.now.Add(s.turns.choker.Round())
	}
	s.wakeBy(s.turns.next)
}

// fillSlots unchokes whoever waits while slots are free.
func (s *Swarm) fillSlots() {
	if s.paused {
		return
	}
	s.turns.choker.Fill(s.now, s.candidates(), !s.leeching())
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
	s.rateTurns()
	rate, isFull := s.turns.uplink.measure(s.now)
	if !s.paused {
		s.turns.choker.Measured(rate, isFull || s.shaping.up.tight(s.now))
		s.turns.choker.Rechoke(s.now, candidates, !s.leeching())
		s.tellTurns()
	}
	s.turns.next = time.Time{}
	if slices.ContainsFunc(candidates, func(c *choke.Peer) bool { return c.Interested }) {
		s.turns.next = s.now.Add(s.turns.choker.Round())
		s.wakeBy(s.turns.next)
	}
}

// leeching: we lack pieces, or do not know them yet.
func (s *Swarm) leeching() bool { return s.picker == nil || s.picker.Left() > 0 }

// candidates are the peers that may have a turn.
func (s *Swarm) candidates() []*choke.Peer {
	all := s.turns.candidates[:0]
	for _, p := range s.order {
		if p.shaken && !p.gone {
			all = append(all, &p.turn)
		}
	}
	clear(all[len(all):cap(all)]) // so that nobody who has gone is kept
	s.turns.candidates = all
	return all
}

// rateTurns tells the choker what peers give and take.
func (s *Swarm) rateTurns() {
	for _, p := range s.order {
		p.turn.Gives, p.turn.Takes = p.in.rate(s.now, longWindow), p.out.rate(s.now, longWindow)
		p.turn.Snubbed = p.down.snubbed
		p.turn.Has = 0
		if p.slot != nil && s.leeching() {
			p.turn.Has = s.picker.Part(p.slot)
		}
	}
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
			s.show(p)
		} else {
			s.send(p, wire.Choke{})
			s.refuse(p)
		}
	}
	s.inviteSoon()
}

func (s *Swarm) chokeAll() {
	for _, p := range s.order {
		p.turn.Unchoked = false
	}
	s.tellTurns()
}
