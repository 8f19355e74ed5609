package swarm

import (
	"fmt"
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/wire"
)

// openTrips is how many one-way trips a connection takes to open.
const openTrips = 8

// carryOutLane makes the connections of lanes, as the network makes others.
func (h *host) carryOutLane(e LaneEffect) {
	switch e := e.(type) {
	case LaneOffer:
		h.beginLane(e.Lane)
	case LaneAccept:
		if h.beginLane(e.Lane) {
			offerer := h.n.laneEnd(e.SDP)
			h.lanes[e.Lane].other, offerer.other = offerer, h.lanes[e.Lane]
		}
	case LaneApply:
		mine, other := h.lanes[e.Lane], h.n.laneEnd(e.SDP)
		h.n.after(openTrips*h.n.latency, func() {
			for _, end := range []*end{other, mine} {
				if !end.gone {
					end.opened()
				}
			}
		})
	case LaneSend:
		h.lanes[e.Lane].send(wire.Append(nil, e.Msg))
	case LaneClose:
		h.log = append(h.log, "lane: "+e.Reason)
		h.endLane(h.lanes[e.Lane])
	}
}

// beginLane makes one end, if there is room, and its description.
func (h *host) beginLane(l Lane) bool {
	if h.crowded {
		h.n.after(0, func() { h.handle(LaneClosed{l}) })
		return false
	}
	h.lanes[l] = &end{
		host:    h,
		opened:  func() { h.handle(LaneOpened{l}) },
		deliver: func(data []byte) { h.handle(LaneReceived{l, data}) },
		drained: func(total int64) { h.handle(LaneDrained{l, total}) },
		closed:  func() { h.handle(LaneClosed{l}) },
	}
	h.n.after(time.Millisecond, func() { h.handle(LaneDescribed{l, fmt.Sprintf("%s %d", h.name, l), nil}) })
	return true
}

// laneEnd is the end that a description names.
func (n *network) laneEnd(sdp string) *end {
	for _, h := range n.hosts {
		for l, e := range h.lanes {
			if sdp == fmt.Sprintf("%s %d", h.name, l) {
				return e
			}
		}
	}
	n.t.Fatalf("nobody has described %q", sdp)
	return nil
}

func (h *host) endLane(e *end) {
	if e == nil || e.gone {
		return
	}
	e.gone = true
	h.n.after(h.n.latency, func() {
		if e.other != nil && !e.other.gone {
			e.other.gone = true
			e.other.closed()
		}
	})
}

// far is a network in which one connection carries a window a round-trip.
func far(t *testing.T, latency time.Duration, window, bandwidth int64) *network {
	n := newNetwork(t)
	n.latency, n.window, n.bandwidth = latency, window, bandwidth
	return n
}

// open counts the lanes of all peers of a host that are open.
func (h *host) open(ours bool) (k int) {
	for _, l := range h.Swarm.lanes { // order-free: counts
		if l.state == laneOpen && l.ours == ours {
			k++
		}
	}
	return k
}

// mostLanes is how many are open at most until some condition is met.
func (n *network) mostLanes(h *host, limit time.Duration, met func() bool) (most int) {
	n.run(limit, func() bool {
		most = max(most, h.open(true))
		return met()
	})
	return most
}

func TestOverAFarWayLanesFillTheLink(t *testing.T) {
	// Given a way of 40 ms on which one connection carries 2 MB/s of 20
	n := far(t, 20*time.Millisecond, 80*kib, 20<<20)
	tor := newTorrent(256*kib, 50<<20)
	a, b := n.seedOf("a", tor), n.leech("b", tor)
	begin := n.now
	n.connect(a, b)
	// When b fetches 50 MiB
	most := n.mostLanes(b, time.Minute, allDone(b))
	// Then it opens all lanes, and is done in a third of the time at the most
	n.holds(b, tor)
	one := 25 * time.Second
	if took := n.now.Sub(begin); most != maxLanes || took > one/3 {
		t.Errorf("with %d lanes it took %v, over one connection at least %v", most, took, one)
	}
	if b.Stats().Wasted != 0 || len(a.drops)+len(b.drops) != 0 {
		t.Errorf("%d bytes came twice, drops %v and %v", b.Stats().Wasted, a.drops, b.drops)
	}
	// And they go when there is nothing left to ask
	n.pass(time.Minute)
	if a.open(false)+b.open(true) != 0 {
		t.Errorf("%d and %d lanes are left", a.open(false), b.open(true))
	}
	if waits := a.turns.uplink.waiting; waits != 0 {
		t.Errorf("%d bytes wait to leave for ever", waits)
	}
}

func TestWhoFetchesFromAFewSharesLanesAmongThem(t *testing.T) {
	for _, c := range []struct {
		name         string
		seeds, peers int
		want         int // lanes of a fetcher
	}{
		{"two fetchers of one seed", 1, 2, 3},
		{"one fetcher of two seeds", 2, 1, 6},
		{"three fetchers of one seed", 1, 3, 0},
		{"one fetcher of three seeds", 3, 1, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := far(t, 20*time.Millisecond, 80*kib, 50<<20)
			tor := newTorrent(256*kib, 16<<20)
			var seeds, peers []*host
			for k := range c.seeds {
				seeds = append(seeds, n.seedOf(fmt.Sprint("seed", k), tor))
			}
			for k := range c.peers {
				peers = append(peers, n.leech(fmt.Sprint("peer", k), tor))
				for _, a := range seeds {
					n.connect(a, peers[k])
				}
			}
			begun := 0
			n.watch = func(_ *host, e Effect) {
				if _, is := e.(LaneOffer); is {
					begun++
				}
			}
			if most := n.mostLanes(peers[0], time.Minute, allDone(peers...)); most != c.want || begun != c.want*c.peers {
				t.Errorf("%d lanes, of all peers %d were begun; want %d of each", most, begun, c.want)
			}
			n.holds(peers[0], tor)
		})
	}
}

func TestLanesAreTakenBackWhenOthersCome(t *testing.T) {
	// Given a peer with all its lanes
	n := far(t, 20*time.Millisecond, 80*kib, 20<<20)
	tor := newTorrent(256*kib, 60<<20)
	a, b := n.seedOf("a", tor), n.leech("b", tor)
	n.connect(a, b)
	n.run(20*time.Second, func() bool { return b.open(true) == maxLanes })
	for k, want := range []int{3, 0} {
		// When another comes
		n.connect(a, n.leech(fmt.Sprint("other", k), tor))
		n.pass(2 * time.Second)
		// Then it keeps its share
		if got := b.open(true); got != want {
			t.Errorf("with %d others it has %d lanes, want %d", k+1, got, want)
		}
	}
}

func TestHalfOfTheLanesGoWhereLittleIsUnderWay(t *testing.T) {
	// Given all lanes
	n := far(t, 20*time.Millisecond, 80*kib, 20<<20)
	tor := newTorrent(256*kib, 60<<20)
	a, b := n.seedOf("a", tor), n.leech("b", tor)
	n.connect(a, b)
	n.run(20*time.Second, func() bool { return b.open(true) == maxLanes })
	n.pass(2 * time.Second)
	// When the uplink becomes narrow, so that 2 KB are under way over each
	n.bandwidth = 400 << 10
	n.pass(10 * time.Second)
	if left := b.open(true); left > maxLanes/2 {
		t.Errorf("%d lanes are left", left)
	}
}

func TestNoLaneIsTriedForLittle(t *testing.T) {
	n := far(t, 20*time.Millisecond, 80*kib, 20<<20)
	tor := newTorrent(64*kib, 3<<20)
	a, b := n.seedOf("a", tor), n.leech("b", tor)
	n.connect(a, b)
	n.run(20*time.Second, allDone(b))
	if b.lastLane != 0 {
		t.Errorf("%d lanes were begun for 3 MiB", b.lastLane)
	}
}

func TestNoLaneIsTriedOverASlowUplink(t *testing.T) {
	// Given an uplink as of ADSL, of which 5 KB are under way
	n := far(t, 20*time.Millisecond, 1<<20, 125<<10)
	tor := newTorrent(64*kib, 8<<20)
	a, b := n.seedOf("a", tor), n.leech("b", tor)
	n.connect(a, b)
	n.pass(30 * time.Second)
	if b.lastLane != 0 || b.Stats().Downloaded < 3<<20 {
		t.Errorf("%d lanes were begun, %d bytes came", b.lastLane, b.Stats().Downloaded)
	}
}

func TestOverALossyWayLanesAreTriedLater(t *testing.T) {
	// Given a way of 40 ms of which losses leave an association 12 KB a round-trip
	n := far(t, 20*time.Millisecond, 12*kib, 20<<20)
	tor := newTorrent(64*kib, 16<<20)
	a, b := n.seedOf("a", tor), n.leech("b", tor)
	begin := n.now
	n.connect(a, b)
	most := n.mostLanes(b, time.Minute, allDone(b))
	if took := n.now.Sub(begin); most != maxLanes || took > 20*time.Second {
		t.Errorf("with %d lanes it took %v, over one connection at least 40 s", most, took)
	}
}

func TestLanesThatDoNotPayGo(t *testing.T) {
	// Given a way of 40 ms whose end is a narrow uplink
	n := far(t, 20*time.Millisecond, 1<<20, 1<<20)
	tor := newTorrent(256*kib, 60<<20)
	a, b := n.seedOf("a", tor), n.leech("b", tor)
	n.connect(a, b)
	// When lanes have been tried
	n.run(20*time.Second, func() bool { return b.open(true) > 0 })
	n.run(5*time.Second, func() bool { return b.open(true) == 0 })
	// Then it is not tried again for a while
	end := n.now.Add(30 * time.Second)
	if most := n.mostLanes(b, time.Minute, func() bool { return n.now.After(end) }); most != 0 {
		t.Errorf("%d lanes were tried again", most)
	}
}

func TestLanesStayIfTheyMakeAllTogetherFaster(t *testing.T) {
	for _, c := range []struct {
		name          string
		before, now   measure
		looks         int
		stays, judged bool
	}{
		{"twice as fast", measure{100, 100}, measure{200, 200}, 0, true, true},
		{"a little faster", measure{100, 100}, measure{120, 120}, 0, false, false},
		{"a little faster at the second look", measure{100, 100}, measure{120, 120}, 1, true, true},
		{"slower at first", measure{100, 100}, measure{90, 90}, 0, false, false},
		{"slower at the second look", measure{100, 100}, measure{90, 90}, 1, false, true},
		{"no faster at the last", measure{100, 100}, measure{104, 104}, 2, false, true},
		{"what another peer has lost", measure{100, 400}, measure{300, 400}, 2, false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := newNetwork(t)
			tor := newTorrent(16*kib, 200*kib)
			a, b := n.seedOf("a", tor), n.leech("b", tor)
			n.connect(a, b)
			n.pass(time.Second)
			// Given lanes that are open since a second
			p := b.order[0]
			p.lanes.probe = probe{phase: probeJudging, since: b.now.Add(-time.Second), rate: c.before, looks: c.looks}
			p.lanes.probe.came, p.lanes.probe.all = p.in.total-c.now.one, b.in.total-c.now.all
			b.newLane(p, true, 1)
			// When what comes is judged
			b.judgeLanes(p)
			if stays, judged := p.lanes.count(true) == 1, p.lanes.probe.phase == probeWatching; stays != (c.stays || !c.judged) || judged != c.judged {
				t.Errorf("stays: %v, judged: %v", stays, judged)
			}
		})
	}
}

func TestEachTrialThatFailsIsFollowedByALongerRest(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(16*kib, 200*kib)
	a, b := n.seedOf("a", tor), n.leech("b", tor)
	n.connect(a, b)
	n.pass(time.Second)
	p := b.order[0]
	for _, minutes := range []int{1, 2, 4, 8, 16, 32, 32} {
		b.restLanes(p)
		b.restLanes(p) // several lanes of one trial fail
		rest := time.Duration(minutes) * time.Minute
		if got := p.lanes.probe.rest.Sub(b.now); got != rest {
			t.Errorf("a rest of %v, want %v", got, rest)
		}
		b.now = b.now.Add(rest)
	}
}

func TestLittleWaitsInTheChannelOfWhoMayWantLanes(t *testing.T) {
	// Given a fast fetcher far away
	n := far(t, 20*time.Millisecond, 80*kib, 20<<20)
	tor := newTorrent(256*kib, 20<<20)
	a, b := n.seedOf("a", tor), n.leech("b", tor)
	n.connect(a, b)
	var most int64
	n.run(20*time.Second, func() bool {
		if len(a.order) > 0 {
			most = max(most, a.order[0].sent-a.order[0].drained)
		}
		return a.open(false) > 0
	})
	// Then the seed's answers to its offers wait behind no more than this
	if most < aheadFirst || most > aheadLanes+20*kib {
		t.Errorf("%d bytes waited when lanes were wanted", most)
	}
}

func TestNoLaneWhereTheWayIsShort(t *testing.T) {
	n := far(t, 3*time.Millisecond, 256*kib, 100<<20)
	tor := newTorrent(256*kib, 100<<20)
	a, b := n.seedOf("a", tor), n.leech("b", tor)
	n.connect(a, b)
	if most := n.mostLanes(b, time.Minute, allDone(b)); most != 0 || len(b.lanes) != 0 {
		t.Errorf("%d lanes over 6 ms", most)
	}
}

func TestNoLaneWithoutRoom(t *testing.T) {
	for _, full := range []string{"a", "b"} {
		n := far(t, 20*time.Millisecond, 80*kib, 20<<20)
		tor := newTorrent(256*kib, 20<<20)
		a, b := n.seedOf("a", tor), n.leech("b", tor)
		a.crowded, b.crowded = full == "a", full == "b"
		n.connect(a, b)
		if most := n.mostLanes(b, time.Minute, allDone(b)); most != 0 {
			t.Errorf("%d lanes though %s has no room", most, full)
		}
		if phase := b.order[0].lanes.probe.phase; phase != probeWatching {
			t.Errorf("phase %d, so none will ever be tried again", phase)
		}
		n.holds(b, tor)
	}
}

func TestWhatWasAskedOverALaneThatEndsIsAskedAgain(t *testing.T) {
	n := far(t, 20*time.Millisecond, 80*kib, 20<<20)
	tor := newTorrent(256*kib, 20<<20)
	a, b := n.seedOf("a", tor), n.leech("b", tor)
	n.connect(a, b)
	n.run(20*time.Second, func() bool { return b.open(true) > 2 })
	n.pass(200 * time.Millisecond)
	// When all lanes break while blocks are on their way
	asked := 0
	for _, l := range b.Swarm.lanes { // order-free: all of them
		asked += l.asked
	}
	for l, e := range b.lanes { // order-free: all of them
		if b.Swarm.lanes[l] != nil {
			b.endLane(e)
			b.handle(LaneClosed{l})
		}
	}
	if asked == 0 || b.open(true) != 0 {
		t.Fatalf("%d blocks were on their way, %d lanes are left", asked, b.open(true))
	}
	// Then the main connection brings the rest
	n.run(30*time.Second, allDone(b))
	n.holds(b, tor)
}

func TestLanesEndWithTheirMainConnection(t *testing.T) {
	n := far(t, 20*time.Millisecond, 80*kib, 20<<20)
	tor := newTorrent(256*kib, 20<<20)
	a, b := n.seedOf("a", tor), n.leech("b", tor)
	_, pb := n.connect(a, b)
	n.run(20*time.Second, func() bool { return b.open(true) > 0 })
	b.cutOff(pb)
	n.pass(time.Second)
	if len(a.Swarm.lanes)+len(b.Swarm.lanes) != 0 || b.requests.outstanding != 0 {
		t.Errorf("%d and %d lanes are left, %d requests", len(a.Swarm.lanes), len(b.Swarm.lanes), b.requests.outstanding)
	}
}

// offering is a seed, and a puppet that it serves and that has offered it a lane.
func offering(t *testing.T) (n *network, a *host, p *puppet, lane Lane, offer wire.Lane) {
	tor := newTorrent(16*kib, 200*kib)
	n, a, p = visit(t, tor, (*network).seedOf)
	a.n.hosts = append(a.n.hosts, &host{Swarm: a.Swarm, n: n, name: "p", lanes: map[Lane]*end{1: {gone: true}}})
	offer = wire.Lane{Kind: wire.LaneOffer, Number: 1, Token: [wire.TokenSize]byte{1}, SDP: "p 1"}
	p.send(greeting(wire.ExtendedHandshake{M: map[string]uint8{wire.NameLane: 9}}), wire.Interested{})
	n.pass(time.Second)
	a.order[0].down.trip, a.order[0].out.total = laneTrip, inviteAfter // far, and it has taken some
	p.send(offer.Message(ourLane))
	n.pass(time.Second)
	for l := range a.lanes {
		lane = l
	}
	return n, a, p, lane, offer
}

func TestOffersOfWhoIsNotInvitedAreRefused(t *testing.T) {
	n, a, p, _, offer := offering(t)
	begun := a.lastLane
	for k, change := range []func(){
		func() { a.order[0].down.trip = laneTrip - 1 },
		func() { a.order[0].down.trip, a.order[0].out.total = laneTrip, inviteAfter-1 },
		func() { a.order[0].out.total = inviteAfter; a.chokeAll() },
	} {
		change()
		offer.Number = int64(2 + k)
		p.send(offer.Message(ourLane))
		n.pass(time.Second)
		said := all[wire.Extended](p)
		if m, err := wire.ParseLane(said[len(said)-1].Payload); a.lastLane != begun || err != nil || m.Kind != wire.LaneRefuse || m.Number != offer.Number {
			t.Errorf("offer %d was answered with %+v, %v", k, m, err)
		}
	}
}

func says(a *host, lane Lane, m wire.Message) { a.handle(LaneReceived{lane, wire.Append(nil, m)}) }

func TestALaneServesOnceItsHelloIsRight(t *testing.T) {
	_, a, p, lane, offer := offering(t)
	answer, err := wire.ParseLane(all[wire.Extended](p)[len(all[wire.Extended](p))-1].Payload)
	if err != nil || answer.Kind != wire.LaneAnswer || answer.Number != 1 {
		t.Fatalf("the offer was answered with %+v, %v", answer, err)
	}
	var got []wire.Message
	a.lanes[lane].other = &end{host: a, deliver: func([]byte) {}}
	a.n.watch = func(_ *host, e Effect) {
		if e, ok := e.(LaneSend); ok {
			got = append(got, e.Msg)
		}
	}
	offer.Kind = wire.LaneHello
	says(a, lane, offer.Message(ourLane))
	says(a, lane, wire.Request{Length: 16 * kib})
	a.n.pass(time.Second)
	if len(got) != 1 || len(got[0].(wire.Piece).Block) != 16*kib || count[wire.Piece](p) != 0 {
		t.Errorf("over the lane came %v, over the main connection %d blocks", got, count[wire.Piece](p))
	}
	// A Choke holds for lanes.
	a.chokeAll()
	says(a, lane, wire.Request{Piece: 1, Length: 16 * kib})
	a.n.pass(time.Second)
	if len(got) != 2 || got[1] != (wire.Reject{Piece: 1, Length: 16 * kib}) {
		t.Errorf("choked, it was answered with %v", got[1:])
	}
}

func TestWhatALaneMayNotCarryEndsIt(t *testing.T) {
	for _, c := range []struct {
		name  string
		first func(wire.Lane) wire.Message
		then  wire.Message
	}{
		{"a wrong token", func(l wire.Lane) wire.Message { l.Token[0]++; return l.Message(ourLane) }, nil},
		{"another's number", func(l wire.Lane) wire.Message { l.Number++; return l.Message(ourLane) }, nil},
		{"no hello", func(wire.Lane) wire.Message { return wire.Request{Length: 1} }, nil},
		{"a Have", func(l wire.Lane) wire.Message { return l.Message(ourLane) }, wire.Have{}},
		{"a block that only its other end may send", func(l wire.Lane) wire.Message { return l.Message(ourLane) }, wire.Piece{Block: []byte{1}}},
		{"a second hello", func(l wire.Lane) wire.Message { return l.Message(ourLane) }, wire.Lane{Kind: wire.LaneHello}.Message(ourLane)},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, a, p, lane, offer := offering(t)
			offer.Kind = wire.LaneHello
			says(a, lane, c.first(offer))
			if c.then != nil {
				if a.Swarm.lanes[lane] == nil {
					t.Fatal("a right hello was not taken")
				}
				says(a, lane, c.then)
			}
			if a.Swarm.lanes[lane] != nil {
				t.Error("the lane is still there")
			}
			if a.drops[p.peer] != "" {
				t.Error("one breach cost the peer its main connection")
			}
		})
	}
}

func TestAPeerCannotMakeUsOpenMoreThanTheBound(t *testing.T) {
	n, a, p, _, offer := offering(t)
	for k := range int64(3 * maxLaneOffers) {
		offer.Number = 2 + k
		p.send(offer.Message(ourLane))
	}
	n.pass(time.Second)
	if len(a.Swarm.lanes) != maxLanes {
		t.Errorf("%d lanes", len(a.Swarm.lanes))
	}
	// When none of them opens, they go; and further offers in that minute are refused.
	n.pass(laneTimeout)
	offer.Number = 1000
	p.send(offer.Message(ourLane))
	n.pass(time.Second)
	if len(a.Swarm.lanes) != 0 {
		t.Errorf("%d lanes are left or begun anew", len(a.Swarm.lanes))
	}
}

// A block that is waited for over a lane, and asked again over the main
// connection, must be answered when the lane goes.
func TestARequestAskedAgainSurvivesItsLane(t *testing.T) {
	n, a, p, lane, offer := offering(t)
	a.lanes[lane].other = &end{host: a, deliver: func([]byte) {}}
	offer.Kind = wire.LaneHello
	says(a, lane, offer.Message(ourLane))
	l := a.Swarm.lanes[lane]
	// the lane's channel is full: what is asked over it waits
	l.sent += 10 << 20 / 2
	says(a, lane, wire.Request{Piece: 3, Length: 16 * kib})
	n.pass(100 * time.Millisecond)
	if len(l.queue) != 1 {
		t.Fatalf("queue %v", l.queue)
	}
	// the fetcher has given the lane up and asks over its main connection
	p.send(wire.Request{Piece: 3, Length: 16 * kib})
	n.pass(100 * time.Millisecond)
	a.handle(LaneClosed{lane})
	n.pass(30 * time.Second)
	if got := count[wire.Piece](p) + count[wire.Reject](p); got != 1 {
		t.Errorf("the request over the main connection had %d answers, drops %v", got, a.drops)
	}
}

// Who flips between Interested and NotInterested changes how many are served, and
// each change is told to everybody else: they take us for one who floods.
func TestWhoeverFlipsHisInterestMakesUsTalkToNobody(t *testing.T) {
	n := far(t, 20*time.Millisecond, 80*kib, 20<<20)
	tor := newTorrent(256*kib, 100<<20)
	a, b := n.seedOf("a", tor), n.leech("b", tor)
	n.connect(a, b)
	n.run(20*time.Second, func() bool { return b.open(true) == maxLanes })
	n.pass(time.Second)
	e1, e2 := n.puppet(a, hand(tor, "e1")), n.puppet(a, hand(tor, "e2"))
	n.pass(time.Second)
	invites := 0
	n.watch = func(h *host, e Effect) {
		if m, is := e.(Send); is && h == a {
			if x, is := m.Msg.(wire.Extended); is {
				if l, err := wire.ParseLane(x.Payload); err == nil && l.Kind == wire.LaneInvite {
					invites++
				}
			}
		}
	}
	// each says no more than its account of talk allows
	for range 5 {
		for range 450 {
			for _, e := range []*puppet{e1, e2} {
				e.send(wire.Interested{}, wire.NotInterested{})
			}
		}
		n.pass(time.Second)
	}
	t.Logf("%d invitations; a drops %v; b drops %v; lanes %d", invites, a.drops, b.drops, b.open(true))
	if len(b.drops) > 0 {
		t.Errorf("the honest fetcher drops the honest seed: %v", b.drops)
	}
	if invites > 100 {
		t.Errorf("%d invitations were sent in 5 s", invites)
	}
}
