// Package overlay runs many nodes of package dht in one process and in virtual
// time: a network with latency and loss, connections that take time and are
// counted, nodes that come and go. In comes a Config, out comes a Row of
// figures. The nodes are those that browsers run; what is simulated is the world
// around them. One seed gives one run, to the byte.
package overlay

import (
	"hash"
	"hash/fnv"
	"math/rand/v2"
	"time"

	"github.com/shoal-p2p/shoal/core/dht"
	"github.com/shoal-p2p/shoal/core/dht/record"
	"github.com/shoal-p2p/shoal/core/id"
)

// Config is what a world is made of.
type Config struct {
	Seed      uint64
	Nodes     int           // that there shall be, at a time
	Every     time.Duration // a node comes, while the network grows from one
	Budget    int           // of links
	FullAfter time.Duration // for how long a node is a client
	RTT       time.Duration // median, between two nodes
	Loss      float64       // part of messages
	Graceful  float64       // part of leaving nodes that say goodbye
	Stay      Stay          // for how long nodes stay once the network has grown
	Settle    time.Duration // from the last arrival to the first lookup
	Lookups   int           // to be counted
	Pace      time.Duration // between two of them
	Items     int           // BEP 44 items that are put before the lookups, and sought in them
}

// World is a simulation.
type World struct {
	cfg     Config
	rng     *rand.Rand // of the world, not of its nodes
	now     time.Time
	queue   queue
	nodes   []*node // who is there, in order of arrival
	byID    map[id.ID]*node
	born    int
	conns   map[dht.Link]*end
	handles dht.Link
	grown   bool
	watch   watch
	items   []record.Item
	trace   hash.Hash64
}

// node is one peer of the overlay.
type node struct {
	dht         *dht.DHT
	key         id.KeyPair
	x, y        float64 // where it is, which makes the latency
	born        time.Time
	index       int
	dead        bool
	ends        map[dht.Link]*end
	wake        time.Time // of its next Tick that is in the queue
	constructed int       // connections
	counted     int       // of those, when it came of age
	sent        int64     // bytes
	since       time.Time // when sent began
}

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// New makes a world without nodes.
func New(cfg Config) *World {
	w := &World{
		cfg:   cfg,
		rng:   rand.New(rand.NewPCG(cfg.Seed, 0)),
		now:   epoch,
		byID:  make(map[id.ID]*node),
		conns: make(map[dht.Link]*end),
		trace: fnv.New64a(),
	}
	w.watch.init()
	return w
}

// at does something at a time.
func (w *World) at(when time.Time, do func()) { w.queue.push(when, do) }

func (w *World) after(d time.Duration, do func()) { w.at(w.now.Add(d), do) }

// runUntil lets things happen until a time.
func (w *World) runUntil(end time.Time) {
	for {
		when, ok := w.queue.next()
		if !ok || when.After(end) {
			w.now = end
			return
		}
		w.now = when
		w.queue.pop()()
	}
}

// handle gives an event to a node, and carries out what it asks for.
func (w *World) handle(n *node, ev dht.Event) {
	if n.dead {
		return
	}
	n.dht.Handle(w.now, ev)
	for e, ok := n.dht.Poll(); ok; e, ok = n.dht.Poll() {
		w.perform(n, e)
	}
	w.arm(n)
}

func (w *World) perform(n *node, e dht.Effect) {
	switch e := e.(type) {
	case dht.Send:
		w.send(n, e)
	case dht.Connect:
		w.connect(n, e.Peer)
	case dht.Close:
		w.close(n, e.Link)
	case dht.Found:
		w.watch.found(w, n, e)
	case dht.Lonely:
		w.bootstrap(n)
	case dht.Expect:
	}
}

// arm sees to the node's next Tick.
func (w *World) arm(n *node) {
	at, ok := n.dht.Deadline()
	if !ok || !n.wake.IsZero() && !at.Before(n.wake) {
		return
	}
	n.wake = at
	w.at(at, func() {
		if n.wake.Equal(at) {
			n.wake = time.Time{}
			w.handle(n, dht.Tick{})
		}
	})
}

// arrive brings a node into the world, linked to somebody who is there.
func (w *World) arrive() *node {
	w.born++
	var seed [32]byte
	for i := range seed {
		seed[i] = byte(w.rng.Uint32())
	}
	n := &node{
		key: id.NewKeyPair(seed), x: w.rng.Float64(), y: w.rng.Float64(),
		born: w.now, since: w.now, index: w.born, ends: make(map[dht.Link]*end),
	}
	cfg := dht.Config{Key: n.key, Budget: w.cfg.Budget, Role: dht.Full, FullAfter: w.cfg.FullAfter}
	n.dht = dht.New(cfg, rand.New(rand.NewPCG(w.cfg.Seed, uint64(n.index))))
	w.nodes = append(w.nodes, n)
	w.byID[n.dht.ID()] = n
	w.handle(n, dht.Tick{})
	return n
}

// bootstrap links a node to one that it was told of.
func (w *World) bootstrap(n *node) {
	if known := w.someone(n); known != nil {
		w.build(n, known, 12)
	}
}

// someone is a node that a newcomer may know, announced if there is one.
func (w *World) someone(but *node) (other *node) {
	for range 20 {
		if o := w.nodes[w.rng.IntN(len(w.nodes))]; o != but {
			other = o
			if o.dht.Announced() {
				return o
			}
		}
	}
	return other
}

// depart takes a node out of the world.
func (w *World) depart(n *node) {
	graceful := w.rng.Float64() < w.cfg.Graceful
	if graceful {
		w.handle(n, dht.Leave{})
	}
	n.dead = true
	w.watch.departed(w, n)
	delete(w.byID, n.dht.ID())
	for i, o := range w.nodes {
		if o == n {
			w.nodes = append(w.nodes[:i:i], w.nodes[i+1:]...)
			break
		}
	}
	w.abandon(n, graceful)
}
