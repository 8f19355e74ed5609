// Package table is what a node of the overlay knows of others: its links, of
// which it has few, and by their digests its neighbours' links, of which there
// are a thousand. In come links, digests and the news of who is dead; out come
// the next step of a message, whom to ask for a link, whether to agree when
// asked, and which link to give up. It sends nothing and asks nobody itself.
//
// A node has a budget of links. Of 32:
//
//   - 8 are the leaf set, those closest to the node itself. They are what makes
//     lookups right, and are given up only for closer ones.
//   - 18 are spread over the buckets, the ranges of ids that share 0, 1, 2 ...
//     bits with the node's own, as far out as the leaf set: at least one each,
//     the rest to the shallow ones. Within a bucket age comes before round-trip
//     time, as who has been there long will stay long, and who shares an origin
//     with another comes last.
//   - 6 are a reserve: for those who ask us, and for clients, who hold two or
//     three links and are in nobody's table.
//
// Routing looks two links far: to the neighbour that leads to the closest node
// anybody here has told of.
package table

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/shoal-p2p/shoal/core/dht/frame"
)

// Leaves is the size of the leaf set. One value of BEP 5's K serves for both.
const Leaves = 8

const (
	// ghostLife is for how long nobody is believed who tells of a dead node: the
	// digests of all have forgotten it by then.
	ghostLife = time.Minute
	maxGhosts = 256
	// hintLife and maxHints bound what answers to lookups told of.
	hintLife = 30 * time.Second
	maxHints = 32
)

// Conn is the handle of a link, chosen by the caller.
type Conn uint64

// Neighbour is a node to which there is a link.
type Neighbour struct {
	Conn  Conn
	Key   frame.Key
	Group uint64        // of its origin, as its address block; 0 where it is not known
	RTT   time.Duration // 0 where it is not known
}

type link struct {
	Neighbour
	since     time.Time
	class     frame.Class
	announced bool
	suspect   bool          // it has missed an ack, or is silent
	list      []frame.Entry // its neighbours, in order of their keys
}

// Table is what a node knows of others.
type Table struct {
	self   frame.Key
	budget int
	rng    *rand.Rand // which of equals to ask
	links  []*link    // the oldest first
	told   []frame.Entry
	ghosts []dated // the oldest first
	hints  []dated // the same
}

// dated is a key that is of interest until a time.
type dated struct {
	key   frame.Key
	until time.Time
}

// New makes the empty table of a node that may have so many links.
func New(self frame.Key, budget int, rng *rand.Rand) *Table {
	return &Table{self: self, budget: budget, rng: rng}
}

// Len is how many links there are.
func (t *Table) Len() int { return len(t.links) }

// Add takes a link. Its node is not announced until its digest says so.
func (t *Table) Add(now time.Time, n Neighbour) {
	if t.at(n.Conn) != nil {
		panic("table: a link that is there")
	}
	t.links = append(t.links, &link{Neighbour: n, since: now})
	t.ghosts = without(t.ghosts, n.Key)
}

// Remove takes a link away.
func (t *Table) Remove(c Conn) {
	t.links = slices.DeleteFunc(t.links, func(l *link) bool { return l.Conn == c })
}

// Suspect says whether a link may be dead. Messages go elsewhere then.
func (t *Table) Suspect(c Conn, suspect bool) {
	if l := t.at(c); l != nil {
		l.suspect = suspect
	}
}

// Measured tells of the round-trip time of a link.
func (t *Table) Measured(c Conn, rtt time.Duration) {
	if l := t.at(c); l != nil {
		l.RTT = rtt
	}
}

// Bury says that a node is dead, whatever others tell of it for a minute.
func (t *Table) Bury(now time.Time, k frame.Key) {
	t.hints = without(t.hints, k)
	t.ghosts = noted(t.ghosts, dated{k, now.Add(ghostLife)}, maxGhosts)
}

// Hint tells of a node that was named in an answer.
func (t *Table) Hint(now time.Time, k frame.Key) {
	if k != t.self && !has(t.ghosts, k) {
		t.hints = noted(t.hints, dated{k, now.Add(hintLife)}, maxHints)
	}
}

// Expire forgets ghosts and hints whose time is over.
func (t *Table) Expire(now time.Time) {
	over := func(d dated) bool { return !d.until.After(now) }
	t.ghosts = slices.DeleteFunc(t.ghosts, over)
	t.hints = slices.DeleteFunc(t.hints, over)
}

// Linked is the link to a node, if there is one.
func (t *Table) Linked(k frame.Key) (Conn, bool) {
	for _, l := range t.links {
		if l.Key == k {
			return l.Conn, true
		}
	}
	return 0, false
}

// IsAnnounced reports whether a neighbour says that it may be told of.
func (t *Table) IsAnnounced(c Conn) bool {
	l := t.at(c)
	return l != nil && l.announced
}

// Size estimates how many announced nodes there are, this one included, by how
// densely the closest stand.
func (t *Table) Size() float64 {
	near := t.nearest(t.self, Leaves)
	if len(near) < Leaves {
		return float64(len(near) + 1)
	}
	return Leaves * math.Exp2(64) / float64(max(1, t.self^near[Leaves-1]))
}

// Known is how many announced nodes the table knows of, counted up to twice the
// leaf set.
func (t *Table) Known() int { return len(t.nearest(t.self, 2*Leaves)) }

// nearest are the announced nodes that the table knows to be closest to a key,
// this node not among them, the closest first.
func (t *Table) nearest(to frame.Key, n int) []frame.Key {
	top := nearestKeys{to: to, most: n}
	t.known(func(k frame.Key, _ frame.Class) { top.add(k) })
	return top.keys
}

// known calls f for each node that the table knows to be announced. It may do so
// several times for one.
func (t *Table) known(f func(frame.Key, frame.Class)) {
	for _, l := range t.links {
		if !l.announced {
			continue
		}
		f(l.Key, l.class)
		for _, e := range l.list {
			if e.Key != t.self && !has(t.ghosts, e.Key) {
				f(e.Key, e.Class)
			}
		}
	}
	for _, h := range t.hints {
		f(h.key, 0)
	}
}

func (t *Table) at(c Conn) *link {
	for _, l := range t.links {
		if l.Conn == c {
			return l
		}
	}
	return nil
}

// bucket is how many bits a key shares with the node's own.
func (t *Table) bucket(k frame.Key) int { return bits.LeadingZeros64(uint64(k ^ t.self)) }

// nearestKeys are the closest of those that are added, each once.
type nearestKeys struct {
	to   frame.Key
	most int
	keys []frame.Key // the closest first
}

func (n *nearestKeys) add(k frame.Key) {
	at := len(n.keys)
	for at > 0 && n.keys[at-1]^n.to > k^n.to {
		at--
	}
	if at == n.most || at > 0 && n.keys[at-1] == k {
		return
	}
	if len(n.keys) == n.most {
		n.keys = n.keys[:n.most-1]
	}
	n.keys = slices.Insert(n.keys, at, k)
}

func has(list []dated, k frame.Key) bool {
	return slices.ContainsFunc(list, func(d dated) bool { return d.key == k })
}

func without(list []dated, k frame.Key) []dated {
	return slices.DeleteFunc(list, func(d dated) bool { return d.key == k })
}

// noted puts a key at the end of a list of at most so many.
func noted(list []dated, d dated, most int) []dated {
	list = append(without(list, d.key), d)
	return list[max(0, len(list)-most):]
}
