package exchange

import (
	"cmp"
	"container/heap"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/id"
)

var seed = flag.Uint64("seed", 1, "of the random tests")

var (
	start = time.Unix(1_000_000, 0)
	swarm = id.ID{19: 7}
)

// A world of Exchanges: messages take 50 ms, an offer or answer 100 ms to make,
// a connection half a second. No tracker is in it.
const (
	latency    = 50 * time.Millisecond
	describing = 100 * time.Millisecond
	connecting = 500 * time.Millisecond
)

// node is one peer of the world and does what signaling would.
type node struct {
	w      *world
	i      int
	x      *Exchange
	peer   id.ID
	key    id.KeyPair
	last   Conn
	links  map[Conn]*link
	coming map[id.ID]time.Time // connections on their way, until
	goal   int
	made   int // connections begun
	liar   func(to *node, m *message) bool
	faults []string
}

// link is one end of a connection.
type link struct {
	to   *node
	back Conn
}

type happening struct {
	at time.Time
	n  int
	do func()
}

type world struct {
	t     *testing.T
	now   time.Time
	queue []happening
	count int
	nodes []*node
}

func (w *world) Len() int           { return len(w.queue) }
func (w *world) Swap(i, j int)      { w.queue[i], w.queue[j] = w.queue[j], w.queue[i] }
func (w *world) Push(h any)         { w.queue = append(w.queue, h.(happening)) }
func (w *world) Less(i, j int) bool { return w.queue[i].before(w.queue[j]) }
func (w *world) Pop() any {
	h := w.queue[len(w.queue)-1]
	w.queue = w.queue[:len(w.queue)-1]
	return h
}

func (h happening) before(o happening) bool {
	return cmp.Or(h.at.Compare(o.at), cmp.Compare(h.n, o.n)) < 0
}

func (w *world) after(d time.Duration, do func()) {
	w.count++
	heap.Push(w, happening{w.now.Add(d), w.count, do})
}

func peerID(i int) id.ID { return id.ID([]byte(fmt.Sprintf("%s%012d", id.PeerPrefix, i))) }

func keyPair(i int) id.KeyPair {
	var s [32]byte
	binary.BigEndian.PutUint64(s[:], uint64(i)+1)
	return id.NewKeyPair(s)
}

// given makes a world of n peers that each want a number of neighbours.
func given(t *testing.T, n, goal int) *world {
	t.Helper()
	t.Logf("-seed=%d", *seed)
	w := &world{t: t, now: start}
	order := rand.New(rand.NewPCG(*seed, 1)).Perm(n)
	for i := range n {
		p := &node{w: w, i: i, peer: peerID(order[i]), key: keyPair(i), links: map[Conn]*link{}, coming: map[id.ID]time.Time{}, goal: goal}
		p.x = New(Config{PeerID: p.peer, Key: p.key}, rand.New(rand.NewPCG(*seed, uint64(i))))
		w.nodes = append(w.nodes, p)
	}
	return w
}

// join connects two peers, once.
func (w *world) join(a, b *node) {
	if a.linkTo(b) != 0 {
		return
	}
	a.last++
	b.last++
	ca, cb := a.last, b.last
	a.links[ca], b.links[cb] = &link{b, cb}, &link{a, ca}
	delete(a.coming, b.peer)
	delete(b.coming, a.peer)
	a.handle(Joined{Conn: ca, InfoHash: swarm, Peer: b.peer, Identity: b.key.Identity()})
	b.handle(Joined{Conn: cb, InfoHash: swarm, Peer: a.peer, Identity: a.key.Identity()})
}

// part ends a connection.
func (w *world) part(a *node, c Conn) {
	l := a.links[c]
	if l == nil {
		return
	}
	delete(a.links, c)
	delete(l.to.links, l.back)
	a.handle(Left{c})
	l.to.handle(Left{l.back})
}

func (p *node) linkTo(o *node) Conn {
	for c, l := range p.links { // order-free: there is one at most
		if l.to == o {
			return c
		}
	}
	return 0
}

func (p *node) handle(ev Event) {
	p.x.Handle(p.w.now, ev)
	p.drain()
	for peer, until := range p.coming { // order-free: deletes
		if !until.After(p.w.now) {
			delete(p.coming, peer)
		}
	}
	p.x.Handle(p.w.now, Want{swarm, max(0, p.goal-len(p.links)-len(p.coming))})
	p.drain()
}

func (p *node) drain() {
	for e, ok := p.x.Poll(); ok; e, ok = p.x.Poll() {
		p.perform(e)
	}
	if at, ok := p.x.Deadline(); ok {
		p.w.after(max(at.Sub(p.w.now), 0), func() {
			if at, ok := p.x.Deadline(); ok && !at.After(p.w.now) {
				p.handle(Tick{})
			}
		})
	}
}

func (w *world) node(peer id.ID) *node {
	return w.nodes[slices.IndexFunc(w.nodes, func(p *node) bool { return p.peer == peer })]
}

// knows is what signaling's Knows would say.
func (p *node) knows(peer id.ID) bool {
	_, coming := p.coming[peer]
	return coming || p.linkTo(p.w.node(peer)) != 0
}

func (p *node) perform(e Effect) {
	w := p.w
	switch e := e.(type) {
	case Tell:
		p.send(e)
	case MakeOffer:
		made := OfferMade{InfoHash: e.InfoHash, Relay: e.Relay, To: e.To}
		if p.knows(e.To) {
			made.Err, made.Known = errors.New("known"), true
			w.after(0, func() { p.handle(made) })
			return
		}
		p.made++
		p.coming[e.To] = w.now.Add(20 * time.Second)
		made.OfferID, made.SDP = id.ID{1, byte(p.i), byte(p.made >> 8), byte(p.made)}, fmt.Sprintf("offer %d", p.i)
		w.after(describing, func() { p.handle(made) })
	case Offered:
		// Glare: the smaller peer id's offer stays.
		if p.linkTo(w.node(e.From)) != 0 || p.knows(e.From) && p.peer.Compare(e.From) < 0 {
			return
		}
		if len(p.links)+len(p.coming) >= 2*p.goal {
			p.x.Handle(w.now, Answer{e.InfoHash, e.Relay, e.From, e.OfferID, ""})
			return
		}
		p.coming[e.From] = w.now.Add(20 * time.Second)
		w.after(describing, func() {
			p.handle(Answer{e.InfoHash, e.Relay, e.From, e.OfferID, fmt.Sprintf("answer %d", p.i)})
		})
	case Answered:
		if e.SDP == "" {
			delete(p.coming, e.From)
			return
		}
		if other := w.node(e.From); e.Identity == other.key.Identity() {
			w.after(connecting, func() { w.join(p, other) })
		}
	case Fault:
		p.faults = append(p.faults, e.Reason)
		w.after(0, func() { w.part(p, e.Conn) })
	}
}

// send carries a message, in which a liar may change something, or loses it.
func (p *node) send(e Tell) {
	l := p.links[e.Conn]
	if l == nil {
		return
	}
	payload := e.Payload
	if p.liar != nil {
		m, err := parse(payload)
		if err != nil {
			p.w.t.Fatal(err)
		}
		if !p.liar(l.to, &m) {
			return
		}
		payload = m.encode()
	}
	p.w.after(latency, func() {
		if l.to.links[l.back] != nil {
			l.to.handle(Said{l.back, payload})
		}
	})
}

// run lets time pass, or as much of it as it takes until something holds.
func (w *world) run(d time.Duration, until func() bool) time.Duration {
	begun, end := w.now, w.now.Add(d)
	for len(w.queue) > 0 && !w.queue[0].at.After(end) {
		h := heap.Pop(w).(happening)
		w.now = h.at
		h.do()
		if until != nil && until() {
			return w.now.Sub(begun)
		}
	}
	w.now = end
	return d
}

// fewest is the number of neighbours of whoever has fewest.
func (w *world) fewest() int {
	n := len(w.nodes)
	for _, p := range w.nodes {
		n = min(n, len(p.links))
	}
	return n
}
