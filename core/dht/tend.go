package dht

import (
	"time"

	"github.com/shoal-p2p/shoal/core/dht/frame"
	"github.com/shoal-p2p/shoal/core/dht/krpc"
	"github.com/shoal-p2p/shoal/core/dht/table"
)

const (
	// beatPeriod is how often digests are sent. A link that is quiet for one and a
	// half of them is suspect.
	beatPeriod = 4300 * time.Millisecond
	// tendSoon is after what time the links are looked after when something changed.
	tendSoon = 300 * time.Millisecond
	// selfPeriod is how often a node looks for who is closest to itself, and
	// probePeriod how often for somebody in a bucket of which it knows nobody.
	selfPeriod  = 12 * time.Second
	probePeriod = time.Minute
	// shortLonely and longLonely bound the time between two calls for company: in a
	// network that is small nobody else may be there.
	shortLonely = 5 * time.Second
	longLonely  = time.Minute
)

// at rings a timer of the node itself at a time.
func (d *DHT) at(k timerKind, at time.Time) {
	d.set[k] = at
	d.alarms.Set(timer{kind: k}, at)
}

// by rings it at a time, or before if it is to ring before.
func (d *DHT) by(k timerKind, at time.Time) {
	if d.set[k].IsZero() || at.Before(d.set[k]) {
		d.at(k, at)
	}
}

func (d *DHT) tendBy(at time.Time) { d.by(tendTimer, at) }

func (d *DHT) keepBy(at time.Time) { d.by(keepTimer, at) }

// beat is the node's heart: every neighbour hears what has changed.
func (d *DHT) beat(now time.Time) {
	d.at(beatTimer, now.Add(d.around(beatPeriod)))
	d.passages.expire(now)
	d.table.Expire(now)
	d.promote(now)
	for _, l := range d.order {
		if now.Sub(l.heard) > quiet {
			d.doubt(now, l)
		}
	}
	b := d.signed(now, d.table.Beat()).Append(nil)
	for _, l := range d.order {
		d.send(l, b)
	}
	d.tend(now)
}

// signed is a digest with what it says of the node itself.
func (d *DHT) signed(now time.Time, digest frame.Digest) frame.Digest {
	digest.Announced = d.announced
	digest.Class = table.ClassOf(now.Sub(d.started), d.cfg.Role == Native)
	return digest
}

func (d *DHT) tellWhole(now time.Time, l *link) {
	d.send(l, d.signed(now, d.table.Whole()).Append(nil))
}

// digested takes a neighbour's digest. When something of it was lost it is asked
// for the whole.
func (d *DHT) digested(now time.Time, l *link, b []byte) error {
	digest, err := frame.ParseDigest(b)
	if err != nil || !l.digests.Take(now) {
		return err
	}
	before := d.table.IsAnnounced(l.conn())
	if !d.table.Apply(l.conn(), digest) && l.asks.Take(now) {
		d.send(l, frame.Resync())
	}
	if digest.Announced != before {
		d.tendBy(now.Add(tendSoon / 10))
		d.keepBy(now.Add(d.around(keepSoon)))
	}
	return nil
}

// promote makes a node full when its time has come, and announces it when a
// message for it would find it.
func (d *DHT) promote(now time.Time) {
	d.full = d.cfg.Role != Client && now.Sub(d.started) >= d.cfg.FullAfter
	before := d.announced
	d.announced = d.full && d.table.Ready(before)
	if d.announced != before {
		d.by(beatTimer, now.Add(tendSoon/10))
	}
}

// tend looks after the links: it asks for those that would serve, and for news
// of who is near.
func (d *DHT) tend(now time.Time) {
	d.meetings.expire(now)
	d.promote(now)
	if d.isLonely() && !d.lonelyAt.After(now) {
		d.loneliness = min(max(2*d.loneliness, shortLonely), longLonely)
		d.lonelyAt = now.Add(d.around(d.loneliness))
		d.emit(Lonely{})
	}
	if len(d.order) == 0 {
		return
	}
	if !d.selfLookupAt.After(now) {
		d.selfLookupAt = now.Add(d.around(selfPeriod))
		d.seek(now, d.key)
	}
	for len(d.meetings.asking) < maxAsking {
		wish, ok := d.table.Want(!d.full, d.meetings.patient.After(now), len(d.meetings.promised)+len(d.meetings.asking), d.meetings.open)
		if !ok || wish.Why == table.Bucket && !d.meetings.asks.Take(now) {
			break
		}
		d.askFor(now, wish)
	}
	if d.full && !d.probeAt.After(now) {
		d.probeAt = now.Add(d.around(probePeriod))
		if k, empty := d.table.Empty(); empty {
			d.seek(now, k)
		}
	}
}

// isLonely reports whether the node has few links and knows nobody to ask for
// more.
func (d *DHT) isLonely() bool {
	if len(d.order) >= table.Leaves {
		d.loneliness = 0
		return false
	}
	return d.table.Known() < table.Leaves
}

// seek looks for nodes near a key, as hints to the table.
func (d *DHT) seek(now time.Time, k frame.Key) {
	target := k.ID()
	if k == d.key {
		target = d.self
	}
	found := func(now time.Time, _ Found) { d.tendBy(now) }
	d.ask(now, &lookup{hidden: true, target: target, done: found, ask: krpc.Query{Method: krpc.FindNode, Target: target}})
}
