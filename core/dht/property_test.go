package dht

import (
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/dht/frame"
	"github.com/shoal-p2p/shoal/core/id"
)

// step is what a node did with a message.
type step struct {
	node   *peer
	number uint64
}

// TestOverAnyTopologyAMessageEnds gives nodes links at random, so that most know
// nobody who matters, loses messages and links, and looks at every envelope.
func TestOverAnyTopologyAMessageEnds(t *testing.T) {
	w := newWorld(t)
	rounds := 30
	if testing.Short() {
		rounds = 4
	}
	for round := range rounds {
		w.nodes, w.flying = nil, nil
		for i := range 4 + w.rng.IntN(12) {
			w.join(Config{Role: Full, Key: pairOf(1000*(round+1) + i)})
		}
		w.atRandom()
		w.run(2 * beatPeriod)
		loss := float64(round%3) * 0.1
		w.watchEnvelopes(loss)
		for range 12 {
			var to id.ID
			for b := range to {
				to[b] = byte(w.rng.Uint32())
			}
			f := w.ask(w.nodes[w.rng.IntN(len(w.nodes))], to)
			if f.Took > lookupLife || f.Hops > maxTTL {
				t.Fatalf("round %d: %+v", round, f)
			}
		}
		w.run(2 * passageLife)
		for _, n := range w.nodes {
			for number, r := range n.returning { // order-free: each is judged alone
				if w.now.Sub(r.sent) > maxWait {
					t.Fatalf("round %d: %s waits for the ack of %x since %v", round, n.name, number, r.sent)
				}
			}
		}
		w.lost, w.seen = nil, nil
	}
}

// atRandom links nodes at random, each to one that was there before at least.
func (w *world) atRandom() {
	for i, n := range w.nodes {
		for range 1 + w.rng.IntN(3) {
			if i == 0 {
				continue
			}
			if other := w.nodes[w.rng.IntN(i)]; n.linkTo(other.ID()) == nil {
				w.link(n, other)
			}
		}
	}
}

// watchEnvelopes sees that no node sends a message the same way twice, nor more
// often than it may try, nor to where it came from, nor beyond its ttl.
func (w *world) watchEnvelopes(loss float64) {
	ways := make(map[step]map[*peer]int)
	came := make(map[step]*peer)
	least := make(map[uint64]int)
	w.lost = func(from, to *peer, b []byte) bool {
		if w.rng.Float64() < loss {
			return true
		}
		if env, ok := envelopeIn(b); ok && !env.Has(frame.Reply) && came[step{to, env.Number}] == nil {
			came[step{to, env.Number}] = from
		}
		return false
	}
	w.seen = func(from, to *peer, b []byte) {
		env, ok := envelopeIn(b)
		if !ok || env.Has(frame.Reply) {
			return
		}
		s := step{from, env.Number}
		if ways[s] == nil {
			ways[s] = make(map[*peer]int)
		}
		if ways[s][to]++; ways[s][to] > 2 { // for somebody behind it, and for itself
			w.t.Fatalf("%s sends %x to %s for the third time", from.name, env.Number, to.name)
		}
		if len(ways[s]) > maxTries {
			w.t.Fatalf("%s tries %d ways for %x", from.name, len(ways[s]), env.Number)
		}
		if came[s] == to {
			w.t.Fatalf("%s sends %x back to %s", from.name, env.Number, to.name)
		}
		if int(env.TTL)+int(env.Hops) > maxTTL+1 {
			w.t.Fatalf("%x has %d hops behind and %d before it", env.Number, env.Hops, env.TTL)
		}
		least[env.Number]++
		if least[env.Number] > maxTries*len(w.nodes) {
			w.t.Fatalf("%x was sent %d times", env.Number, least[env.Number])
		}
	}
}

// TestLeafSetsBecomeRightWhenChurnStops lets nodes come and go for a while, and
// then looks at who knows whom.
func TestLeafSetsBecomeRightWhenChurnStops(t *testing.T) {
	if testing.Short() {
		t.Skip("forty nodes for minutes")
	}
	w := newWorld(t)
	w.meets = true
	for i := range 40 {
		w.join(Config{Role: Full, Key: pairOf(5000 + i)})
		w.run(400 * time.Millisecond)
		if i%4 == 3 {
			w.vanish(w.nodes[w.rng.IntN(len(w.nodes))])
		}
	}
	w.run(90 * time.Second)
	for _, n := range w.nodes {
		for i, other := range byDistance(w.nodes, n.ID())[1:9] {
			if n.linkTo(other.ID()) == nil {
				t.Errorf("%s is not linked to the number %d of its closest", n.name, i+1)
			}
		}
		if !n.Announced() {
			t.Errorf("%s is not announced", n.name)
		}
	}
}

// vanish takes a node away without a word; its links are noticed later.
func (w *world) vanish(p *peer) {
	for i, n := range w.nodes {
		if n == p {
			w.nodes = append(w.nodes[:i:i], w.nodes[i+1:]...)
			break
		}
	}
	for link, other := range p.links { // order-free: each loses one link, at one time
		delete(other.links, link)
		w.later(10*time.Second, func() { w.do(other, Unlinked{link}) })
	}
	clear(p.links)
	p.dead = true
}
