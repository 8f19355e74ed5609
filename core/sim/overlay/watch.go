package overlay

import (
	"slices"
	"time"

	"github.com/shoal-p2p/shoal/core/dht"
	"github.com/shoal-p2p/shoal/core/dht/frame"
	"github.com/shoal-p2p/shoal/core/id"
)

// watch sees every message, and judges the lookups.
type watch struct {
	byTarget map[id.ID]*lookup
	byNumber map[uint64]*lookup
	byQuery  map[dht.Query]*lookup
	closest  map[uint64][]id.ID // by number: who they were when it was answered
	done     []*lookup
	grownUp  []figures // of nodes that were there for longer than two minutes
}

// lookup is one that is judged.
type lookup struct {
	target   id.ID
	messages int
	took     time.Duration
	hops     int
	failed   bool
	right    bool // it found the closest
	near     bool // it found one of the closest eight
	item     bool // it was for an item, and right if it brought it
}

// figures are of one node over some time.
type figures struct {
	life        time.Duration
	bytes       int64
	constructed int
}

func (t *watch) init() {
	t.byTarget = make(map[id.ID]*lookup)
	t.byNumber = make(map[uint64]*lookup)
	t.byQuery = make(map[dht.Query]*lookup)
	t.closest = make(map[uint64][]id.ID)
}

// sent counts what belongs to a lookup, and notes who was closest when it was
// answered.
func (t *watch) sent(w *World, n *node, b []byte) {
	switch frame.KindOf(b) {
	case frame.KindAck:
		if a, err := frame.ParseAck(b); err == nil && t.byNumber[a.Number] != nil {
			t.byNumber[a.Number].messages++
		}
	case frame.KindRouted:
		env, err := frame.ParseEnvelope(b)
		if err != nil {
			return
		}
		if k := t.byTarget[env.Dst]; k != nil && !env.Has(frame.Reply) {
			t.byNumber[env.Number] = k
		}
		k := t.byNumber[env.Number]
		if k == nil {
			return
		}
		k.messages++
		if env.Has(frame.Reply) && env.Src == n.dht.ID() && t.closest[env.Number] == nil {
			t.closest[env.Number] = w.closestTo(k.target)
		}
	}
}

// found judges an answer.
func (t *watch) found(w *World, n *node, f dht.Found) {
	k := t.byQuery[f.Query]
	if k == nil {
		return
	}
	delete(t.byQuery, f.Query)
	delete(t.byTarget, k.target)
	closest := t.closest[f.Number]
	if closest == nil {
		closest = w.closestTo(k.target)
	}
	k.took, k.hops, k.failed = f.Took, f.Hops, f.Err != nil
	k.near = f.Err == nil && slices.Contains(closest, f.Terminus)
	k.right = k.near && closest[0] == f.Terminus
	if k.item {
		k.right = f.Item != nil
	}
	t.done = append(t.done, k)
}

// departed takes the figures of a node that goes.
func (t *watch) departed(w *World, n *node) {
	if !n.since.Equal(n.born) {
		t.grownUp = append(t.grownUp, figures{w.now.Sub(n.since), n.sent, n.constructed - n.counted})
	}
}

// closestTo are the eight announced nodes that are closest to a target.
func (w *World) closestTo(target id.ID) []id.ID {
	var all []id.ID
	for _, n := range w.nodes {
		if n.dht.Announced() {
			all = append(all, n.dht.ID())
		}
	}
	slices.SortFunc(all, func(a, b id.ID) int { return target.Distance(a).Compare(target.Distance(b)) })
	return all[:min(8, len(all))]
}
