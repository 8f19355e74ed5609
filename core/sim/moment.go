package sim

import "time"

// Moment is how a group stands: what a run shows that is asked why.
type Moment struct {
	At         time.Duration
	Group      string
	Up, Down   float64 // the part of the links that was used since the last moment
	Idle       float64 // the part of the peers that used less than half of its uplink
	Done       float64 // the part of the bytes that is there, on average
	Finished   int
	Copies     float64 // of the file that were sent, of all together
	Wasted     float64 // the part of the payload that was of no use
	Peers      float64 // that a peer knows, on average
	Wanted     float64 // peers that are interested in a peer, on average
	Served     float64 // peers that are unchoked by a peer and interested, on average
	Serving    float64 // peers that unchoke a peer in which it is interested, on average
	Queue      float64 // seconds for which the uplink has work, on average
	Queued     float64 // the longest of these
	Unfinished int     // pieces that nobody but seeds has
}

// sample is what a group had sent and received at the last moment.
type sample struct {
	at             time.Duration
	sent, received []int64
}

// Moments tells how each group stands, and since when it is measured anew.
func (r *Running) Moments() []Moment {
	if r.last == nil {
		r.last = make([]sample, len(r.groups))
	}
	var all []Moment
	for i := range r.groups {
		if c := &r.groups[i]; len(c.peers) > 0 {
			all = append(all, r.moment(c, &r.last[i]))
		}
	}
	return all
}

func (r *Running) moment(c *crowd, last *sample) Moment {
	now := r.World.Elapsed()
	past := (now - last.at).Seconds()
	last.at = now
	m := Moment{At: now, Group: c.Name, Finished: len(c.finishes), Unfinished: r.held.Len() - r.held.Count()}
	var wasted, downloaded int64
	for i, p := range c.peers {
		if i == len(last.sent) {
			last.sent, last.received = append(last.sent, 0), append(last.received, 0)
		}
		left := p.Sent
		up := used(left-last.sent[i], p.cfg.Up, past)
		m.Up += up
		m.Down += used(p.Received-last.received[i], p.cfg.Down, past)
		last.sent[i], last.received[i] = left, p.Received
		if up < 0.5 {
			m.Idle++
		}
		m.Copies += part(left, r.scenario.Length)
		queued := takes(int(p.uplink.queued), p.cfg.Up).Seconds()
		m.Queue += queued
		m.Queued = max(m.Queued, queued)
		h := p.holding(r.content.Info.Hash)
		stats := p.stats(h)
		wasted += stats.Wasted
		downloaded += stats.Downloaded
		if h.store != nil {
			m.Done += part(int64(h.store.verified.Count()), int64(h.store.verified.Len()))
		}
		m.addPeers(p.Peer, r.content)
	}
	m.Wasted = part(wasted, downloaded)
	n := float64(len(c.peers))
	for _, sum := range []*float64{&m.Up, &m.Down, &m.Idle, &m.Done, &m.Peers, &m.Wanted, &m.Served, &m.Serving, &m.Queue} {
		*sum /= n
	}
	return m
}

// addPeers adds what a peer knows of others.
func (m *Moment) addPeers(p *Peer, c *Content) {
	s := p.Swarm(c)
	if p.gone || s == nil {
		return
	}
	for _, other := range s.Peers() {
		m.Peers++
		if other.Interested {
			m.Wanted++
			if !other.Choking {
				m.Served++
			}
		}
		if other.Interesting && !other.Choked {
			m.Serving++
		}
	}
}

func used(bytes, rate int64, seconds float64) float64 {
	if rate == 0 || seconds <= 0 {
		return 0
	}
	return float64(bytes) / (float64(rate) * seconds)
}
