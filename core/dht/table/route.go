package table

import (
	"math"
	"slices"
	"time"

	"github.com/shoal-p2p/shoal/core/dht/frame"
)

// Anywhere is the distance of a message that has visited nobody who counts.
const Anywhere = math.MaxUint64

// maxSteps is how many ways of a message are worth trying.
const maxSteps = 6

// Step is one way to go on with a message: by a link toward a node, which is the
// neighbour itself (Direct) or one of its neighbours.
type Step struct {
	Conn   Conn
	Toward frame.Key
	Direct bool
	Detour bool // the neighbour itself is no closer than the message has been
	rtt    time.Duration
}

// Way is what a message asks of the table.
type Way struct {
	Dst    frame.Key
	Best   uint64    // how close it has been; every step leads closer
	Detour bool      // the last step went to a node that is not closer, so the next must
	Not    frame.Key // a node that it shall not come to: its sender, where that is what it seeks
	From   Conn      // the link by which it came; 0 where it came by none
	Any    bool      // a suspect link will do
}

// Steps are the ways on for a message, the best first: by how close the node is
// to which it leads, and among equals a neighbour itself, then the shortest
// round trip. Links that are suspect, and nodes that are known to be dead, are
// left out.
//
// A step leads to somebody who is closer than anybody whom the message has
// visited. The next node on the way need not be: but after one that is not, the
// next is. So whatever the digests say, each message ends.
func (t *Table) Steps(w Way) []Step {
	var steps []Step
	for _, l := range t.links {
		if l.suspect && !w.Any || l.Conn == w.From || l.Key == w.Not && w.Not != 0 {
			continue
		}
		closer := uint64(l.Key^w.Dst) < w.Best
		if closer && (l.announced || l.Key == w.Dst) {
			steps = better(steps, w.Dst, Step{Conn: l.Conn, Toward: l.Key, Direct: true, rtt: l.RTT})
		}
		if !l.announced || w.Detour && !closer {
			continue
		}
		if e, ok := t.beyond(l, w); ok {
			steps = better(steps, w.Dst, Step{Conn: l.Conn, Toward: e, Detour: !closer, rtt: l.RTT})
		}
	}
	return steps
}

// Doubtful reports whether a suspect link leads to a node that is closer than
// anybody whom the message has visited: if it is alive, it is the way on.
func (t *Table) Doubtful(w Way) bool {
	return slices.ContainsFunc(t.links, func(l *link) bool {
		return l.suspect && l.announced && uint64(l.Key^w.Dst) < w.Best && (l.Key != w.Not || w.Not == 0)
	})
}

// beyond is the closest of a neighbour's neighbours, if a message gets closer
// there than by the neighbour itself.
func (t *Table) beyond(l *link, w Way) (best frame.Key, ok bool) {
	least := min(w.Best, uint64(l.Key^w.Dst))
	for _, e := range l.list {
		d := uint64(e.Key ^ w.Dst)
		if d < least && e.Key != t.self && (e.Key != w.Not || w.Not == 0) && !has(t.ghosts, e.Key) {
			best, least, ok = e.Key, d, true
		}
	}
	return best, ok
}

// better puts a step among the best.
func better(steps []Step, dst frame.Key, s Step) []Step {
	at := len(steps)
	for at > 0 && s.before(steps[at-1], dst) {
		at--
	}
	if at >= maxSteps {
		return steps
	}
	if len(steps) == maxSteps {
		steps = steps[:maxSteps-1]
	}
	return slices.Insert(steps, at, s)
}

func (s Step) before(o Step, dst frame.Key) bool {
	switch a, b := s.Toward^dst, o.Toward^dst; {
	case a != b:
		return a < b
	case s.Direct != o.Direct:
		return s.Direct
	}
	return s.rtt < o.rtt
}

// Closest are the links to the announced nodes that are closest to a key, the
// closest first, without the one that shall not be named.
func (t *Table) Closest(to frame.Key, n int, not frame.Key) []Conn {
	var near []*link
	for _, l := range t.links {
		if l.announced && !l.suspect && l.Key != not {
			near = append(near, l)
		}
	}
	slices.SortStableFunc(near, func(a, b *link) int {
		if a.Key^to < b.Key^to {
			return -1
		}
		return 1
	})
	var conns []Conn
	for _, l := range near[:min(n, len(near))] {
		conns = append(conns, l.Conn)
	}
	return conns
}

// Region says who should hold the records of a key: the n announced nodes that
// are closest to it, as far as the table knows them. self says whether this node
// is one of them, if it is announced; the links are to those of the others who
// are neighbours.
func (t *Table) Region(key frame.Key, n int) (self bool, links []Conn) {
	near := t.nearest(key, n)
	self = len(near) < n || t.self^key < near[n-1]^key
	if self && len(near) == n {
		near = near[:n-1]
	}
	for _, l := range t.links {
		if l.announced && !l.suspect && slices.Contains(near, l.Key) {
			links = append(links, l.Conn)
		}
	}
	return self, links
}
