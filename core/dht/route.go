package dht

import (
	"slices"
	"time"

	"github.com/shoal-p2p/shoal/core/dht/frame"
	"github.com/shoal-p2p/shoal/core/dht/record"
	"github.com/shoal-p2p/shoal/core/dht/table"
)

const (
	// maxTries is how many ways on are tried for one message.
	maxTries = 5
	// maxExpiry is how far ahead a message may expire.
	maxExpiry = time.Minute
	// maxTTL bounds the hops of any message.
	maxTTL = 24
)

// routed takes a message that travels from node to node.
func (d *DHT) routed(now time.Time, l *link, b []byte) error {
	env, err := frame.ParseEnvelope(b)
	if err != nil {
		return err
	}
	late := time.Unix(int64(env.Expiry), 0).After(now.Add(maxExpiry + record.Skew))
	if !l.routed.Take(now) || late || env.Expired(now, record.Skew) {
		return nil
	}
	if env.Has(frame.Reply) {
		d.replyCame(now, l, env)
		return nil
	}
	d.questionCame(now, l, env)
	return nil
}

// questionCame takes a question that is not yet, or once more, at this node. A
// copy is acknowledged and no more: it is on its way from here. If it has been
// here before it came, it has gone in a circle, and must find another way. Only
// who was refused may come again, without the promise of somebody behind us.
func (d *DHT) questionCame(now time.Time, l *link, env frame.Envelope) {
	p := d.passages.known[env.Number]
	switch {
	case p == nil:
		env.Payload = slices.Clone(env.Payload)
		p = &passage{env: env, from: l, lossy: env.Has(frame.Provisional)}
		d.passages.add(now, p)
	case p.refused && p.from == l && !env.Has(frame.Promised):
		p.refused = false
		p.env.Flags, p.lossy = env.Flags, p.lossy || env.Has(frame.Provisional)
	case uint64(d.key^frame.KeyOf(env.Dst)) < env.Best || p.from == l:
		d.ack(l, env.Number, frame.Taken)
		return
	default:
		d.ack(l, env.Number, frame.Nothing)
		return
	}
	d.forward(now, p)
	if p.to != nil { // a reply or a refusal is an ack itself
		d.ack(l, env.Number, frame.Taken)
	}
}

func (d *DHT) ack(l *link, number uint64, v frame.Verdict) {
	d.send(l, frame.Ack{Verdict: v, Number: number}.Append(nil))
}

// way is what a passage asks of the table. Who is announced and closer than all
// whom the message has visited is the closest now.
func (d *DHT) way(p *passage) table.Way {
	w := table.Way{Dst: frame.KeyOf(p.env.Dst), Best: p.env.Best, Detour: p.env.Has(frame.Detour)}
	if p.env.Dst == p.env.Src {
		w.Not = w.Dst
	}
	if p.from != nil {
		w.From = p.from.conn()
	}
	own := uint64(d.key ^ w.Dst)
	p.mine = p.from == nil || own == 0 && w.Not == 0
	if d.announced && own < w.Best && w.Not != d.key {
		w.Best, w.Detour, p.mine = own, false, true
	}
	return w
}

// forward sends a passage on its best way that was not tried, or ends it here.
func (d *DHT) forward(now time.Time, p *passage) {
	p.to, p.acked = nil, false
	d.alarms.Set(timer{resendTimer, p.env.Number}, time.Time{})
	w := d.way(p)
	if p.from != nil && w.Dst == d.key && w.Not == 0 {
		d.answer(now, p)
		return
	}
	if step, ok := d.next(p, w); ok {
		d.step(now, p, w, step)
		return
	}
	p.lossy = p.lossy || d.table.Doubtful(w)
	d.end(now, p)
}

// next is the best way on that was not tried. For our own questions a suspect
// link is better than none.
func (d *DHT) next(p *passage, w table.Way) (table.Step, bool) {
	if p.steps >= maxTries || p.env.TTL == 0 {
		return table.Step{}, false
	}
	for _, w.Any = range []bool{false, p.from == nil && p.steps == 0 && !d.announced} {
		for _, step := range d.table.Steps(w) {
			if p.unused(step) {
				return step, true
			}
		}
	}
	return table.Step{}, false
}

// step hands a passage to a neighbour.
func (d *DHT) step(now time.Time, p *passage, w table.Way, s table.Step) {
	p.tried = append(p.tried, try{s.Conn, s.Direct})
	p.steps++
	p.to, p.via, p.sent = d.links[Link(s.Conn)], s, now
	env := p.env
	env.TTL--
	env.Hops++
	env.Best = w.Best
	env.Flags &^= frame.Detour | frame.Promised | frame.Provisional
	if s.Detour {
		env.Flags |= frame.Detour
	}
	if !s.Direct {
		env.Flags |= frame.Promised
	}
	if p.lossy {
		env.Flags |= frame.Provisional
	}
	d.send(p.to, env.Append(nil))
	d.alarms.Set(timer{resendTimer, env.Number}, now.Add(p.to.wait()))
}

// end is the end of a passage's way: we answer it if nobody whom it visited is
// closer, and send it back otherwise. Who was promised somebody behind us may
// know a better way, and is sent back too.
func (d *DHT) end(now time.Time, p *passage) {
	if p.mine && (p.from == nil || !p.env.Has(frame.Promised)) {
		d.answer(now, p)
		return
	}
	if p.from != nil {
		p.refused = true
		d.ack(p.from, p.env.Number, frame.Nothing)
	}
}

// acked takes a neighbour's verdict on a message that it was given.
func (d *DHT) acked(now time.Time, l *link, b []byte) error {
	a, err := frame.ParseAck(b)
	if err != nil {
		return err
	}
	if a.Reply {
		d.replyAcked(now, l, a.Number)
		return nil
	}
	p := d.passages.known[a.Number]
	if p == nil || p.to != l || p.returned != notYet {
		return nil
	}
	d.heardOf(now, p)
	if a.Verdict == frame.Nothing {
		d.forward(now, p)
	}
	return nil
}

// heardOf notes that a passage's next hop has said something of it.
func (d *DHT) heardOf(now time.Time, p *passage) {
	if !p.acked {
		p.acked = true
		p.to.measured(now.Sub(p.sent))
		d.table.Measured(p.to.conn(), p.to.rtt)
	}
	d.alarms.Set(timer{resendTimer, p.env.Number}, time.Time{})
}

// unacked is the silence of a next hop: the link is suspect, and the message
// takes another way. What comes of it is not sure, as the silent one may have
// led closer.
func (d *DHT) unacked(now time.Time, number uint64) {
	p := d.passages.known[number]
	if p == nil || p.to == nil || p.acked || p.returned != notYet {
		return
	}
	d.doubt(now, p.to)
	p.tried = append(p.tried, try{p.to.conn(), true})
	p.lossy = true
	d.forward(now, p)
}

// reroute finds other ways for what was given to a link that is gone.
func (d *DHT) reroute(now time.Time, gone *link) {
	for _, p := range slices.Clone(d.passages.order) {
		if p.to == gone && p.returned == notYet && now.Sub(p.sent) < lookupLife {
			p.tried = append(p.tried, try{gone.conn(), true})
			p.lossy = true
			d.forward(now, p)
		}
	}
	d.returnOtherwise(now, gone)
}
