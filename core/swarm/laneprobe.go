package swarm

import "time"

const (
	// laneTrip is from which round-trip on a way may be longer than one connection
	// fills. Below, as on one machine or in one building, lanes cost and never gain;
	// a busy page alone takes 10 ms to answer.
	laneTrip = 20 * time.Millisecond
	// laneWindow is how many bytes must be under way, rate times round-trip, for
	// lanes to be tried: where nothing is lost an association has more than that
	// after three round-trips, and slow uplinks stay below it. After lanePatience
	// lossWindow is enough: with one packet in a hundred lost it comes to 15 KB.
	laneWindow   = 16 << 10
	lossWindow   = 8 << 10
	lanePatience = 5 * time.Second
	// laneLeast is how many bytes must be under way over each connection, or half
	// of the lanes go: four packets, with which an association recovers from a loss
	// by waiting.
	laneLeast = 5 << 10
	// laneWorth is what must be left to fetch, in bytes, and for how long at the
	// present rate: what lanes cost to open must come back.
	laneWorth     = 4 << 20
	laneWorthTime = 2 * time.Second
	// laneGain is how much faster lanes must make it, in percent, at the first of
	// laneLooks looks. Each further one comes after twice the time, and half of that
	// is enough: what is plain is seen soon, and noise does not end a trial. Who is
	// slower at the second has a narrow link, and loses by it.
	laneGain  = 30
	laneLooks = 3
	// laneRest is how long no lane is tried after some did not pay or did not open,
	// twice as long each time, maxRests times: links seldom change.
	laneRest = time.Minute
	maxRests = 5
	// A stretch is watched for shortTrips round-trips before lanes are begun, so
	// that a window goes twice, for longTrips when they are judged, and for laneWatch
	// once they are kept. warmTrips is how many an association takes to its rate:
	// slow start makes each round-trip one and a half times the last, from 12 KB.
	shortTrips, shortLeast = 2, 100 * time.Millisecond
	warmTrips, warmLeast   = 6, 100 * time.Millisecond
	longTrips, longLeast   = 12, 500 * time.Millisecond
	laneWatch              = 2 * time.Second
)

// probe finds out by trial whether lanes to a peer pay. Blocks that come drive
// it, no timer. It goes round:
//
//	watching   what comes is measured; lanes are begun where they may pay
//	opening    they are on their way; what comes without them is measured, up to
//	           the first answer and from there, which is after slow start
//	warming    the first is open, and what is under way comes to its rate
//	judging    that is measured: they stay, or go
type probe struct {
	phase probePhase
	since time.Time // what is measured began
	until time.Time // and is long enough
	came  int64     // payload bytes that had come from the peer by then
	all   int64     // and from all
	kept  int       // lanes that are not on trial
	looks int       // how often the others were looked at
	rate  measure   // without them
	rest  time.Time // nothing is tried before
	rests int       // how often that was put off
}

type probePhase uint8

const (
	probeWatching probePhase = iota
	probeOpening
	probeWarming
	probeJudging
)

// measure is bytes per second: of one peer, and of all.
type measure struct{ one, all int64 }

// phase begins one that is looked at after so many round-trips.
func (s *Swarm) phase(p *peer, to probePhase, trips int, least time.Duration) {
	b := &p.lanes.probe
	b.phase, b.since, b.came, b.all = to, s.now, p.in.total, s.in.total
	b.until = s.now.Add(max(time.Duration(trips)*p.down.trip, least))
}

// measured is the rate since the phase began.
func (s *Swarm) measured(p *peer) measure {
	b := &p.lanes.probe
	took := max(s.now.Sub(b.since), time.Millisecond).Seconds()
	return measure{int64(float64(p.in.total-b.came) / took), int64(float64(s.in.total-b.all) / took)}
}

// restLanes keeps a peer from being offered lanes for a while.
func (s *Swarm) restLanes(p *peer) {
	b := &p.lanes.probe
	if s.now.Before(b.rest) {
		return // several at once count as one
	}
	b.rest = s.now.Add(laneRest << b.rests)
	b.rests = min(b.rests+1, maxRests)
}

// weighLanes takes a probe further, when blocks have come from a peer.
func (s *Swarm) weighLanes(p *peer) {
	b := &p.lanes.probe
	if p.ext.lane == 0 || p.down.trip < laneTrip || s.now.Before(b.until) {
		return
	}
	switch b.phase {
	case probeWatching:
		s.watchLanes(p)
	case probeOpening:
		if p.lanes.count(true) <= b.kept { // none was to be had
			s.watch(p)
		}
	case probeWarming:
		s.phase(p, probeJudging, longTrips, longLeast)
	case probeJudging:
		s.judgeLanes(p)
	}
}

// watch begins a stretch.
func (s *Swarm) watch(p *peer) {
	if p.lanes.count(true) > 0 {
		s.phase(p, probeWatching, longTrips, laneWatch)
		return
	}
	s.phase(p, probeWatching, shortTrips, shortLeast)
}

// watchLanes ends a stretch: more lanes are begun, some are closed, or neither.
func (s *Swarm) watchLanes(p *peer) {
	ours, rate := p.lanes.count(true), s.measured(p).one
	under := int64(float64(rate) * p.down.trip.Seconds()) // way
	most := min(lanesFor(s.sources()), p.lanes.invited)
	switch {
	case ours > most:
		s.closeLanesTo(p, true, most, "others bring as much")
		s.restLanes(p)
	case ours > 0 && under < laneLeast*int64(1+ours):
		s.closeLanesTo(p, true, ours/2, "the lane does not pay")
		s.restLanes(p)
	case ours < most && under >= s.leastWindow(p) && s.worthLanes(p, rate):
		s.tryLanes(p, most-ours)
		return
	}
	s.watch(p)
}

// leastWindow is how much must be under way for lanes to be tried.
func (s *Swarm) leastWindow(p *peer) int64 {
	if s.now.Sub(p.in.first) < lanePatience {
		return laneWindow
	}
	return lossWindow
}

// worthLanes reports whether a peer that can have lanes serves us, enough is left to fetch, and no limit of ours is in the way.
func (s *Swarm) worthLanes(p *peer, rate int64) bool {
	left := s.picker.Left()
	return !s.now.Before(p.lanes.probe.rest) && p.fast && p.proven && s.trading() && p.interested && !p.choking &&
		!p.down.snubbed && !p.down.doubted && !s.shaping.down.tight(s.now) &&
		left >= laneWorth && left >= int64(float64(rate)*laneWorthTime.Seconds())
}

// sources is how many peers we fetch from.
func (s *Swarm) sources() (n int) {
	for _, p := range s.order {
		if len(p.down.requests) > 0 && !p.down.snubbed {
			n++
		}
	}
	return n
}

// tryLanes begins so many more lanes, all at once: one after the other would take
// half of a transfer of 50 MB.
func (s *Swarm) tryLanes(p *peer, n int) {
	b := &p.lanes.probe
	b.kept, b.looks, b.rate = p.lanes.count(true), 0, measure{}
	s.phase(p, probeOpening, 0, 0)
	for range n {
		s.openLane(p)
	}
}

// laneAnswers: the peer takes one of ours.
func (s *Swarm) laneAnswers(p *peer) {
	if b := &p.lanes.probe; b.phase == probeOpening && b.rate == (measure{}) {
		b.rate = s.measured(p)
		s.phase(p, probeOpening, 0, 0)
	}
}

// laneIsOpen: one of ours is. With the first ends what was before; the better of
// its two parts counts.
func (s *Swarm) laneIsOpen(p *peer) {
	if b := &p.lanes.probe; b.phase == probeOpening {
		now := s.measured(p)
		b.rate = measure{max(b.rate.one, now.one), max(b.rate.all, now.all)}
		s.phase(p, probeWarming, warmTrips, warmLeast)
	}
}

// judgeLanes keeps the lanes that have made both the peer and all peers together
// faster; what others lose by it is no gain.
func (s *Swarm) judgeLanes(p *peer) {
	b, now := &p.lanes.probe, s.measured(p)
	gain := now.one - b.rate.one
	paid := gain*100 >= b.rate.one*(laneGain>>b.looks) && (now.all-b.rate.all)*2 >= gain
	if b.looks++; !paid && b.looks < laneLooks && (gain > 0 || b.looks == 1) {
		b.until = b.since.Add(max(longTrips*p.down.trip, longLeast) << b.looks)
		return
	}
	if paid {
		b.rests = 0
	} else {
		s.closeLanesTo(p, true, b.kept, "the lane does not pay")
		s.restLanes(p)
	}
	s.watch(p)
}
