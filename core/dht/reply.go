package dht

import (
	"slices"
	"time"

	"github.com/shoal-p2p/shoal/core/dht/frame"
	"github.com/shoal-p2p/shoal/core/dht/record"
	"github.com/shoal-p2p/shoal/core/dht/table"
)

// maxReturning bounds the replies that wait for a hop-ack.
const maxReturning = 1024

// returning is a reply that a neighbour was given and has not acknowledged.
type returning struct {
	env   frame.Envelope // its payload is ours
	to    *link
	tried []*link
	sent  time.Time
}

// reply sends an answer back to where the question came from.
func (d *DHT) reply(now time.Time, p *passage, payload []byte) {
	env := frame.Envelope{
		Flags: frame.Reply, TTL: maxTTL, Hops: p.env.Hops, Number: p.env.Number,
		Dst: p.env.Src, Src: d.self, Best: table.Anywhere, Expiry: p.env.Expiry, Payload: payload,
	}
	if p.lossy {
		env.Flags |= frame.Provisional
	}
	p.returned = quality(env)
	d.giveBack(now, p.from, env)
}

func quality(env frame.Envelope) returned {
	if env.Has(frame.Provisional) {
		return unsure
	}
	return sure
}

// replyCame passes an answer on, once; and once more if a better one comes after
// one that was not sure.
func (d *DHT) replyCame(now time.Time, l *link, env frame.Envelope) {
	p := d.passages.known[env.Number]
	if p != nil && p.to == l && p.returned == notYet {
		d.heardOf(now, p)
	}
	d.send(l, frame.Ack{Reply: true, Number: env.Number}.Append(nil))
	switch {
	case p == nil && env.Dst == d.self:
		return // nobody waits for it any more
	case p == nil:
		p = &passage{env: frame.Envelope{Number: env.Number}, returned: quality(env)}
		d.passages.add(now, p)
		env.Payload = slices.Clone(env.Payload)
		d.giveOtherwise(now, env, []*link{l})
	case p.returned >= quality(env):
	case p.from == nil && env.Dst == d.self:
		p.returned = quality(env)
		d.lookupAnswered(now, env)
	case p.from != nil:
		p.returned = quality(env)
		env.Payload = slices.Clone(env.Payload)
		d.giveBack(now, p.from, env)
	}
}

// giveBack hands a reply to the neighbour that the question came from, or finds
// another way when that is gone.
func (d *DHT) giveBack(now time.Time, to *link, env frame.Envelope) {
	if d.links[to.handle] != to {
		d.giveOtherwise(now, env, nil)
		return
	}
	d.give(now, to, env, nil)
}

// give hands a reply to a neighbour.
func (d *DHT) give(now time.Time, to *link, env frame.Envelope, tried []*link) {
	if env.TTL == 0 {
		return
	}
	sent := env
	sent.TTL--
	d.send(to, sent.Append(nil))
	if len(d.returning) < maxReturning {
		d.returning[env.Number] = &returning{env: env, to: to, tried: append(tried, to), sent: now}
		d.alarms.Set(timer{returnTimer, env.Number}, now.Add(to.wait()))
	}
}

// giveOtherwise sends a reply on toward who asked as a question would go, as its
// way back is broken. Where it has been it is not taken again.
func (d *DHT) giveOtherwise(now time.Time, env frame.Envelope, tried []*link) {
	if len(tried) >= maxTries {
		return
	}
	dst := frame.KeyOf(env.Dst)
	for _, step := range d.table.Steps(table.Way{Dst: dst, Best: min(env.Best, uint64(d.key^dst))}) {
		to := d.links[Link(step.Conn)]
		if !slices.Contains(tried, to) {
			env.Best = min(env.Best, uint64(d.key^dst))
			d.give(now, to, env, tried)
			return
		}
	}
}

func (d *DHT) replyAcked(now time.Time, l *link, number uint64) {
	r := d.returning[number]
	if r == nil || r.to != l {
		return
	}
	if len(r.tried) == 1 {
		l.measured(now.Sub(r.sent))
	}
	d.settled(number)
}

// settled ends the wait for a reply's ack.
func (d *DHT) settled(number uint64) {
	delete(d.returning, number)
	d.alarms.Set(timer{returnTimer, number}, time.Time{})
}

// replyUnacked is the silence of who was given a reply. It may have been lost,
// so it is given once more to the same neighbour; then another way is found.
func (d *DHT) replyUnacked(now time.Time, number uint64) {
	r := d.returning[number]
	if r == nil {
		return
	}
	delete(d.returning, number)
	if r.env.Expired(now, record.Skew) {
		return
	}
	d.doubt(now, r.to)
	if len(r.tried) == 1 {
		d.give(now, r.to, r.env, r.tried)
		return
	}
	d.giveOtherwise(now, r.env, r.tried)
}

// returnOtherwise finds other ways for replies that a lost link was given.
func (d *DHT) returnOtherwise(now time.Time, gone *link) {
	var lost []uint64
	for number, r := range d.returning { // order-free: sorted below
		if r.to == gone {
			lost = append(lost, number)
		}
	}
	slices.Sort(lost)
	for _, number := range lost {
		r := d.returning[number]
		d.settled(number)
		d.giveOtherwise(now, r.env, r.tried)
	}
}
