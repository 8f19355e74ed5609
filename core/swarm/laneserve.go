package swarm

import (
	"slices"
	"time"

	"github.com/shoal-p2p/shoal/core/metainfo"
)

// queueOf is what a peer waits for over its main connection, or over a lane.
func (p *peer) queueOf(l *lane) *[]metainfo.Block {
	if l == nil {
		return &p.up.queue
	}
	return &l.queue
}

// queued is how many blocks a peer waits for in all.
func (p *peer) queued() int {
	n := len(p.up.queue)
	for _, l := range p.lanes.all {
		n += len(l.queue)
	}
	return n
}

// waitsFor reports whether a peer waits for a block, over whatever connection.
func (p *peer) waitsFor(b metainfo.Block) bool {
	return slices.Contains(p.up.queue, b) ||
		slices.ContainsFunc(p.lanes.all, func(l *lane) bool { return slices.Contains(l.queue, b) })
}

// forget takes a block out of whatever queue it is in.
func (p *peer) forget(b metainfo.Block) {
	same := func(other metainfo.Block) bool { return other == b }
	p.up.queue = slices.DeleteFunc(p.up.queue, same)
	for _, l := range p.lanes.all {
		l.queue = slices.DeleteFunc(l.queue, same)
	}
}

// serveLanes sends one block over the first lane that has room. They have turns.
func (s *Swarm) serveLanes(p *peer) bool {
	n := len(p.lanes.all)
	for k := range n {
		l := p.lanes.all[(p.lanes.turn+k)%n]
		if len(l.queue) == 0 || l.sent-l.drained >= l.ahead(s.now) {
			continue
		}
		if s.serveBlock(p, l) {
			l.used = s.now
			p.lanes.turn = (p.lanes.turn + k + 1) % n
			return true
		}
	}
	return false
}

// ahead is how many bytes may wait in a lane.
func (l *lane) ahead(now time.Time) int64 {
	if l.out.total < 2*aheadFirst {
		return aheadFirst
	}
	return l.peer.aheadAt(l.out.rate(now, shortWindow))
}

// mayWantLanes reports whether a peer that may open lanes has just begun to fetch,
// and has none open yet.
func (p *peer) mayWantLanes() bool {
	return p.lanes.told > 0 && p.out.total < hastyBytes && p.down.trip >= laneTrip &&
		!slices.ContainsFunc(p.lanes.all, func(l *lane) bool { return !l.ours && l.state == laneOpen })
}

// laneRate is what of a peer's rate its lanes take.
func (s *Swarm) laneRate(p *peer) (rate int64) {
	for _, l := range p.lanes.all {
		rate += l.out.rate(s.now, shortWindow)
	}
	return rate
}

// refuseThose refuses some of what a peer waits for, over whatever connection.
func (s *Swarm) refuseThose(p *peer, which func(metainfo.Block) bool) {
	s.refuseOver(p, nil, which)
	for _, l := range p.lanes.all {
		s.refuseOver(p, l, which)
	}
}

func (s *Swarm) refuseOver(p *peer, l *lane, which func(metainfo.Block) bool) {
	queue := p.queueOf(l)
	*queue = slices.DeleteFunc(*queue, func(b metainfo.Block) bool {
		if which(b) {
			s.rejectBlock(p, l, b)
		}
		return which(b)
	})
}

// learn lets the depth follow over which a request went.
func (p *peer) learn(r request, now time.Time) {
	if r.lane == nil {
		p.down.learn(r.at, now)
		return
	}
	r.lane.pace.learn(r.at, now)
	p.down.came(now.Sub(r.at))
}
