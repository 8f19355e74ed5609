package dht

import (
	"time"

	"github.com/shoal-p2p/shoal/core/dht/frame"
	"github.com/shoal-p2p/shoal/core/dht/krpc"
	"github.com/shoal-p2p/shoal/core/dht/table"
	"github.com/shoal-p2p/shoal/core/id"
	"github.com/shoal-p2p/shoal/core/limit"
)

const (
	// maxFaults is how many breaches of protocol a link survives.
	maxFaults = 3
	// quiet is how long a link may say nothing before it is suspect: one and a half
	// digests.
	quiet = beatPeriod * 3 / 2
	// probeWait is how long a suspect link has to prove itself.
	probeWait = 1500 * time.Millisecond
	// minWait and maxWait bound how long a hop-ack is waited for; firstRTT is what
	// is thought of a link whose round trip nobody has measured.
	minWait, maxWait = 100 * time.Millisecond, time.Second
	firstRTT         = 250 * time.Millisecond
)

// link is a connection to another node.
type link struct {
	handle  Link
	peer    id.ID
	key     frame.Key
	heard   time.Time // when something came last
	suspect bool
	faults  int
	rtt     time.Duration // smoothed
	jitter  time.Duration // how far it strays

	routed, digests, resyncs, puts, asks limit.Bucket

	// knows are the records that this neighbour has, as far as we know.
	knows map[frame.Holding]bool
}

func (l *link) conn() table.Conn { return table.Conn(l.handle) }

// wait is how long to wait for an ack of this neighbour (RFC 6298).
func (l *link) wait() time.Duration { return min(max(l.rtt+4*l.jitter, minWait), maxWait) }

// measured takes the time of a round trip.
func (l *link) measured(rtt time.Duration) {
	stray := (l.rtt - rtt).Abs()
	l.jitter += (stray - l.jitter) / 4
	l.rtt += (rtt - l.rtt) / 8
}

func (d *DHT) linked(now time.Time, ev Linked) {
	peer := ev.Peer.ID()
	d.meetings.forget(peer)
	_, known := d.links[ev.Link]
	switch {
	case known:
		panic("dht: a link that is there")
	case !ev.Peer.Solves(d.cfg.ZeroBits):
		d.emit(Close{ev.Link, "its identity does not solve the puzzle"})
		return
	case peer == d.self || d.linkTo(peer) != nil:
		d.emit(Close{ev.Link, "there is a link to this node"})
		return
	}
	if !d.makeRoom(now) {
		d.emit(Close{ev.Link, "there are as many links as there may be"})
		return
	}
	l := &link{
		handle: ev.Link, peer: peer, key: frame.KeyOf(peer), heard: now,
		routed: limit.Bucket{PerSecond: 50, Burst: 100}, digests: limit.Bucket{PerSecond: 2, Burst: 20},
		resyncs: limit.Bucket{PerSecond: 1, Burst: 5}, puts: limit.Bucket{PerSecond: 2, Burst: 128},
		asks:  limit.Bucket{PerSecond: 1, Burst: 3},
		knows: make(map[frame.Holding]bool),
	}
	l.rtt = ev.RTT
	if l.rtt <= 0 {
		l.rtt = firstRTT
	}
	l.jitter = l.rtt / 2
	d.links[ev.Link] = l
	d.order = append(d.order, l)
	d.table.Add(now, table.Neighbour{Conn: l.conn(), Key: l.key, Group: ev.Group, RTT: ev.RTT})
	d.tellWhole(now, l)
	d.tendBy(now)
}

// linkTo is the link to a node, nil where there is none.
func (d *DHT) linkTo(peer id.ID) *link {
	for _, l := range d.order {
		if l.peer == peer {
			return l
		}
	}
	return nil
}

func (d *DHT) unlinked(now time.Time, handle Link) {
	if l := d.links[handle]; l != nil {
		d.drop(now, l)
	}
}

// drop forgets a link. What was given to it and not acknowledged goes another
// way at once.
func (d *DHT) drop(now time.Time, l *link) {
	delete(d.links, l.handle)
	for i, o := range d.order {
		if o == l {
			d.order = append(d.order[:i:i], d.order[i+1:]...)
			break
		}
	}
	d.table.Remove(l.conn())
	d.alarms.Set(timer{probeTimer, uint64(l.handle)}, time.Time{})
	d.reroute(now, l)
	d.keepBy(now.Add(d.around(keepSoon)))
	d.tendBy(now.Add(d.around(tendSoon)))
}

// close ends a link.
func (d *DHT) close(now time.Time, l *link, reason string) {
	d.drop(now, l)
	d.emit(Close{l.handle, reason})
}

// bury ends the link to a dead node.
func (d *DHT) bury(now time.Time, l *link, reason string) {
	d.table.Bury(now, l.key)
	d.close(now, l, reason)
}

func (d *DHT) fault(now time.Time, l *link, reason string) {
	if l.faults++; l.faults >= maxFaults {
		d.close(now, l, reason)
	}
}

func (d *DHT) send(l *link, b []byte) { d.emit(Send{l.handle, b}) }

// received takes a message of a neighbour.
func (d *DHT) received(now time.Time, ev Received) {
	l := d.links[ev.Link]
	if l == nil {
		return
	}
	l.heard = now
	d.trust(l)
	if err := d.understand(now, l, ev.Frame); err != nil {
		d.fault(now, l, err.Error())
	}
}

func (d *DHT) understand(now time.Time, l *link, b []byte) error {
	switch frame.KindOf(b) {
	case frame.KindRouted:
		return d.routed(now, l, b)
	case frame.KindAck:
		return d.acked(now, l, b)
	case frame.KindDigest:
		return d.digested(now, l, b)
	case frame.KindResync:
		if l.resyncs.Take(now) {
			d.tellWhole(now, l)
		}
	case frame.KindHave, frame.KindWant:
		return d.summarised(now, l, b)
	case frame.KindLeave:
		d.bury(now, l, "it left")
	case frame.KindKRPC:
		return d.said(now, l, b)
	}
	return nil
}

// said takes a message to us alone: a neighbour hands a record over.
func (d *DHT) said(now time.Time, l *link, b []byte) error {
	m, err := krpc.Parse(b)
	if err != nil {
		return err
	}
	if m.Query != nil && l.puts.Take(now) {
		d.handedOver(now, l, *m.Query)
	}
	return nil
}

// doubt makes a link suspect, and asks it whether it is there.
func (d *DHT) doubt(now time.Time, l *link) {
	if l.suspect {
		return
	}
	l.suspect = true
	d.table.Suspect(l.conn(), true)
	d.send(l, frame.Resync())
	d.alarms.Set(timer{probeTimer, uint64(l.handle)}, now.Add(probeWait))
}

// trust takes the doubt away.
func (d *DHT) trust(l *link) {
	if !l.suspect {
		return
	}
	l.suspect = false
	d.table.Suspect(l.conn(), false)
	d.alarms.Set(timer{probeTimer, uint64(l.handle)}, time.Time{})
}

func (d *DHT) probeUnanswered(now time.Time, handle Link) {
	if l := d.links[handle]; l != nil && l.suspect {
		d.bury(now, l, "it is silent")
	}
}

// leave says goodbye.
func (d *DHT) leave() {
	for _, l := range d.order {
		d.send(l, frame.Leave())
	}
}
