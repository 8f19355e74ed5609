package swarm

import (
	"github.com/shoal-p2p/shoal/core/bitfield"
	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/wire"
)

// maxClaims bounds the Have messages that are kept of one peer until the
// metadata is known (eight bytes each).
const maxClaims = 1 << 16

// claims is what a peer said it has. Until the metadata is known it cannot be
// judged, only kept.
type claims struct {
	stated bool    // Bitfield, HaveAll or HaveNone came
	all    bool    // HaveAll
	bits   []byte  // Bitfield
	log    []int64 // then, in order: the number of a Have; its complement for a lt_donthave
}

// state tells a peer what we have; the fast extension wants exactly one such
// message right after the handshake. What the store turns out to hold later is
// told by Have messages.
func (s *Swarm) state(p *peer) {
	have := s.pieces()
	switch {
	case have == nil || have.Count() == 0 && have.Len() > 0:
		if p.fast {
			s.send(p, wire.HaveNone{})
		}
	case have.All() && p.fast:
		s.send(p, wire.HaveAll{})
	case have.Len() > 0:
		s.send(p, wire.Bitfield{Bits: have.Bytes()})
	}
}

// announce tells everyone of a new piece. A peer that has it cannot use it, but
// learns how far we are, and a seed who needs what.
func (s *Swarm) announce(i metainfo.PieceIndex) {
	for _, p := range s.order {
		if p.shaken && !p.gone {
			s.send(p, wire.Have{Piece: uint32(i)})
		}
	}
}

// stated takes a Bitfield, HaveAll or HaveNone.
func (s *Swarm) stated(p *peer, m wire.Message) (reason string) {
	if p.claims.stated {
		return "said twice which pieces it has"
	}
	p.claims.stated = true
	switch m := m.(type) {
	case wire.HaveAll:
		p.claims.all = true
	case wire.Bitfield:
		p.claims.bits = m.Bits
	}
	return s.judge(p)
}

func (s *Swarm) has(p *peer, piece uint32) (reason string) { return s.claim(p, int64(piece)) }

func (s *Swarm) lacks(p *peer, payload []byte) (reason string) {
	m, err := wire.ParseDontHave(payload)
	if err != nil {
		return err.Error()
	}
	return s.claim(p, ^int64(m.Piece))
}

func (s *Swarm) claim(p *peer, entry int64) (reason string) {
	if len(p.claims.log) >= maxClaims {
		return "too many pieces before the metadata"
	}
	p.claims.log = append(p.claims.log, entry)
	return s.judge(p)
}

// judge takes over a peer's claims once they can be judged.
func (s *Swarm) judge(p *peer) (reason string) {
	if p.slot == nil {
		return ""
	}
	c := p.claims
	p.claims = claims{stated: c.stated}
	if c.all {
		s.picker.HasAll(p.slot)
	}
	if c.bits != nil {
		set, err := bitfield.FromBytes(c.bits, s.info.Layout.Pieces())
		if err != nil {
			return err.Error()
		}
		s.picker.HasSet(p.slot, set)
	}
	for _, entry := range c.log {
		i, ok := s.info.Layout.Index(uint32(max(entry, ^entry)))
		if !ok {
			return "has a piece that is not there"
		}
		if entry >= 0 {
			s.picker.Has(p.slot, i)
		} else {
			s.picker.Lacks(p.slot, i)
		}
	}
	s.interest(p)
	return ""
}

// interest tells a peer whether we want what it has, when that has changed.
func (s *Swarm) interest(p *peer) {
	if p.slot == nil || p.gone {
		return
	}
	is := s.trading() && s.picker.Interesting(p.slot)
	if is == p.interested {
		return
	}
	p.interested = is
	if is {
		s.send(p, wire.Interested{})
	} else {
		s.send(p, wire.NotInterested{})
	}
}

func (s *Swarm) interestAll() {
	for _, p := range s.order {
		s.interest(p)
	}
}
