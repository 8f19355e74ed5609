package dht

import (
	"slices"
	"time"

	"github.com/shoal-p2p/shoal/core/dht/record"
	"github.com/shoal-p2p/shoal/core/id"
)

// standing is a record of ours that is put again before it expires: that we are
// in a swarm, signed anew each time, or an item.
type standing struct {
	target id.ID
	seed   bool
	item   *record.Item // nil: we are in a swarm
	due    time.Time
}

// announce says that we are in a swarm, now and from time to time.
func (d *DHT) announce(now time.Time, ev Announce) {
	s := d.stand(standing{target: ev.InfoHash, seed: ev.Seed})
	d.say(now, s, &lookup{query: ev.Query, ask: putQuery(s.record(d.cfg.Key, now), nil, 0)})
}

// put stores an item, and keeps it stored where that is wanted.
func (d *DHT) put(now time.Time, ev Put) {
	if err := ev.Item.Check(); err != nil {
		d.emit(Found{Query: ev.Query, Err: err})
		return
	}
	s := &standing{target: ev.Item.Target(), item: &ev.Item}
	if ev.Keep {
		s = d.stand(*s)
	}
	d.say(now, s, &lookup{query: ev.Query, ask: putQuery(ev.Item, ev.Cas, 0)})
}

// stand takes the place of what stood at its target.
func (d *DHT) stand(s standing) *standing {
	d.withdraw(s.target)
	d.standing = append(d.standing, &s)
	return &s
}

// withdraw puts a record no more; what was put expires.
func (d *DHT) withdraw(target id.ID) {
	d.standing = slices.DeleteFunc(d.standing, func(s *standing) bool { return s.target == target })
}

// say puts a record by a lookup, and sees to the next time.
func (d *DHT) say(now time.Time, s *standing, k *lookup) {
	s.due = now.Add(d.around(s.period()))
	d.wakeForStanding()
	k.target = s.target
	d.ask(now, k)
}

func (s *standing) period() time.Duration {
	if s.item != nil {
		return record.ItemRefresh
	}
	return record.PeerRefresh
}

func (s *standing) record(key id.KeyPair, now time.Time) record.Record {
	if s.item != nil {
		return *s.item
	}
	return record.SignPeer(key, s.target, s.seed, now)
}

// refresh puts again what is due.
func (d *DHT) refresh(now time.Time) {
	for _, s := range slices.Clone(d.standing) {
		if !s.due.After(now) {
			d.say(now, s, &lookup{hidden: true, ask: putQuery(s.record(d.cfg.Key, now), nil, 0)})
		}
	}
	d.wakeForStanding()
}

func (d *DHT) wakeForStanding() {
	for _, s := range d.standing {
		d.by(standingTimer, s.due)
	}
}
