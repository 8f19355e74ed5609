package swarm

import (
	"slices"
	"time"

	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/wire"
)

const (
	// overtaken is how long at least one request may stay behind while later ones
	// are answered. Stock WebTorrent drops some requests silently.
	overtaken = 2 * time.Second
	// rejectRest is how long a peer is not asked that rejects while it serves.
	rejectRest = time.Second
	// maxInFlight bounds the bytes that were asked for or came and are not
	// written yet, over all peers: what a page may hold in memory.
	maxInFlight = 64 << 20
	// maxUnasked bounds the bytes of blocks that a peer sends without being
	// asked, before it is dropped.
	maxUnasked = 256 << 10
)

// requests is what all peers have in common.
type requests struct {
	outstanding int  // blocks asked for, over all peers
	stalled     bool // whether maxInFlight kept a peer from being asked
	refill      bool // whether every peer is to be looked at when the turn ends
	endgame     bool // as it was at the end of the last turn
}

// refill asks a peer for as many blocks as it should have outstanding.
func (s *Swarm) refill(p *peer) {
	if !s.trading() || p.gone || p.choking || !p.interested || s.now.Before(p.down.rest) {
		return
	}
	room := min(p.down.depth, p.ext.reqq) - len(p.down.requests)
	if allowed := s.allowance(); allowed < room {
		room = allowed
		s.requests.stalled = true
	}
	if room <= 0 {
		return
	}
	if len(p.down.requests) == 0 {
		p.down.since = s.now
		s.wakeBy(s.now.Add(p.down.patience()))
	}
	var few [16]metainfo.Block // mostly one or two, and then nothing is allocated
	for _, b := range s.picker.Pick(p.slot, room, few[:0]) {
		p.down.requests = append(p.down.requests, request{b, s.now})
		s.requests.outstanding++
		s.send(p, wire.Request{Piece: uint32(b.Piece), Begin: uint32(b.Begin), Length: uint32(b.Length)})
	}
}

// allowance is how many blocks may be asked for yet, over all peers.
func (s *Swarm) allowance() int {
	return int((maxInFlight-s.store.unwritten)/metainfo.BlockSize) - s.requests.outstanding
}

// refillAll looks at every peer where blocks have become free for others, and
// where the endgame has begun. Those that left us waiting come last.
func (s *Swarm) refillAll() {
	if !s.trading() {
		return
	}
	endgame := s.picker.Endgame()
	all := s.requests.refill || endgame && !s.requests.endgame
	s.requests.refill, s.requests.endgame = false, endgame
	if !all {
		return
	}
	for _, snubbed := range []bool{false, true} {
		for _, p := range s.order {
			if p.down.snubbed == snubbed {
				s.refill(p)
			}
		}
	}
	s.requests.endgame = s.picker.Endgame()
}

// block takes a block that a peer sent.
func (s *Swarm) block(p *peer, m wire.Piece) (reason string) {
	b, asked := s.expected(p, m)
	if !asked {
		p.down.unasked += int64(wire.Size(m))
		s.wasted += int64(len(m.Block))
		if p.down.unasked > maxUnasked {
			return "sends what it was not asked for"
		}
		return ""
	}
	s.count(&p.in, &s.in, len(m.Block))
	if s.store.failure != nil {
		return "" // there is nowhere to put it
	}
	arrival := s.picker.Arrived(p.slot, b)
	for _, slower := range arrival.Cancel {
		s.withdraw(s.peers[Peer(slower.ID)], b)
	}
	if !arrival.Fresh {
		s.wasted += int64(len(m.Block))
		return ""
	}
	s.keep(b, m.Block, arrival.Complete)
	return ""
}

// expected finds what a block answers: a request, or one that was given up.
func (s *Swarm) expected(p *peer, m wire.Piece) (metainfo.Block, bool) {
	if s.info == nil {
		return metainfo.Block{}, false
	}
	b, ok := s.info.Layout.Range(m.Piece, m.Begin, uint32(len(m.Block)))
	if !ok {
		return b, false
	}
	if at := p.down.find(b); at >= 0 {
		s.answered(p, at)
		return b, true
	}
	return b, p.down.forgetLate(b)
}

// answered takes a request out and learns from how long it took.
func (s *Swarm) answered(p *peer, at int) {
	d := &p.down
	d.learn(s.unlist(p, at).at, s.now)
	d.since = s.now
	for at > 0 && s.now.Sub(d.requests[0].at) > max(overtaken, 3*d.usual) {
		s.giveUp(p)
		at--
	}
}

// unlist takes a request out. The first, which it mostly is, costs no move.
func (s *Swarm) unlist(p *peer, at int) request {
	d := &p.down
	r := d.requests[at]
	if at == 0 {
		d.requests = d.requests[1:]
	} else {
		d.requests = slices.Delete(d.requests, at, at+1)
	}
	s.requests.outstanding--
	return r
}

// giveUp returns a peer's oldest request to the pool.
func (s *Swarm) giveUp(p *peer) {
	r := s.unlist(p, 0)
	p.down.expectLate(r.block)
	s.picker.Returned(p.slot, r.block)
	s.requests.refill = true
}

func (s *Swarm) giveUpAll(p *peer) {
	for len(p.down.requests) > 0 {
		s.giveUp(p)
	}
}

// withdraw cancels a request that another peer has answered.
func (s *Swarm) withdraw(p *peer, b metainfo.Block) {
	at := p.down.find(b)
	if at < 0 {
		return
	}
	s.unlist(p, at)
	p.down.expectLate(b)
	s.sendCancel(p, b)
	s.requests.refill = true // it has room for others
}

func (s *Swarm) sendCancel(p *peer, b metainfo.Block) {
	s.send(p, wire.Cancel{Piece: uint32(b.Piece), Begin: uint32(b.Begin), Length: uint32(b.Length)})
}

// choked: without the fast extension a Choke answers all requests; with it each
// is answered by a Reject or its block (BEP 6).
func (s *Swarm) choked(p *peer) {
	p.choking = true
	if !p.fast {
		s.giveUpAll(p)
	}
}

// rejected returns a request to the pool. A peer that rejects although it
// serves us is left alone for a moment: nothing else would slow the two down.
func (s *Swarm) rejected(p *peer, m wire.Reject) {
	if s.info == nil {
		return
	}
	b, ok := s.info.Layout.Range(m.Piece, m.Begin, m.Length)
	if !ok {
		return
	}
	at := p.down.find(b)
	if at < 0 {
		p.down.forgetLate(b)
		return
	}
	s.unlist(p, at)
	s.picker.Returned(p.slot, b)
	s.requests.refill = true
	if !p.choking {
		p.down.depth = max(p.down.depth/2, minDepth)
		p.down.rest = s.now.Add(rejectRest)
		s.wakeBy(p.down.rest)
	}
}

// tickRequests snubs a peer that leaves us waiting: others get its blocks.
func (s *Swarm) tickRequests(p *peer) {
	if len(p.down.requests) > 0 {
		end := p.down.since.Add(p.down.patience())
		if s.now.Before(end) {
			s.wakeBy(end)
		} else {
			p.down.snubbed, p.down.depth = true, 1
			s.giveUpAll(p)
		}
	}
	if s.now.Before(p.down.rest) {
		s.wakeBy(p.down.rest)
	} else if !p.down.rest.IsZero() {
		p.down.rest = time.Time{}
		s.requests.refill = true
	}
}
