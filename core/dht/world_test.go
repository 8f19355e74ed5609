package dht

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/dht/frame"
	"github.com/shoal-p2p/shoal/core/id"
)

var seed = flag.Uint64("seed", 1, "of the random tests")

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// oneWay is how long a message travels in a test's network.
const oneWay = 10 * time.Millisecond

// world is a network of a few nodes, whose links a test makes and cuts.
type world struct {
	t       *testing.T
	now     time.Time
	rng     *rand.Rand
	nodes   []*peer
	flying  []flight // in order of arrival
	links   Link
	meets   bool                                // nodes that agree are linked
	lost    func(from, to *peer, b []byte) bool // what does not arrive; nil: nothing
	seen    func(from, to *peer, b []byte)      // all that is sent
	connect int                                 // how often two nodes have agreed
}

// peer is a node of the world.
type peer struct {
	*DHT
	name    string
	key     id.KeyPair
	links   map[Link]*peer
	found   map[Query]Found
	expects []id.ID
	closed  []string // why
	lonely  int
	dead    bool
	ahead   time.Duration // its clock
}

type flight struct {
	at       time.Time
	from, to *peer
	link     Link
	b        []byte
	do       func()
}

func newWorld(t *testing.T) *world {
	t.Helper()
	t.Logf("-seed=%d", *seed)
	return &world{t: t, now: start, rng: rand.New(rand.NewPCG(*seed, 0))}
}

// pairOf is a key pair that has a number.
func pairOf(n int) id.KeyPair { return id.NewKeyPair([32]byte{byte(n), byte(n >> 8)}) }

// join makes a node, which is full at once unless cfg says otherwise.
func (w *world) join(cfg Config) *peer {
	n := len(w.nodes)
	if cfg.Key.IsZero() {
		cfg.Key = pairOf(n + 1)
	}
	if cfg.FullAfter == 0 {
		cfg.FullAfter = -1
	}
	p := &peer{
		DHT: New(cfg, rand.New(rand.NewPCG(*seed, uint64(n+1)))), name: fmt.Sprint("n", n), key: cfg.Key,
		links: make(map[Link]*peer), found: make(map[Query]Found),
	}
	w.nodes = append(w.nodes, p)
	w.do(p, Tick{})
	return p
}

// full makes so many full nodes, in the order of their distance to a target.
func (w *world) full(n int, target id.ID) []*peer {
	for range n {
		w.join(Config{Role: Full})
	}
	return byDistance(w.nodes, target)
}

func byDistance(nodes []*peer, target id.ID) []*peer {
	return slices.SortedFunc(slices.Values(nodes), func(a, b *peer) int {
		return target.Distance(a.ID()).Compare(target.Distance(b.ID()))
	})
}

// do gives an event to a node and carries out what it asks for.
func (w *world) do(p *peer, ev Event) {
	if p.dead {
		return
	}
	p.Handle(w.now.Add(p.ahead), ev)
	for e, ok := p.Poll(); ok; e, ok = p.Poll() {
		switch e := e.(type) {
		case Send:
			w.send(p, e)
		case Close:
			p.closed = append(p.closed, e.Reason)
			w.drop(p, e.Link)
		case Found:
			p.found[e.Query] = e
		case Connect:
			w.connect++
			if other := w.byID(e.Peer); w.meets && other != nil {
				w.later(5*oneWay, func() { w.link(p, other) })
			}
		case Expect:
			p.expects = append(p.expects, e.Peer)
		case Lonely:
			p.lonely++
			if other := w.nodes[w.rng.IntN(len(w.nodes))]; w.meets && other != p {
				w.later(5*oneWay, func() { w.link(p, other) })
			}
		}
	}
}

func (w *world) byID(a id.ID) *peer {
	for _, p := range w.nodes {
		if p.ID() == a {
			return p
		}
	}
	return nil
}

func (w *world) send(p *peer, e Send) {
	to := p.links[e.Link]
	if to == nil {
		return
	}
	if w.seen != nil {
		w.seen(p, to, e.Frame)
	}
	if w.lost == nil || !w.lost(p, to, e.Frame) {
		w.flying = append(w.flying, flight{at: w.now.Add(oneWay), from: p, to: to, link: e.Link, b: e.Frame})
	}
}

func (w *world) later(d time.Duration, do func()) {
	w.flying = append(w.flying, flight{at: w.now.Add(d), do: do})
}

// link links two nodes. Both sides have the same handle.
func (w *world) link(a, b *peer) {
	if a.dead || b.dead {
		return
	}
	w.links++
	a.links[w.links], b.links[w.links] = b, a
	w.do(a, Linked{Link: w.links, Peer: b.key.Identity(), RTT: 2 * oneWay})
	w.do(b, Linked{Link: w.links, Peer: a.key.Identity(), RTT: 2 * oneWay})
}

// chain links nodes one after the other.
func (w *world) chain(nodes ...*peer) {
	for i := range nodes[1:] {
		w.link(nodes[i], nodes[i+1])
	}
}

// mesh links all with all.
func (w *world) mesh(nodes ...*peer) {
	for i, a := range nodes {
		for _, b := range nodes[:i] {
			w.link(a, b)
		}
	}
}

// cut ends the link between two nodes.
func (w *world) cut(a, b *peer) {
	for l, o := range a.links { // order-free: there is one
		if o == b {
			w.drop(a, l)
			w.do(a, Unlinked{l})
			return
		}
	}
	w.t.Fatalf("%s and %s are not linked", a.name, b.name)
}

// drop takes a link away and tells the other side.
func (w *world) drop(p *peer, l Link) {
	other := p.links[l]
	delete(p.links, l)
	if other != nil {
		delete(other.links, l)
		w.later(oneWay, func() { w.do(other, Unlinked{l}) })
	}
}

// run lets time pass.
func (w *world) run(d time.Duration) {
	end := w.now.Add(d)
	for w.next(end) {
	}
	w.now = end
}

// next does what is due first, false when that is after the end.
func (w *world) next(end time.Time) bool {
	var who *peer
	when, flight := end, -1
	for i, f := range w.flying {
		if f.at.Before(when) {
			when, flight, who = f.at, i, nil
		}
	}
	for _, p := range w.nodes {
		if at, ok := p.Deadline(); ok && at.Add(-p.ahead).Before(when) {
			when, flight, who = at.Add(-p.ahead), -1, p
		}
	}
	if when.After(w.now) {
		w.now = when
	}
	switch {
	case who != nil:
		w.do(who, Tick{})
	case flight >= 0:
		f := w.flying[flight]
		w.flying = slices.Delete(w.flying, flight, flight+1)
		w.arrive(f)
	default:
		return false
	}
	return true
}

func (w *world) arrive(f flight) {
	if f.do != nil {
		f.do()
	} else if f.to.links[f.link] == f.from {
		w.do(f.to, Received{f.link, f.b})
	}
}

// ask asks a node for who is closest to a target, and waits.
func (w *world) ask(p *peer, target id.ID) Found {
	w.t.Helper()
	q := Query(len(p.found) + 1)
	w.do(p, FindNode{q, target})
	return w.answer(p, q)
}

// answer waits for the answer to a question.
func (w *world) answer(p *peer, q Query) Found {
	w.t.Helper()
	for end := w.now.Add(5 * time.Second); w.now.Before(end); w.run(oneWay) {
		if f, ok := p.found[q]; ok {
			return f
		}
	}
	w.t.Fatalf("%s has no answer", p.name)
	return Found{}
}

// envelopeIn is the envelope in a frame, if it is one.
func envelopeIn(b []byte) (frame.Envelope, bool) {
	env, err := frame.ParseEnvelope(b)
	return env, err == nil
}
