package exchange

import (
	"slices"
	"time"

	"github.com/shoal-p2p/shoal/core/id"
)

const (
	// maxAttempts is how many candidates a torrent tries at a time.
	maxAttempts = 4
	// describeTimeout is when signaling has long given an offer up.
	describeTimeout = 40 * time.Second
	// answerTimeout is how long an answer may take: two hops each way, and up to
	// five seconds in which the peer gathers its addresses.
	answerTimeout = 15 * time.Second
	// relayRest and maxRelayRest are how long a relay rests that brought no
	// answer, at first and at most.
	relayRest    = time.Second
	maxRelayRest = time.Minute
	// maxBusyRest is the most where it says that the peer is busy: of a swarm
	// whose peers have no room an honest one says so all the time.
	maxBusyRest = 8 * time.Second
	// ownRest is how long we rest when we cannot make an offer.
	ownRest = 2 * time.Second
)

// attempt is an offer of ours to a candidate.
type attempt struct {
	c        *candidate
	relay    *neighbour
	sent     bool // else it is being made
	offerID  id.ID
	offered  digest
	deadline time.Time
}

func (x *Exchange) want(now time.Time, ev Want) {
	t := x.torrent(ev.InfoHash)
	t.wanted = ev.Count
	x.seek(now, t)
}

// seek begins attempts as long as peers are wanted and candidates ready.
func (x *Exchange) seek(now time.Time, t *torrent) {
	t.seekAt = time.Time{}
	if t.restUntil.After(now) && t.wanted > 0 && len(t.neighbours) > 0 {
		t.seekAt = t.restUntil
		return
	}
	for _, c := range t.candidates {
		if len(t.attempts) >= min(t.wanted, maxAttempts) {
			return // the end of one of them, or a new Want, seeks again
		}
		if c.readyAt.After(now) {
			t.seekAt = earlier(t.seekAt, c.readyAt)
			continue
		}
		if t.trying(c.peer) || t.neighbour(c.peer) != nil {
			continue
		}
		relay, readyAt := c.relay(now, x.rng)
		if relay == nil {
			t.seekAt = earlier(t.seekAt, readyAt)
			continue
		}
		x.try(now, t, c, relay)
	}
}

func (x *Exchange) try(now time.Time, t *torrent, c *candidate, relay *neighbour) {
	relay.trying++
	t.attempts = append(t.attempts, &attempt{c: c, relay: relay, deadline: now.Add(describeTimeout)})
	x.emit(MakeOffer{InfoHash: t.infoHash, Relay: relay.conn, To: c.peer})
}

// end takes an attempt from the list.
func (t *torrent) end(a *attempt) {
	a.relay.trying--
	t.attempts = slices.DeleteFunc(t.attempts, func(other *attempt) bool { return other == a })
}

// attempt finds an attempt, or returns nil.
func (t *torrent) attempt(is func(*attempt) bool) *attempt {
	if i := slices.IndexFunc(t.attempts, is); i >= 0 {
		return t.attempts[i]
	}
	return nil
}

func (t *torrent) trying(peer id.ID) bool {
	return t.attempt(func(a *attempt) bool { return a.c.peer == peer }) != nil
}

// offerMade sends an offer that was asked for.
func (x *Exchange) offerMade(now time.Time, ev OfferMade) {
	t := x.torrents[ev.InfoHash]
	if t == nil {
		return
	}
	a := t.attempt(func(a *attempt) bool { return !a.sent && a.relay.conn == ev.Relay && a.c.peer == ev.To })
	switch {
	case a == nil && ev.Err == nil:
		x.refused(t, ev.Relay, ev.To, ev.OfferID)
	case a == nil:
	case ev.Err != nil || !fits(ev.SDP):
		t.end(a)
		if !ev.Known { // then the next candidate's offer would fail like this one
			t.restUntil = now.Add(ownRest)
		}
		if ev.Known || ev.Err == nil {
			a.c.rest(now)
		} else { // it has done nothing, but others come first
			a.c.readyAt = t.restUntil.Add(1)
		}
		if ev.Err == nil {
			x.refused(t, ev.Relay, ev.To, ev.OfferID)
		}
		x.seek(now, t)
	default:
		a.sent, a.offerID, a.offered = true, ev.OfferID, digestOf(ev.SDP)
		a.deadline = now.Add(answerTimeout)
		m := message{kind: offer, from: x.cfg.PeerID, to: ev.To, offerID: ev.OfferID, sdp: ev.SDP}
		x.say(a.relay, x.sign(t.infoHash, m, digest{}))
	}
}

// refused says that no answer will come to an offer.
func (x *Exchange) refused(t *torrent, relay Conn, to, offerID id.ID) {
	x.emit(Answered{InfoHash: t.infoHash, Relay: relay, From: to, OfferID: offerID})
}

// fail ends an attempt without an answer.
func (x *Exchange) fail(t *torrent, a *attempt) {
	t.end(a)
	if a.sent {
		x.refused(t, a.relay.conn, a.c.peer, a.offerID)
	}
}

// answerToUs takes an answer to an offer of ours.
func (x *Exchange) answerToUs(now time.Time, n *neighbour, m message) {
	t := n.t
	a := t.sentAttempt(n, m.from, m.offerID)
	if a == nil {
		return // it comes late
	}
	if !signed(t.infoHash, m, a.offered) {
		x.fault(now, n, "brought an answer with a wrong signature")
		return
	}
	if x.contradicts(m.from, m.key) {
		x.fail(t, a)
		a.c.rest(now)
		x.seek(now, t)
		return
	}
	t.end(a)
	n.failures = 0
	a.c.rest(now)
	x.emit(Answered{InfoHash: t.infoHash, Relay: n.conn, From: m.from, Identity: m.key, OfferID: m.offerID, SDP: m.sdp})
	x.seek(now, t)
}

// sentAttempt finds the attempt whose offer travels so, or returns nil.
func (t *torrent) sentAttempt(relay *neighbour, to, offerID id.ID) *attempt {
	return t.attempt(func(a *attempt) bool {
		return a.sent && a.relay == relay && a.c.peer == to && a.offerID == offerID
	})
}

// refusalToUs takes a gone or busy for an offer of ours.
func (x *Exchange) refusalToUs(now time.Time, n *neighbour, m message) {
	a := n.t.sentAttempt(n, m.to, m.offerID)
	if a == nil {
		return
	}
	x.fail(n.t, a)
	if m.kind == busy {
		n.rest(now, maxBusyRest)
		a.c.rest(now)
	} else {
		n.rest(now, maxRelayRest)
		a.c.missed(now, n)
	}
	x.seek(now, n.t)
}

// rest gives a relay time that brought no answer, twice as long each time: what
// it tells of peers costs it nothing, an offer costs us a connection.
func (n *neighbour) rest(now time.Time, most time.Duration) {
	n.restUntil = now.Add(backOff(relayRest, most, n.failures))
	n.failures++
}

// giveUp ends the attempts of which nothing came back.
func (x *Exchange) giveUp(now time.Time, t *torrent) {
	for _, a := range slices.Clone(t.attempts) {
		if a.deadline.After(now) {
			continue
		}
		x.fail(t, a)
		if !a.sent {
			a.c.rest(now)
			continue
		}
		a.relay.rest(now, maxRelayRest)
		a.c.missed(now, a.relay)
	}
}

// abandon ends the attempts by a relay that is gone.
func (x *Exchange) abandon(now time.Time, relay *neighbour) {
	for _, a := range slices.Clone(relay.t.attempts) {
		if a.relay == relay {
			x.fail(relay.t, a)
			a.c.missed(now, relay)
		}
	}
}
