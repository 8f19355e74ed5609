package dht

import (
	"time"

	"github.com/shoal-p2p/shoal/core/dht/frame"
	"github.com/shoal-p2p/shoal/core/dht/krpc"
	"github.com/shoal-p2p/shoal/core/dht/record"
)

const (
	// replicas is at how many nodes a record is kept: with repair every half minute
	// it outlives its holders even where they stay for a minute.
	replicas = 8
	// welcome is how many may think that they are among the replicas: the views of
	// neighbours differ a little.
	welcome = 2 * replicas
	// keepPeriod is how often each holder looks who else should hold a record;
	// keepSoon is after what time when a neighbour was lost.
	keepPeriod = 30 * time.Second
	keepSoon   = 3 * time.Second
	// maxKnown bounds what is remembered of one neighbour's records.
	maxKnown = 4096
	// recheck is after how many rounds nothing is taken for known any more.
	recheck = 20
)

// putQuery is the message that carries a record to where it is kept.
func putQuery(r record.Record, cas *int64, age time.Duration) krpc.Query {
	switch r := r.(type) {
	case record.Peer:
		return krpc.Query{Method: krpc.AnnouncePeer, InfoHash: r.InfoHash, Peer: r.Bytes()}
	case record.Item:
		return krpc.Query{Method: krpc.Put, Item: asked(r), Cas: cas, Age: int64(age / time.Second)}
	}
	panic("dht: a record of neither kind")
}

// spread hands a new record to the neighbours that should have it too.
func (d *DHT) spread(now time.Time, r record.Record) {
	h := record.Name(r)
	_, conns := d.table.Region(h.Target, replicas)
	for _, c := range conns {
		d.handOver(now, d.links[Link(c)], h)
	}
}

// handOver gives a record to a neighbour.
func (d *DHT) handOver(now time.Time, l *link, h frame.Holding) {
	held, ok := d.store.Held(h)
	if !ok {
		return
	}
	l.learnt(record.Name(held.Record))
	q := putQuery(held.Record, nil, now.Sub(held.Since))
	q.ID = d.self
	d.send(l, krpc.Message{Query: &q}.Encode())
}

// learnt notes that a neighbour has a record.
func (l *link) learnt(h frame.Holding) {
	if len(l.knows) >= maxKnown {
		clear(l.knows)
	}
	l.knows[h] = true
}

// handedOver takes a record from a neighbour, if it may be ours to keep.
func (d *DHT) handedOver(now time.Time, l *link, q krpc.Query) {
	if !d.announced || q.Method != krpc.Put && q.Method != krpc.AnnouncePeer {
		return
	}
	r, err := recordOf(q)
	if err != nil {
		d.fault(now, l, err.Error())
		return
	}
	h := record.Name(r)
	if ours, _ := d.table.Region(h.Target, welcome); !ours {
		return
	}
	since := now.Add(-min(time.Duration(q.Age), time.Duration(record.ItemLife/time.Second)) * time.Second)
	switch err := d.store.Put(now, record.Source(l.key), r, since, nil); codeOf(err) {
	case krpc.BadSignature, krpc.TooBig, krpc.SaltTooBig:
		d.fault(now, l, err.Error())
	default:
		l.learnt(h)
	}
}

// keep tells the neighbours which records they should have, each once. What they
// lack they ask for.
func (d *DHT) keep(now time.Time) {
	d.at(keepTimer, now.Add(d.around(keepPeriod)))
	d.store.Expire(now)
	if d.swept++; d.swept%recheck == 0 {
		for _, l := range d.order {
			clear(l.knows)
		}
	}
	if !d.announced {
		return
	}
	var ours bool
	var others []*link
	var of frame.Key
	have := make(map[*link][]frame.Holding)
	for i, h := range d.store.Holdings() {
		if i == 0 || h.Target != of {
			of = h.Target
			ours, others = d.region(of)
		}
		if !ours {
			continue
		}
		for _, l := range others {
			if !l.knows[h] {
				have[l] = append(have[l], h)
			}
		}
	}
	for _, l := range d.order {
		d.summarise(l, have[l])
	}
}

// region is who of the neighbours should hold what is at a key, and whether we
// should.
func (d *DHT) region(key frame.Key) (ours bool, others []*link) {
	ours, conns := d.table.Region(key, replicas)
	for _, c := range conns {
		others = append(others, d.links[Link(c)])
	}
	return ours, others
}

// summarise tells a neighbour of records, a packet of them at a time; the others
// wait for the next round.
func (d *DHT) summarise(l *link, have []frame.Holding) {
	if len(have) == 0 {
		return
	}
	have = have[:min(len(have), frame.MaxSummary)]
	for _, h := range have {
		l.learnt(h)
	}
	d.send(l, frame.Summary{Kind: frame.KindHave, Holdings: have}.Append(nil))
}

// summarised takes a neighbour's summary: it says what it has, or what it wants.
func (d *DHT) summarised(now time.Time, l *link, b []byte) error {
	s, err := frame.ParseSummary(b)
	if err != nil || !d.announced {
		return err
	}
	if s.Kind == frame.KindWant {
		for _, h := range s.Holdings {
			if l.puts.Take(now) {
				d.handOver(now, l, h)
			}
		}
		return nil
	}
	var lacking []frame.Holding
	for _, h := range s.Holdings {
		l.learnt(h)
		if ours, _ := d.table.Region(h.Target, welcome); ours && d.store.Lacks(h) {
			lacking = append(lacking, h)
		}
	}
	if len(lacking) > 0 {
		d.send(l, frame.Summary{Kind: frame.KindWant, Holdings: lacking}.Append(nil))
	}
	return nil
}
