package dht

import (
	"encoding/binary"
	"slices"
	"time"

	"github.com/shoal-p2p/shoal/core/dht/frame"
	"github.com/shoal-p2p/shoal/core/dht/krpc"
	"github.com/shoal-p2p/shoal/core/dht/record"
	"github.com/shoal-p2p/shoal/core/dht/table"
	"github.com/shoal-p2p/shoal/core/id"
	"github.com/shoal-p2p/shoal/core/limit"
)

// op is what is said between two nodes that may be linked.
type op string

const (
	opAsk  op = "ask"  // shall we?
	opYes  op = "yes"  // make an offer
	opBusy op = "busy" // not now
	opMine op = "mine" // I have asked you at the same time, and my question counts
	opGone op = "gone" // whom you ask is not there: I am the closest to it
)

const (
	// maxAsking is how many are asked at a time.
	maxAsking = 4
	// promiseLife is how long an agreed connection may take until it is there.
	promiseLife = 10 * time.Second
	// restBusy is how long a node is not asked again that was busy, or silent.
	restBusy = 30 * time.Second
	// shortPatience and longPatience bound the time for which we ask nobody for the sake
	// of a bucket after one was busy: twice as long each time. Where all have as many
	// links as they may, asking more would not help.
	shortPatience = 5 * time.Second
	longPatience  = 4 * time.Minute
	// maxResting bounds those that are remembered as such.
	maxResting = 256
)

// meetings are the links that may come to be:
//
//	wish --ask--> asking --yes--> promised --Linked--> link
//
// No connection is made before both sides have agreed: in browsers it costs far
// more than a message, and what was closed is freed late.
type meetings struct {
	asking   []frame.Key
	promised []promise
	resting  []rest
	patient  time.Time     // until then nobody is asked for the sake of a bucket that has a link
	patience time.Duration // for how long, the next time
	asks     limit.Bucket  // for the sake of buckets: no more than we may make
	connects limit.Bucket  // what we make
	accepts  limit.Bucket  // what we agree to
}

type promise struct {
	peer  id.ID
	until time.Time
}

type rest struct {
	key   frame.Key
	until time.Time
}

// newMeetings has the rates of browsers: twelve connections at once, then one in
// three seconds.
func newMeetings() meetings {
	return meetings{
		asks:     limit.Bucket{PerSecond: 1. / 3, Burst: 12},
		connects: limit.Bucket{PerSecond: 1. / 3, Burst: 12},
		accepts:  limit.Bucket{PerSecond: 1, Burst: 12},
	}
}

// expire forgets what has taken too long.
func (m *meetings) expire(now time.Time) {
	m.promised = slices.DeleteFunc(m.promised, func(p promise) bool { return !p.until.After(now) })
	m.resting = slices.DeleteFunc(m.resting, func(r rest) bool { return !r.until.After(now) })
}

// forget ends a promise: it was kept, or broken.
func (m *meetings) forget(peer id.ID) {
	m.promised = slices.DeleteFunc(m.promised, func(p promise) bool { return p.peer == peer })
}

func (m *meetings) isPromised(peer id.ID) bool {
	return slices.ContainsFunc(m.promised, func(p promise) bool { return p.peer == peer })
}

func (m *meetings) promise(now time.Time, peer id.ID) {
	m.promised = append(m.promised, promise{peer, now.Add(promiseLife)})
}

// open reports whether a node may be asked now.
func (m *meetings) open(k frame.Key) bool {
	return !slices.Contains(m.asking, k) &&
		!slices.ContainsFunc(m.resting, func(r rest) bool { return r.key == k }) &&
		!slices.ContainsFunc(m.promised, func(p promise) bool { return frame.KeyOf(p.peer) == k })
}

func (m *meetings) asked(k frame.Key) {
	m.asking = slices.DeleteFunc(m.asking, func(o frame.Key) bool { return o == k })
}

// refused notes that a node did not want us, for whatever reason.
func (m *meetings) refused(now time.Time, k frame.Key, why table.Why) {
	if why == table.Bucket {
		m.patience = min(max(2*m.patience, shortPatience), longPatience)
		m.patient = now.Add(m.patience)
	}
	m.resting = append(m.resting, rest{k, now.Add(restBusy)})
	m.resting = m.resting[max(0, len(m.resting)-maxResting):]
}

// askFor asks a node for a link, wherever it is.
func (d *DHT) askFor(now time.Time, w table.Wish) {
	d.meetings.asking = append(d.meetings.asking, w.Key)
	at := now.Unix()
	q := krpc.Query{Method: krpc.RTC, Op: string(opAsk), Why: string(w.Why)}
	q.K, q.Seq = d.cfg.Key.Identity(), &at
	q.Sig = d.cfg.Key.Sign(askStatement(d.self, w.Key, w.Why, at))
	k := &lookup{hidden: true, target: w.Key.ID(), ask: q}
	k.done = func(now time.Time, f Found) { d.askAnswered(now, w.Key, k.op, f, w.Why) }
	d.ask(now, k)
}

// askStatement is what is signed by who asks: label | who asks: 20 | the key of
// who is asked: 8 | seconds: 8 | why.
func askStatement(from id.ID, to frame.Key, why table.Why, at int64) []byte {
	b := append([]byte("shoal ask 1"), from[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(to))
	b = binary.BigEndian.AppendUint64(b, uint64(at))
	return append(b, why...)
}

// judge answers a node that asks for a link.
func (d *DHT) judge(now time.Time, p *passage, q krpc.Query) op {
	d.meetings.expire(now)
	from := p.env.Src
	switch {
	case frame.KeyOf(p.env.Dst) != d.key && p.lossy:
		return opBusy
	case frame.KeyOf(p.env.Dst) != d.key:
		return opGone
	case !d.full || !d.genuine(now, from, q):
		return opBusy
	case d.meetings.isPromised(from):
		return opYes
	case slices.Contains(d.meetings.asking, frame.KeyOf(from)) && d.self.Compare(from) < 0:
		return opMine
	case !d.table.Admit(frame.KeyOf(from), table.Why(q.Why), len(d.meetings.promised)):
		return opBusy
	case !d.meetings.accepts.Take(now) || !d.makeRoom(now):
		return opBusy
	}
	d.meetings.promise(now, from)
	d.emit(Expect{from})
	return opYes
}

// genuine reports whether who asks has signed it, and paid for its id.
func (d *DHT) genuine(now time.Time, from id.ID, q krpc.Query) bool {
	if q.Op != string(opAsk) || q.Seq == nil || q.K.ID() != from || !q.K.Solves(d.cfg.ZeroBits) {
		return false
	}
	if ago := now.Sub(time.Unix(*q.Seq, 0)); ago.Abs() > record.Skew {
		return false
	}
	return q.K.Verify(askStatement(from, d.key, table.Why(q.Why), *q.Seq), q.Sig)
}

// askAnswered goes on when a node was asked.
func (d *DHT) askAnswered(now time.Time, key frame.Key, answer op, f Found, why table.Why) {
	d.meetings.asked(key)
	d.tendBy(now.Add(tendSoon))
	peer := f.Terminus
	switch {
	case f.Err == nil && answer == opGone && !f.Unsure:
		d.table.Bury(now, key)
	case f.Err != nil || answer != opYes || frame.KeyOf(peer) != key:
		d.meetings.refused(now, key, why)
	case d.linkTo(peer) != nil || d.meetings.isPromised(peer):
	case d.meetings.connects.Take(now) && d.makeRoom(now):
		d.meetings.patience /= 2
		d.meetings.promise(now, peer)
		d.emit(Connect{peer})
	default:
		d.meetings.refused(now, key, why)
	}
}

// makeRoom makes sure that one link more is within the budget, and gives one up
// where it must.
func (d *DHT) makeRoom(now time.Time) bool {
	giveUp, must, ok := d.table.Room(len(d.meetings.promised))
	if ok && must {
		d.close(now, d.links[Link(giveUp)], "another is of more use")
	}
	return ok
}
