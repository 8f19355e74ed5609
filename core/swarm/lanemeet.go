package swarm

import (
	"encoding/binary"
	"time"

	"github.com/shoal-p2p/shoal/core/wire"
)

// maxLaneOffers bounds the offers of a peer that are looked at, in any minute
// that begins with one of them: each makes a connection. Twice seven would do.
const maxLaneOffers = 20

// openLane offers a peer one more lane, by which we ask.
func (s *Swarm) openLane(p *peer) {
	p.lanes.last++
	l := s.newLane(p, true, p.lanes.last)
	for at := 0; at < wire.TokenSize; at += 8 {
		binary.BigEndian.PutUint64(l.token[at:], s.rng.Uint64())
	}
	s.emit(LaneOffer{l.id})
}

// laneDescribed sends our description of a lane.
func (s *Swarm) laneDescribed(l *lane, ev LaneDescribed) {
	p := l.peer
	switch {
	case l.state != laneDescribing:
	case ev.Err != nil || !wire.FitsLane(ev.SDP):
		if !l.ours {
			s.refuseLane(p, l.number)
		}
		s.closeLane(l, "it could not be described")
		s.restLanes(p)
	case l.ours:
		l.state = laneOffered
		s.tellLane(p, wire.Lane{Kind: wire.LaneOffer, Number: l.number, Token: l.token, SDP: ev.SDP})
	default:
		l.state = laneConnecting
		s.tellLane(p, wire.Lane{Kind: wire.LaneAnswer, Number: l.number, SDP: ev.SDP})
	}
}

func (s *Swarm) tellLane(p *peer, m wire.Lane) {
	if p.ext.lane != 0 {
		s.send(p, m.Message(p.ext.lane))
	}
}

func (s *Swarm) refuseLane(p *peer, number int64) {
	s.tellLane(p, wire.Lane{Kind: wire.LaneRefuse, Number: number})
}

// laneTalk takes a message about lanes that came over the main connection. What
// is not waited for, as our lane has gone meanwhile, is ignored.
func (s *Swarm) laneTalk(p *peer, payload []byte) (reason string) {
	m, err := wire.ParseLane(payload)
	if err != nil {
		return err.Error()
	}
	switch m.Kind {
	case wire.LaneOffer:
		return s.laneOffered(p, m)
	case wire.LaneAnswer:
		if l := p.lanes.find(true, m.Number); l != nil && l.state == laneOffered {
			l.state = laneConnecting
			s.emit(LaneApply{l.id, m.SDP})
			s.laneAnswers(p)
		}
	case wire.LaneRefuse:
		if l := p.lanes.find(true, m.Number); l != nil && l.state == laneOffered {
			s.closeLane(l, "the peer does not want it")
			s.restLanes(p)
		}
	case wire.LaneInvite:
		p.lanes.invited = int(min(max(m.Number, 0), maxLanes))
	case wire.LaneHello:
		return "says hello on its main connection"
	}
	return ""
}

func (s *Swarm) laneOffered(p *peer, m wire.Lane) (reason string) {
	if p.lanes.find(false, m.Number) != nil {
		return "uses the number of a lane twice"
	}
	if s.now.Sub(p.lanes.minute) >= time.Minute {
		p.lanes.minute, p.lanes.offers = s.now, 0
	}
	if p.lanes.offers++; p.lanes.offers > maxLaneOffers || p.lanes.count(false) >= s.mayHave(p, s.served()) {
		s.refuseLane(p, m.Number)
		return ""
	}
	l := s.newLane(p, false, m.Number)
	l.token = m.Token
	s.emit(LaneAccept{l.id, m.SDP})
	return ""
}

// inviteAfter is how many bytes a peer must have taken to be invited: in a large
// swarm others have turns by then, and nobody need be told and told again.
const inviteAfter = 64 << 10

// mayHave is how many lanes we let a peer open: while it is far and served, and few
// others are.
func (s *Swarm) mayHave(p *peer, served int) int {
	if !s.trading() || !p.fast || p.ext.lane == 0 || !p.unchoked || !p.turn.Interested || s.shaping.up.tight(s.now) ||
		p.out.total < inviteAfter || p.down.trip < laneTrip {
		return 0
	}
	return lanesFor(served)
}

// gave tells that a peer has been given a block: with one of the first it is
// invited.
func (s *Swarm) gave(p *peer, bytes int) {
	if p.out.total >= inviteAfter && p.out.total-int64(bytes) < inviteAfter {
		s.inviteLanes()
	}
}

// served is how many peers have a turn, or took blocks lately: whoever is told of
// a piece at a time wants something now and nothing then.
func (s *Swarm) served() (n int) {
	for _, p := range s.order {
		lately := p.out.total > 0 && s.now.Sub(p.used) < laneIdle
		if !p.gone && (p.unchoked && p.turn.Interested || lately) {
			n++
		}
	}
	return n
}

// inviteRest is how long at least lies between two changes of what all are told:
// whoever turns his interest on and off must not make us talk to everybody else.
const inviteRest = time.Second

// inviteSoon invites as others have turns now, or when it may.
func (s *Swarm) inviteSoon() {
	if s.inviting = s.now.Before(s.inviteAt); s.inviting {
		s.wakeBy(s.inviteAt)
		return
	}
	s.inviteAt = s.now.Add(inviteRest)
	s.inviteLanes()
}

// inviteLanes tells peers how many lanes they may open: whoever fetches cannot
// know who else does. Where others have turns it takes lanes back; whoever is
// choked for a moment keeps them.
func (s *Swarm) inviteLanes() {
	served := s.served()
	for _, p := range s.order {
		if p.gone || p.ext.lane == 0 {
			continue
		}
		if n := s.mayHave(p, served); n != p.lanes.told {
			p.lanes.told = n
			s.tellLane(p, wire.Lane{Kind: wire.LaneInvite, Number: int64(n)})
		}
		s.closeLanesTo(p, false, lanesFor(served), "others have turns")
	}
}

// laneOpened: the first message over a lane of ours says which it is. One of the
// peer's waits for that.
func (s *Swarm) laneOpened(l *lane) {
	if !l.ours || l.state != laneConnecting {
		return
	}
	l.state, l.used = laneOpen, s.now
	hello := wire.Lane{Kind: wire.LaneHello, Number: l.number, Token: l.token}
	s.sendOver(l.peer, l, hello.Message(l.peer.ext.lane))
	s.laneIsOpen(l.peer)
	s.refill(l.peer)
}

// laneHello takes the first message over a lane that the peer opened.
func (s *Swarm) laneHello(l *lane, m wire.Message) (reason string) {
	said, ok := m.(wire.Extended)
	if !ok || said.ID != ourLane || l.ours || l.state != laneConnecting {
		return "speaks on a lane before it has said which it is"
	}
	hello, err := wire.ParseLane(said.Payload)
	if err != nil || hello.Kind != wire.LaneHello || hello.Number != l.number || hello.Token != l.token {
		return "does not know which lane it is"
	}
	l.state, l.used = laneOpen, s.now
	return ""
}
