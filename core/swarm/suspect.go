package swarm

import (
	"slices"
	"time"

	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/picker"
)

// recheck is how often it is looked for whether there is still somebody who may
// be asked in place of one who is shunned.
const recheck = time.Second

// suspicion is that of a peer on probation of whom a wrong piece has blocks, and
// of others too. Until it is known whose were wrong it gets no other piece, or
// it would spoil that one as well; but where nobody else may be asked, it is.
type suspicion struct {
	raised bool
	piece  metainfo.PieceIndex
}

// suspect suspects the senders of a wrong piece.
func (s *Swarm) suspect(i metainfo.PieceIndex, senders []*picker.Peer) {
	for _, sender := range senders {
		if sender == nil {
			continue // padding
		}
		if p, is := sender.Owner.(*peer); is && !p.gone && !p.proven {
			p.suspicion = suspicion{raised: true, piece: i}
			s.wakeBy(s.now.Add(recheck))
		}
	}
}

// believe counts what a peer says that it has, or does not while it leaves us
// waiting and has never sent a block: one who claims much and gives nothing
// would make rare pieces look common.
func (s *Swarm) believe(p *peer) {
	d := &p.down
	s.picker.Absent(p.slot, (d.doubted || d.snubbed) && p.in.total == 0)
}

// shunned reports whether a peer is not asked while another may be: until the
// verdict, or because it has left us waiting and has never sent a block. What
// is asked of such a one keeps a piece from being whole.
func (s *Swarm) shunned(p *peer) bool {
	return (p.suspicion.raised || p.down.mute) && slices.ContainsFunc(s.order, func(q *peer) bool {
		return q != p && !q.suspicion.raised && !q.down.snubbed && s.offers(q) != nil
	})
}

// tickShunned sees to it that a peer is asked again when it need not wait any
// more. After the verdict who is still here has not lied.
func (s *Swarm) tickShunned(p *peer) {
	if !p.suspicion.raised && !p.down.mute {
		return
	}
	p.suspicion.raised = p.suspicion.raised && s.audits.Open(p.suspicion.piece)
	s.requests.refill = s.requests.refill || !s.shunned(p)
	s.wakeBy(s.now.Add(recheck))
}
