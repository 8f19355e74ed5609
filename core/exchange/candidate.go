package exchange

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/shoal-p2p/shoal/core/id"
)

const (
	// courtesy is how long we wait for a new candidate's own offer where that
	// would stay and ours would not (signaling: the smaller peer id's stays).
	courtesy = 2 * time.Second
	// firstRest is how long a candidate rests after the first attempt. By then a
	// connection is there, or will not be.
	firstRest = 30 * time.Second
	// maxRest is the longest that it rests.
	maxRest = 10 * time.Minute
	// maxByRelay is how many attempts go by one relay at a time.
	maxByRelay = 2
)

// candidate is a peer that neighbours have told of.
type candidate struct {
	peer     id.ID
	priority uint64
	tellers  []teller // never empty
	failures int      // attempts since it was a neighbour
	readyAt  time.Time
}

// teller is a neighbour that has told of a candidate.
type teller struct {
	by     *neighbour
	failed bool // it has not brought our last offer there
}

// priority is the canonical priority of two peers for each other, the smallest
// first: as in BEP 40 both ends see the same, and whom it joins is random.
func priority(a, b id.ID) uint64 {
	if b.Compare(a) < 0 {
		a, b = b, a
	}
	sum := sha256.Sum256(append(a[:], b[:]...))
	return binary.BigEndian.Uint64(sum[:])
}

// place is where a peer is among the candidates, or would be.
func (t *torrent) place(us, peer id.ID) (int, bool) {
	p := priority(us, peer)
	return slices.BinarySearchFunc(t.candidates, peer, func(c *candidate, peer id.ID) int {
		return cmp.Or(cmp.Compare(c.priority, p), bytes.Compare(c.peer[:], peer[:]))
	})
}

// candidate returns a candidate, or nil.
func (t *torrent) candidate(us, peer id.ID) *candidate {
	if i, ok := t.place(us, peer); ok {
		return t.candidates[i]
	}
	return nil
}

// tell notes that a neighbour tells of a peer.
func (t *torrent) tell(now time.Time, us, peer id.ID, by *neighbour) {
	i, ok := t.place(us, peer)
	if !ok {
		c := &candidate{peer: peer, priority: priority(us, peer), readyAt: now}
		if peer.Compare(us) < 0 {
			c.readyAt = now.Add(courtesy)
		}
		t.candidates = slices.Insert(t.candidates, i, c)
	}
	t.candidates[i].tellers = append(t.candidates[i].tellers, teller{by: by})
}

// untell notes that a neighbour tells of a peer no more.
func (t *torrent) untell(us, peer id.ID, by *neighbour) {
	i, ok := t.place(us, peer)
	if !ok {
		return
	}
	c := t.candidates[i]
	c.tellers = slices.DeleteFunc(c.tellers, func(tl teller) bool { return tl.by == by })
	if len(c.tellers) == 0 {
		t.candidates = slices.Delete(t.candidates, i, i+1)
	}
}

// relay chooses by whom to try a candidate now: nil where all rest or are in
// use, and then when the first of those that rest will not.
func (c *candidate) relay(now time.Time, rng *rand.Rand) (chosen *neighbour, readyAt time.Time) {
	usable := 0
	for _, tl := range c.tellers {
		switch {
		case tl.failed || tl.by.trying >= maxByRelay:
		case tl.by.restUntil.After(now):
			readyAt = earlier(readyAt, tl.by.restUntil)
		default:
			usable++
			if rng.IntN(usable) == 0 {
				chosen = tl.by
			}
		}
	}
	return chosen, readyAt
}

// missed notes that a relay did not bring our offer there. Another is next; when
// none is left the candidate rests.
func (c *candidate) missed(now time.Time, by *neighbour) {
	left := false
	for i, tl := range c.tellers {
		if tl.by == by {
			c.tellers[i].failed = true
		}
		left = left || !c.tellers[i].failed
	}
	if !left {
		c.rest(now)
	}
}

// rest gives a candidate time, and then all relays another chance.
func (c *candidate) rest(now time.Time) {
	c.readyAt = now.Add(backOff(firstRest, maxRest, c.failures))
	c.failures++
	for i := range c.tellers {
		c.tellers[i].failed = false
	}
}

// backOff doubles a time as often as something has failed before.
func backOff(first, most time.Duration, failures int) time.Duration {
	return min(most, first<<min(failures, 16))
}
