package swarm

import (
	"github.com/shoal-p2p/shoal/core/blame"
	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/picker"
)

// maxUnproven is how many blocks may be asked at once of a peer on probation:
// one that has sent no block of a right piece yet. The picker keeps it at one
// piece, so that is the most that a liar costs each time it comes back.
const maxUnproven = 32

func (p *peer) who() blame.Who {
	return blame.Who{Peer: p.name, Identity: p.identity, Addr: p.link.Addr, Conn: uint64(p.id)}
}

func (p *peer) withdraw(s *Swarm, b metainfo.Block) { s.withdraw(p, b) }

// vouch ends a probation. The Book is told of every piece: it forgets first who
// has not proved himself for the longest time.
func (p *peer) vouch(s *Swarm) {
	who := p.who()
	if s.cfg.Book.Banned(s.now, who) {
		return
	}
	s.cfg.Book.Proved(s.now, who)
	if p.proven {
		return
	}
	if p.proven = true; !p.gone {
		s.trust(p)
		s.requests.refill = true
	}
}

// trust tells the picker whether a peer is on probation.
func (s *Swarm) trust(p *peer) {
	for _, slot := range []*picker.Peer{p.slot, p.pieces.slot} {
		if slot != nil {
			s.picker.Trust(slot, p.proven)
		}
	}
}

// recall looks up whether a peer whose identity is known now has proved itself
// before.
func (s *Swarm) recall(p *peer) {
	p.proven = p.proven || s.cfg.Book.Proven(p.who())
	s.trust(p)
}

// join enters a peer at the picker.
func (s *Swarm) join(p *peer) *picker.Peer {
	slot := s.picker.Join(p)
	s.picker.Trust(slot, p.proven)
	return slot
}

// mostRequests is how many blocks may be asked of a peer at once at all.
func (p *peer) mostRequests() int {
	if p.proven {
		return p.ext.reqq
	}
	return min(p.ext.reqq, maxUnproven)
}
