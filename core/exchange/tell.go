package exchange

import (
	"cmp"
	"slices"
	"time"

	"github.com/shoal-p2p/shoal/core/id"
)

// tellEvery is the least time between two rounds of tells in a torrent.
const tellEvery = 5 * time.Second

// changed sees to it that the neighbours are told, now if they were not lately.
func (x *Exchange) changed(now time.Time, t *torrent) {
	if !t.tellAt.IsZero() {
		return
	}
	t.tellAt = t.toldAt.Add(tellEvery)
	if due(now, t.tellAt) {
		x.tellAll(now, t)
	}
}

func (x *Exchange) tellAll(now time.Time, t *torrent) {
	t.tellAt, t.toldAt = time.Time{}, now
	for _, n := range t.neighbours {
		x.tellNews(n)
	}
}

// tellNews tells a neighbour what has changed since it was last told.
func (x *Exchange) tellNews(n *neighbour) {
	others := n.t.othersOf(n)
	m := message{kind: tell}
	for _, peer := range n.knows {
		if !slices.ContainsFunc(others, func(o *neighbour) bool { return o.peer == peer }) {
			m.dropped = append(m.dropped, peer)
		}
	}
	added := slices.DeleteFunc(others, func(o *neighbour) bool { return slices.Contains(n.knows, o.peer) })
	// It is told first of those whom it will like best.
	slices.SortFunc(added, func(a, b *neighbour) int {
		return cmp.Compare(priority(n.peer, a.peer), priority(n.peer, b.peer))
	})
	added = added[:min(len(added), maxTold-len(n.knows)+len(m.dropped))]
	for _, other := range added {
		m.added = append(m.added, other.peer)
	}
	if len(m.added)+len(m.dropped) == 0 {
		return
	}
	n.knows = append(without(n.knows, m.dropped), m.added...)
	x.say(n, m)
}

// othersOf lists all neighbours but n, each peer id once.
func (t *torrent) othersOf(n *neighbour) []*neighbour {
	var others []*neighbour
	for _, other := range t.neighbours {
		known := slices.ContainsFunc(others, func(o *neighbour) bool { return o.peer == other.peer })
		if other.peer != n.peer && !known {
			others = append(others, other)
		}
	}
	return others
}

// told takes a neighbour's tell.
func (x *Exchange) told(now time.Time, n *neighbour, m message) {
	if !n.tells.Take(now) {
		x.fault(now, n, "tells too often whom it knows")
		return
	}
	for _, peer := range m.dropped {
		if slices.Contains(n.told, peer) {
			n.t.untell(x.cfg.PeerID, peer, n)
		}
	}
	n.told = without(n.told, m.dropped)
	for _, peer := range m.added {
		if peer.IsZero() || peer == x.cfg.PeerID || peer == n.peer || slices.Contains(n.told, peer) {
			continue
		}
		if len(n.told) == maxTold {
			x.fault(now, n, "tells of too many peers")
			return
		}
		n.told = append(n.told, peer)
		n.t.tell(now, x.cfg.PeerID, peer, n)
	}
	x.seek(now, n.t)
}

func without(ids, gone []id.ID) []id.ID {
	return slices.DeleteFunc(ids, func(a id.ID) bool { return slices.Contains(gone, a) })
}
