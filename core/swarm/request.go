package swarm

import (
	"slices"
	"time"

	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/picker"
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
)

// requests is what all peers have in common.
type requests struct {
	outstanding int  // blocks asked for, over all peers
	stalled     bool // whether maxInFlight kept a peer from being asked
	refill      bool // whether every peer is to be looked at when the turn ends
	endgame     bool // as it was at the end of the last turn
	turn        int  // who is looked at first
}

// refill asks a peer for as many blocks as it should have outstanding, over each
// connection as many as that carries.
func (s *Swarm) refill(p *peer) {
	slot := s.source(p)
	if slot == nil {
		return
	}
	if s.shaping.down.waiting() {
		s.requests.refill = s.requests.refill || s.shaping.down.due(s.now)
		return
	}
	if !p.usesLanes() {
		s.refillOver(p, slot, nil, maxDepth)
		return
	}
	for again := true; again; { // in turns, so that what comes next comes over all
		again = s.refillOver(p, slot, nil, laneSlice)
		for _, l := range p.lanes.all {
			if l.ours && l.state == laneOpen && !l.stalled && slot == p.slot && s.refillOver(p, slot, l, laneSlice) {
				again = true
			}
		}
	}
}

// usesLanes reports whether there are lanes by which we may ask.
func (p *peer) usesLanes() bool { return p.lanes.count(true) > 0 && !p.down.snubbed }

// roomOver is how many more blocks are to be asked of a peer over one connection.
func (p *peer) roomOver(l *lane) int {
	all := p.mostRequests() - len(p.down.requests)
	if l != nil {
		return min(l.pace.depth-l.asked, all)
	}
	asked := len(p.down.requests)
	for _, l := range p.lanes.all {
		asked -= l.asked
	}
	return min(p.down.depth-asked, all)
}

// refillOver asks for so many blocks at most over one connection; it reports
// whether it would ask for more.
func (s *Swarm) refillOver(p *peer, slot *picker.Peer, l *lane, most int) (more bool) {
	room := min(p.roomOver(l), most)
	if allowed := s.allowance(); allowed < room {
		room = allowed
		s.requests.stalled = true
	}
	batch := room
	if s.shaping.down.tight(s.now) {
		batch = min(room, tightBatch)
	}
	for picked := batch; room > 0 && picked == batch; room -= picked {
		picked = s.askSome(p, slot, l, min(room, batch))
		more = room == most && picked == room
	}
	return more
}

// source is what a peer may be asked for now: all that it has, or what it
// allows while it chokes us. It is nil where that is nothing.
func (s *Swarm) source(p *peer) *picker.Peer {
	if s.shunned(p) {
		return nil
	}
	return s.offers(p)
}

func (s *Swarm) offers(p *peer) *picker.Peer {
	switch {
	case !s.trading() || p.gone || !p.interested || p.down.doubted || s.now.Before(p.down.rest):
		return nil
	case p.choking:
		return p.pieces.slot
	}
	return p.slot
}

// askSome asks for up to n blocks and returns how many there were. What the
// limit does not let pass goes back.
func (s *Swarm) askSome(p *peer, slot *picker.Peer, l *lane, n int) int {
	var few [16]metainfo.Block // mostly one or two, and then nothing is allocated
	picked := s.picker.Pick(slot, n, few[:0])
	for at, b := range picked {
		if !s.mayAsk(b.Length) {
			for _, rest := range picked[at:] {
				s.picker.Returned(slot, rest)
			}
			return at
		}
		s.ask(p, slot, l, b)
	}
	return len(picked)
}

func (s *Swarm) ask(p *peer, slot *picker.Peer, l *lane, b metainfo.Block) {
	if len(p.down.requests) == 0 {
		p.down.since = s.now
		s.wakeBy(s.now.Add(p.down.doubt()))
	}
	p.down.requests = append(p.down.requests, request{b, slot, s.now, l})
	s.requests.outstanding++
	if l != nil {
		if l.asked++; l.asked == 1 {
			l.used = s.now
			s.wakeBy(s.now.Add(laneQuiet))
		}
	}
	s.sendOver(p, l, wire.Request{Piece: uint32(b.Piece), Begin: uint32(b.Begin), Length: uint32(b.Length)})
}

// allowance is how many blocks may be asked for yet, over all peers.
func (s *Swarm) allowance() int {
	return int((maxInFlight-s.store.unwritten)/metainfo.BlockSize) - s.requests.outstanding - s.web.asked
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
		s.refillThose(snubbed)
	}
	s.requests.endgame = s.picker.Endgame()
}

// refillThose looks at every peer that left us waiting, or every other. Where a
// limit ends it, the next one comes first the next time.
func (s *Swarm) refillThose(snubbed bool) {
	n := len(s.order)
	for k := range n {
		at := (s.requests.turn + k) % n
		if p := s.order[at]; p.down.snubbed == snubbed {
			s.refill(p)
		}
		if s.shaping.down.waiting() {
			s.requests.turn = at + 1
			return
		}
	}
}

// block takes a block that a peer sent.
func (s *Swarm) block(p *peer, m wire.Piece) (reason string) {
	b, slot := s.expected(p, m)
	if slot == nil {
		s.wasted += int64(len(m.Block))
		s.unasked(p, len(m.Block))
		return ""
	}
	s.count(p, &p.in, &s.in, len(m.Block))
	s.weighLanes(p)
	if s.store.failure != nil {
		return "" // there is nowhere to put it
	}
	s.arrived(slot, b, m.Block)
	return ""
}

// expected finds what a block answers: a request, or one that was given up; and
// the slot it was asked of, nil where it was not.
func (s *Swarm) expected(p *peer, m wire.Piece) (metainfo.Block, *picker.Peer) {
	if s.info == nil {
		return metainfo.Block{}, nil
	}
	b, ok := s.info.Layout.Range(m.Piece, m.Begin, uint32(len(m.Block)))
	if !ok {
		return b, nil
	}
	if at := p.down.find(b); at >= 0 {
		return b, s.answered(p, at)
	}
	if p.down.forgetLate(b) {
		p.down.cameLate(s.now)
		s.believe(p)
		return b, p.slot
	}
	return b, nil
}

// answered takes a request out, learns from how long it took, and returns of
// which slot it was.
func (s *Swarm) answered(p *peer, at int) *picker.Peer {
	d := &p.down
	r := s.unlist(p, at)
	p.learn(r, s.now)
	s.believe(p)
	d.since = s.now
	for at > 0 && s.now.Sub(d.requests[0].at) > max(overtaken, 3*d.usual) {
		if l := d.requests[0].lane; l != nil {
			l.stalled = true
		}
		s.giveUp(p)
		at--
	}
	return r.slot
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
	if r.lane != nil {
		r.lane.asked--
	}
	return r
}

// giveUp returns a peer's oldest request to the pool.
func (s *Swarm) giveUp(p *peer) {
	r := s.unlist(p, 0)
	p.down.expectLate(r.block)
	s.picker.Returned(r.slot, r.block)
	s.requests.refill = true
}

// takeBack cancels a request that others may have.
func (s *Swarm) takeBack(p *peer, at int) {
	r := s.revoke(p, at)
	s.picker.Returned(r.slot, r.block)
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
	s.revoke(p, at)
	s.requests.refill = true // it has room for others
}

// revoke takes a request out and cancels it; its block may have left before.
func (s *Swarm) revoke(p *peer, at int) request {
	r := s.unlist(p, at)
	p.down.expectLate(r.block)
	s.sendCancel(p, r)
	return r
}

func (s *Swarm) sendCancel(p *peer, r request) {
	b := r.block
	s.sendOver(p, r.lane, wire.Cancel{Piece: uint32(b.Piece), Begin: uint32(b.Begin), Length: uint32(b.Length)})
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
		if p.down.forgetLate(b) {
			s.refund(b)
		}
		return
	}
	r := s.unlist(p, at)
	s.picker.Returned(r.slot, b)
	s.refund(b)
	s.requests.refill = true
	if !p.choking {
		if !s.now.Before(p.down.rest) { // several at once are one breach
			s.judgeReject(p)
		}
		p.down.depth = max(p.down.depth/2, minDepth)
		p.down.rest = s.now.Add(rejectRest)
		s.wakeBy(p.down.rest)
	}
}

// tickRequests doubts a peer that leaves us waiting, then snubs it: others get
// its blocks, and it is asked again when it sends one, or for one at a time.
func (s *Swarm) tickRequests(p *peer) {
	if p.slot != nil {
		s.picker.Rate(p.slot, p.in.rate(s.now, shortWindow))
	}
	if len(p.down.requests) > 0 || p.down.doubted {
		s.tickAnswers(p)
	}
	s.tickShunned(p)
	if s.now.Before(p.down.rest) {
		s.wakeBy(p.down.rest)
	} else if !p.down.rest.IsZero() {
		p.down.rest = time.Time{}
		s.requests.refill = true
	}
}

func (s *Swarm) tickAnswers(p *peer) {
	d := &p.down
	doubt, snub := d.since.Add(d.doubt()), d.since.Add(d.patience())
	switch {
	case !s.now.Before(snub):
		d.snubbed, d.doubted, d.depth = true, false, 1
		d.mute = p.in.total == 0
		s.believe(p)
		s.giveUpAll(p)
		s.requests.refill = true
		return
	case !d.doubted && s.now.Before(doubt):
		s.wakeBy(doubt)
	case !d.doubted && s.hasOthers(p):
		d.doubted = true
		s.believe(p)
		s.giveUpAll(p)
	}
	s.wakeBy(snub)
}

// hasOthers reports whether somebody else may be asked for what a peer was
// asked for.
func (s *Swarm) hasOthers(p *peer) bool {
	return slices.ContainsFunc(s.order, func(q *peer) bool {
		return q != p && !q.down.snubbed && s.source(q) != nil
	})
}
