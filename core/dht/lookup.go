package dht

import (
	"errors"
	"slices"
	"time"

	"github.com/shoal-p2p/shoal/core/dht/frame"
	"github.com/shoal-p2p/shoal/core/dht/krpc"
	"github.com/shoal-p2p/shoal/core/dht/record"
	"github.com/shoal-p2p/shoal/core/dht/table"
	"github.com/shoal-p2p/shoal/core/id"
)

const (
	// lookupLife is for how long a question waits for its answer.
	lookupLife = 4 * time.Second
	// firstPatience is after what time a second copy is sent when it is not yet
	// known how long lookups take; minPatience bounds what is learnt.
	firstPatience = time.Second
	minPatience   = 200 * time.Millisecond
	// maxHolders is how many of the nodes near a target are asked for a value that
	// the closest has not.
	maxHolders = 3
	// doubtWait is when we ask again if our own links were in doubt: those that are
	// alive have said so by then.
	doubtWait = 200 * time.Millisecond
	// maxHedges is how many copies are sent beside the first because of silence.
	maxHedges = 3
	// maxLookups bounds the questions that wait at a time.
	maxLookups = 256
)

var (
	// ErrTimeout says that no answer came.
	ErrTimeout = errors.New("dht: no answer")
	// ErrBusy says that too many questions wait.
	ErrBusy = errors.New("dht: too many questions at once")
	// ErrRefused says that who keeps the records of a target did not take ours, or
	// that nobody could be asked.
	ErrRefused = errors.New("dht: record refused")
)

// lookup is a question that waits for its answer. It is asked once; again after
// a time in which nine of ten are answered, by another first hop, and a third and
// a fourth time after twice as long each; and again if the answer was not sure. A value that the closest node has not is asked of
// those next to it, each by its own id.
type lookup struct {
	query   Query
	hidden  bool // ours, not the caller's
	ask     krpc.Query
	target  id.ID
	salt    string
	began   time.Time
	numbers []uint64
	first   []table.Conn // first hops
	hedges  int
	again   bool // it was asked again, as the answer was not sure
	best    *Found
	asked   []id.ID
	open    int // answers that may come
	op      op  // of an answer to an ask for a link
	done    func(now time.Time, f Found)
}

func (d *DHT) findNode(now time.Time, ev FindNode) {
	d.ask(now, &lookup{query: ev.Query, target: ev.Target, ask: krpc.Query{Method: krpc.FindNode, Target: ev.Target}})
}

func (d *DHT) getPeers(now time.Time, ev GetPeers) {
	d.ask(now, &lookup{query: ev.Query, target: ev.InfoHash, ask: krpc.Query{Method: krpc.GetPeers, InfoHash: ev.InfoHash}})
}

func (d *DHT) get(now time.Time, ev Get) {
	d.ask(now, &lookup{query: ev.Query, target: ev.Target, salt: ev.Salt, ask: krpc.Query{Method: krpc.Get, Target: ev.Target}})
}

// ask begins a lookup.
func (d *DHT) ask(now time.Time, k *lookup) {
	if len(d.lookups) >= maxLookups {
		d.finish(now, k, Found{Err: ErrBusy})
		return
	}
	k.ask.ID, k.began = d.self, now
	number := d.copyOf(now, k, k.target, 0)
	d.alarms.Set(timer{hedgeTimer, number}, now.Add(d.patience))
	d.alarms.Set(timer{giveUpTimer, number}, now.Add(lookupLife))
	d.launch(now, number)
}

// copyOf makes a passage of our own for a lookup.
func (d *DHT) copyOf(now time.Time, k *lookup, dst id.ID, flags uint8) (number uint64) {
	number = d.rng.Uint64()
	k.numbers = append(k.numbers, number)
	k.open++
	d.lookups[number] = k
	m := krpc.Message{Query: &k.ask, ReadOnly: !d.announced}
	p := &passage{env: frame.Envelope{
		Flags: flags, TTL: d.ttl(), Number: number, Dst: dst, Src: d.self,
		Best: table.Anywhere, Expiry: uint32(now.Add(lookupLife + time.Second).Unix()), Payload: m.Encode(),
	}}
	for _, c := range k.first {
		p.tried = append(p.tried, try{c, true})
	}
	d.passages.add(now, p)
	return number
}

// launch sends a copy on its way.
func (d *DHT) launch(now time.Time, number uint64) {
	p, k := d.passages.known[number], d.lookups[number]
	if p == nil {
		return // it was pushed out by others
	}
	d.forward(now, p)
	if p.to != nil && frame.KeyOf(k.target) == frame.KeyOf(p.env.Dst) {
		k.first = append(k.first, p.to.conn())
	}
}

// ttl is how many hops a message may take: twice what it should, and some.
func (d *DHT) ttl() uint8 {
	doublings := 0
	for n := d.table.Size(); n > 1; n /= 2 {
		doublings++
	}
	return uint8(min(maxTTL, 2*doublings+4))
}

// hedge sends another copy by another first hop.
func (d *DHT) hedge(now time.Time, number uint64) {
	k := d.lookups[number]
	if k == nil || len(k.asked) > 0 {
		return
	}
	if k.hedges++; k.hedges < maxHedges {
		d.alarms.Set(timer{hedgeTimer, number}, now.Add(d.patience<<k.hedges))
	}
	if len(k.first) >= len(d.order) {
		k.first = nil // all have been tried
	}
	d.launch(now, d.copyOf(now, k, k.target, frame.Hedge))
}

func (d *DHT) giveUp(now time.Time, number uint64) {
	k := d.lookups[number]
	switch {
	case k == nil:
	case k.best != nil:
		d.finish(now, k, *k.best)
	default:
		d.finish(now, k, Found{Err: ErrTimeout})
	}
}

// lookupAnswered takes an answer that came for one of our questions.
func (d *DHT) lookupAnswered(now time.Time, env frame.Envelope) {
	k := d.lookups[env.Number]
	m, err := krpc.Parse(env.Payload)
	if k == nil || err != nil || m.Query != nil || m.Answer != nil && m.Answer.ID != env.Src {
		return // as if it had not come; another copy may bring a better one
	}
	f := Found{Unsure: env.Has(frame.Provisional), Hops: int(env.Hops), Number: env.Number}
	d.weigh(now, k, m, f)
}

// weigh judges an answer, and decides whether the lookup is over.
func (d *DHT) weigh(now time.Time, k *lookup, m krpc.Message, f Found) {
	k.open--
	if m.Answer != nil {
		f.Terminus, f.Near = m.Answer.ID, m.Answer.Near
		k.take(now, m.Answer, &f)
	} else {
		f.Err = ErrRefused
	}
	if k.best == nil || k.better(f) {
		k.best = &f
	}
	switch {
	case k.best.Unsure && !k.again && len(k.asked) == 0:
		k.again, k.first = true, nil
		if k.best.Terminus == d.self {
			d.alarms.Set(timer{hedgeTimer, k.numbers[0]}, now.Add(doubtWait))
			return
		}
		d.launch(now, d.copyOf(now, k, k.target, frame.Hedge))
	case k.seeks() && !k.holds(k.best):
		d.askHolders(now, k, f)
	case k.best.Unsure && k.open > 0:
	default:
		d.finish(now, k, *k.best)
	}
}

// take reads what an answer holds, as far as it is true.
func (k *lookup) take(now time.Time, a *krpc.Answer, f *Found) {
	k.op = op(a.Op)
	switch k.ask.Method {
	case krpc.Get:
		f.Item = k.item(a)
	case krpc.GetPeers:
		for _, b := range a.Peers {
			if p, err := record.ParsePeer(k.target, b); err == nil && p.In(now) && p.Check() == nil {
				f.Peers = append(f.Peers, p)
			}
		}
	}
}

// item is the item of an answer, nil where there is none of this target.
func (k *lookup) item(a *krpc.Answer) *record.Item {
	i := record.Item{V: a.V, Key: a.K, Sig: a.Sig}
	if i.Mutable() {
		i.Salt = k.salt
		if a.Seq != nil {
			i.Seq = *a.Seq
		}
	}
	if len(i.V) == 0 || i.Target() != k.target || i.Check() != nil {
		return nil
	}
	return &i
}

// seeks reports whether a lookup is for a value.
func (k *lookup) seeks() bool { return k.ask.Method == krpc.Get || k.ask.Method == krpc.GetPeers }

func (k *lookup) holds(f *Found) bool { return f.Item != nil || len(f.Peers) > 0 }

// better reports whether an answer is to be preferred to the best so far: one
// with a value, then one without an error, then that of a closer node.
func (k *lookup) better(f Found) bool {
	switch {
	case k.holds(&f) != k.holds(k.best):
		return k.holds(&f)
	case (f.Err == nil) != (k.best.Err == nil):
		return f.Err == nil
	}
	return k.target.Closer(f.Terminus, k.best.Terminus) || f.Terminus == k.best.Terminus && !f.Unsure
}

// askHolders asks the nodes that an answer named, as they may have the value.
func (d *DHT) askHolders(now time.Time, k *lookup, f Found) {
	k.asked = append(k.asked, f.Terminus)
	var numbers []uint64
	for _, near := range f.Near {
		if len(k.asked) <= maxHolders && near != d.self && !slices.Contains(k.asked, near) {
			k.asked = append(k.asked, near)
			numbers = append(numbers, d.copyOf(now, k, near, 0))
		}
	}
	for _, number := range numbers {
		if d.lookups[number] != nil { // an answer of our own may have ended it
			d.launch(now, number)
		}
	}
	if k.open <= 0 && d.lookups[k.numbers[0]] == k {
		d.finish(now, k, *k.best)
	}
}

// finish ends a lookup.
func (d *DHT) finish(now time.Time, k *lookup, f Found) {
	for _, number := range k.numbers {
		delete(d.lookups, number)
	}
	if len(k.numbers) > 0 {
		d.alarms.Set(timer{hedgeTimer, k.numbers[0]}, time.Time{})
		d.alarms.Set(timer{giveUpTimer, k.numbers[0]}, time.Time{})
	}
	f.Query, f.Took = k.query, now.Sub(k.began)
	if f.Err == nil {
		d.learn(f.Took)
	}
	for _, near := range f.Near {
		d.table.Hint(now, frame.KeyOf(near))
	}
	switch {
	case k.done != nil:
		k.done(now, f)
	case !k.hidden:
		d.emit(f)
	}
}

// learn moves the patience toward the time within which nine of ten lookups are
// answered: up by nine parts for each that took longer, down by one for others.
func (d *DHT) learn(took time.Duration) {
	part := d.patience / 100
	if took > d.patience {
		d.patience += 9 * part
	} else {
		d.patience -= part
	}
	d.patience = min(max(d.patience, minPatience), lookupLife/2)
}
