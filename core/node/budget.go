package node

import (
	"time"

	"github.com/shoal-p2p/shoal/core/signaling"
)

const (
	// maxPeers is how many connections one torrent looks for. A swarm needs no
	// more to spread well, and the budget is for all torrents.
	maxPeers = 30
	// uselessAfter is how long a peer must have been of no use before it makes
	// room for another: longer than the optimistic unchoke of BEP 3, in which a
	// newcomer shows what it gives.
	uselessAfter = 40 * time.Second
	// evictEvery bounds how often a peer is looked for that might go.
	evictEvery = time.Second
)

// room is how many connections the budget still allows. Signaling counts those
// that it has only just begun, too; those that go to make room count no
// more, nor do lanes, as they give way.
func (n *Node) room() int { return max(0, n.cfg.MaxConnections-n.signaling.Len()+n.evicting) }

// roomFor is room, made if need be by ending a connection that is of less use.
func (n *Node) roomFor(now time.Time, t *torrent) int {
	if n.room() == 0 {
		n.evict(now, t)
	}
	return n.room()
}

// share is how many connections are a torrent's by right: its part of the budget
// among those that transfer, or would.
func (n *Node) share() int {
	return min(maxPeers, max(1, n.cfg.MaxConnections/max(1, n.active)))
}

// want is how many more peers a torrent shall look for: up to its share by
// right, beyond it only where connections lie idle, of which an eighth stays
// for those who come to us.
func (n *Node) want(t *torrent) int {
	if !t.active {
		return 0
	}
	idle := n.room() - n.cfg.MaxConnections/8
	return max(0, min(maxPeers-t.conns, max(n.share()-t.conns, idle)))
}

// evict makes room for one that waits in torrent t: the connection goes that has
// been of no use for the longest time, or, where t has less than its share, the
// last one of the torrent that has most beyond its own.
func (n *Node) evict(now time.Time, t *torrent) {
	if now.Before(n.evictAt) {
		return
	}
	n.evictAt = now.Add(evictEvery)
	victim, ok := n.useless(now)
	if !ok && t.conns < n.share() {
		victim, ok = n.beyondShare()
	}
	if !ok {
		return
	}
	n.conns[victim].evicted = true
	n.evicting++
	n.close(victim, "made room for a peer that may be of more use")
}

// useless finds the connection that has been of no use for the longest time.
func (n *Node) useless(now time.Time) (victim Conn, ok bool) {
	worst := uselessAfter
	for _, t := range n.order {
		peer, useless, some := t.swarm.LeastUseful(now)
		if some && useless >= worst && n.usable(Conn(peer)) != nil {
			victim, worst, ok = Conn(peer), useless, true
		}
	}
	return victim, ok
}

// beyondShare finds the last connection of the torrent that has most of them,
// if that is more than its share.
func (n *Node) beyondShare() (victim Conn, ok bool) {
	most := n.share()
	var richest *torrent
	for _, t := range n.order {
		if t.conns > most {
			richest, most = t, t.conns
		}
	}
	if richest == nil {
		return 0, false
	}
	for handle, c := range n.conns { // order-free: the largest
		if c.torrent == richest && !c.closing && handle > victim {
			victim, ok = handle, true
		}
	}
	return victim, ok
}

// makeOffers begins at most count connections for one announce. Unanswered
// offers may fill half of the budget, so that other peers' offers find room.
func (n *Node) makeOffers(now time.Time, route signaling.Route, count int) {
	t := n.torrents[route.InfoHash]
	count = min(count, n.offersLeft())
	if t != nil && count > 0 {
		count = min(count, n.roomFor(now, t))
	}
	if t == nil || count <= 0 {
		n.noOffers(now, route)
		return
	}
	n.collect(now, route, count)
}

// offersLeft is how many offers of ours may be made before others are answered.
func (n *Node) offersLeft() int {
	return max(0, max(1, n.cfg.MaxConnections/2)-n.signaling.Unanswered())
}
