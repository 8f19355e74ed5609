package exchange

import (
	"slices"
	"time"

	"github.com/shoal-p2p/shoal/core/id"
	"github.com/shoal-p2p/shoal/core/limit"
)

// maxNeighbours is how many neighbours a torrent has here; more connections than
// that are of no use to a swarm.
const maxNeighbours = 128

// torrent is one swarm.
type torrent struct {
	infoHash   id.ID
	wanted     int
	neighbours []*neighbour // in the order in which they joined
	candidates []*candidate // by priority
	attempts   []*attempt
	toldAt     time.Time // the last round of tells
	tellAt     time.Time // the next one; zero while nothing has changed
	seekAt     time.Time // when a candidate or a relay has rested; zero where none does
	restUntil  time.Time // our own trouble
}

// neighbour is a connection to a peer that speaks the extension.
type neighbour struct {
	conn     Conn
	peer     id.ID
	identity id.Identity
	t        *torrent

	messages limit.Bucket // all that it sends
	tells    limit.Bucket // of them, tells
	offers   limit.Bucket // offers of its own that we shall carry
	carried  limit.Bucket // offers that we carry to it
	brought  limit.Bucket // offers of others to us
	excuses  limit.Bucket // what we refuse aloud

	knows    []id.ID   // what we have told it
	told     []id.ID   // what it has told us
	circuits []circuit // its offers under way to other neighbours
	waiting  []waiting // offers it brought us that may be answered

	trying    int // attempts by it as the relay
	failures  int // offers in a row to which it brought no answer
	restUntil time.Time
}

func newNeighbour(ev Joined, t *torrent) *neighbour {
	return &neighbour{
		conn: ev.Conn, peer: ev.Peer, identity: ev.Identity, t: t,
		messages: limit.Bucket{PerSecond: 50, Burst: 200},
		tells:    limit.Bucket{PerSecond: 1, Burst: 20},
		offers:   limit.Bucket{PerSecond: 5, Burst: 20},
		carried:  limit.Bucket{PerSecond: 5, Burst: 20},
		brought:  limit.Bucket{PerSecond: 5, Burst: 20},
		excuses:  limit.Bucket{PerSecond: 2, Burst: 10},
	}
}

func (x *Exchange) torrent(infoHash id.ID) *torrent {
	t := x.torrents[infoHash]
	if t == nil {
		t = &torrent{infoHash: infoHash}
		x.torrents[infoHash] = t
	}
	return t
}

func (x *Exchange) joined(now time.Time, ev Joined) {
	if x.cfg.Key.IsZero() || x.conns[ev.Conn] != nil || ev.Peer == x.cfg.PeerID || x.contradicts(ev.Peer, ev.Identity) {
		return
	}
	t := x.torrent(ev.InfoHash)
	if len(t.neighbours) >= maxNeighbours {
		return
	}
	if len(t.neighbours) == 0 {
		x.active = append(x.active, t)
	}
	n := newNeighbour(ev, t)
	x.conns[ev.Conn] = n
	t.neighbours = append(t.neighbours, n)
	if c := t.candidate(x.cfg.PeerID, ev.Peer); c != nil {
		c.failures = 0
	}
	x.tellNews(n)
	x.changed(now, t)
	x.seek(now, t)
}

// contradicts reports whether a neighbour of any torrent has the peer id under
// another identity.
func (x *Exchange) contradicts(peer id.ID, identity id.Identity) bool {
	for _, t := range x.active {
		if n := t.neighbour(peer); n != nil && n.identity != identity {
			return true
		}
	}
	return false
}

// neighbour finds a neighbour by its peer id, or returns nil.
func (t *torrent) neighbour(peer id.ID) *neighbour {
	for _, n := range t.neighbours {
		if n.peer == peer {
			return n
		}
	}
	return nil
}

func (x *Exchange) left(now time.Time, conn Conn) {
	n := x.conns[conn]
	if n == nil {
		return
	}
	t := n.t
	delete(x.conns, conn)
	t.neighbours = slices.DeleteFunc(t.neighbours, func(other *neighbour) bool { return other == n })
	for _, peer := range n.told {
		t.untell(x.cfg.PeerID, peer, n)
	}
	x.abandon(now, n)
	x.cutCircuits(now, n)
	if c := t.candidate(x.cfg.PeerID, n.peer); c != nil {
		c.readyAt = now.Add(firstRest)
	}
	if len(t.neighbours) == 0 {
		t.tellAt, t.seekAt = time.Time{}, time.Time{}
		x.active = slices.DeleteFunc(x.active, func(other *torrent) bool { return other == t })
		return
	}
	x.changed(now, t)
	x.seek(now, t)
}

// fault reports a neighbour and hears it no more.
func (x *Exchange) fault(now time.Time, n *neighbour, reason string) {
	x.emit(Fault{Conn: n.conn, Reason: reason})
	x.left(now, n.conn)
}

func (x *Exchange) forget(infoHash id.ID) {
	t := x.torrents[infoHash]
	if t == nil {
		return
	}
	for _, n := range t.neighbours {
		delete(x.conns, n.conn)
	}
	delete(x.torrents, infoHash)
	x.active = slices.DeleteFunc(x.active, func(other *torrent) bool { return other == t })
}

// deadline is when something is to be done for the torrent, zero for never.
func (t *torrent) deadline() time.Time {
	first := earlier(t.tellAt, t.seekAt)
	for _, a := range t.attempts {
		first = earlier(first, a.deadline)
	}
	return first
}
