package swarm

import (
	"math/bits"
	"slices"

	"github.com/shoal-p2p/shoal/core/bitfield"
	"github.com/shoal-p2p/shoal/core/blame"
	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/wire"
)

// maxClaimed bounds the pieces that a peer may say it has before the metadata is
// known: no info dictionary that we take has room for the hashes of more.
const maxClaimed = metainfo.MaxInfoSize / len(metainfo.Digest{})

// claims is what a peer said it has. Until the metadata is known it cannot be
// judged, only kept.
type claims struct {
	stated     bool     // Bitfield, HaveAll or HaveNone came
	all        bool     // HaveAll
	bits       []byte   // Bitfield
	has, lacks pieceSet // by Have and lt_donthave since then, whichever came last
}

// some reports whether the peer began with any piece.
func (c *claims) some() bool {
	return c.all || slices.ContainsFunc(c.bits, func(eight byte) bool { return eight != 0 })
}

// note keeps a claim for later.
func (c *claims) note(piece uint32, has bool) (reason string) {
	if piece >= uint32(maxClaimed) {
		return "has a piece that no torrent has"
	}
	now, before := &c.has, &c.lacks
	if !has {
		now, before = before, now
	}
	now.add(piece)
	before.remove(piece)
	return ""
}

// pieceSet is a set of piece numbers that grows with the highest of them.
type pieceSet []byte

func (s *pieceSet) add(i uint32) {
	if missing := int(i/8) + 1 - len(*s); missing > 0 {
		*s = append(*s, make([]byte, missing)...)
	}
	(*s)[i/8] |= 1 << (i % 8)
}

func (s pieceSet) remove(i uint32) {
	if s.contains(i) {
		s[i/8] &^= 1 << (i % 8)
	}
}

func (s pieceSet) contains(i uint32) bool { return int(i/8) < len(s) && s[i/8]&(1<<(i%8)) != 0 }

// all lists the numbers in ascending order.
func (s pieceSet) all() []uint32 {
	var all []uint32
	for n, eight := range s {
		for ; eight != 0; eight &= eight - 1 {
			all = append(all, uint32(n*8+bits.TrailingZeros8(eight)))
		}
	}
	return all
}

// state tells a peer what we have; the fast extension wants exactly one such
// message right after the handshake. What the store turns out to hold later is
// told by Have messages.
func (s *Swarm) state(p *peer) {
	have := s.pieces()
	concealed := have != nil && have.All() && s.conceal(p)
	switch {
	case concealed && !p.fast:
		s.show(p)
	case concealed || have == nil || have.Count() == 0 && have.Len() > 0:
		if p.fast {
			s.send(p, wire.HaveNone{})
		}
	case have.All() && p.fast && len(s.uploads.lost) == 0:
		s.send(p, wire.HaveAll{})
	case have.Len() > 0:
		s.send(p, wire.Bitfield{Bits: s.readable(have).Bytes()})
	}
}

// readable is what we have without what the store could not read.
func (s *Swarm) readable(have *bitfield.Bitfield) *bitfield.Bitfield {
	if len(s.uploads.lost) == 0 {
		return have
	}
	less := have.Clone()
	for _, i := range s.uploads.lost {
		less.Clear(int(i))
	}
	return less
}

// announce tells everyone of a new piece. A peer that has it cannot use it, but
// learns how far we are, and a seed who needs what.
func (s *Swarm) announce(i metainfo.PieceIndex) {
	for _, p := range s.order {
		if (p.shaken || p.early) && !p.gone {
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
	if p.slot == nil {
		s.interest(p)
	}
	return s.judge(p)
}

func (s *Swarm) has(p *peer, piece uint32) (reason string) { return s.claim(p, piece, true) }

func (s *Swarm) lacks(p *peer, payload []byte) (reason string) {
	m, err := wire.ParseDontHave(payload)
	if err != nil {
		return err.Error()
	}
	return s.claim(p, m.Piece, false)
}

func (s *Swarm) claim(p *peer, piece uint32, has bool) (reason string) {
	if p.slot == nil {
		if has && p.claims.has.contains(piece) && !p.talk.spend(s.now, priceOfTalk) {
			s.charge(p, blame.Flood, "floods us with messages")
		}
		return p.claims.note(piece, has)
	}
	if reason := s.credit(p, piece, has); reason != "" {
		return reason
	}
	s.judged(p)
	return ""
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
		s.seenAll(p)
	}
	for _, piece := range c.has.all() {
		if reason := s.credit(p, piece, true); reason != "" {
			return reason
		}
	}
	for _, piece := range c.lacks.all() {
		if reason := s.credit(p, piece, false); reason != "" {
			return reason
		}
	}
	s.judged(p)
	return ""
}

// credit takes over that a peer has a piece, or has it no more.
func (s *Swarm) credit(p *peer, piece uint32, has bool) (reason string) {
	i, ok := s.info.Layout.Index(piece)
	switch {
	case !ok:
		return "has a piece that is not there"
	case has:
		s.picker.Has(p.slot, i)
		s.seen(i)
		s.got(p, i)
	default:
		s.picker.Lacks(p.slot, i)
	}
	return ""
}

// judged does what follows from what a peer has.
func (s *Swarm) judged(p *peer) {
	s.recount(p)
	s.judgeAllowed(p)
	if p.claims.stated {
		s.allow(p)
	}
	s.show(p)
	s.interest(p)
}

// interest tells a peer whether we want what it has, when that has changed.
func (s *Swarm) interest(p *peer) {
	if p.gone {
		return
	}
	is := s.interesting(p)
	if is == p.interested {
		return
	}
	p.interested = is
	if is {
		s.send(p, wire.Interested{})
	} else {
		p.vow.freed = s.now
		s.send(p, wire.NotInterested{})
	}
}

// interesting reports whether a peer has what we want. While the metadata is
// unknown we lack all of it: who has anything is told at once, so that its
// Unchoke comes with the metadata and not a round-trip after, and who is greeted
// early even before it says what it has. Until the store is open that holds.
func (s *Swarm) interesting(p *peer) bool {
	switch {
	case s.paused:
		return false
	case s.info == nil:
		return s.priority == nil && (p.claims.some() || p.early && !p.claims.stated)
	case !s.store.open:
		return p.interested
	}
	return p.slot != nil && s.picker.Interesting(p.slot)
}

func (s *Swarm) interestAll() {
	for _, p := range s.order {
		s.interest(p)
	}
}
