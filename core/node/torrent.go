package node

import (
	"math"
	"slices"
	"time"

	"github.com/shoal-p2p/shoal/core/id"
	"github.com/shoal-p2p/shoal/core/signaling"
	"github.com/shoal-p2p/shoal/core/swarm"
	"github.com/shoal-p2p/shoal/core/tracker"
)

const (
	// lonelyAfter is how long a torrent may be without any peer before its owner
	// is told, and lonelyAgain how long until it is told once more.
	lonelyAfter = 10 * time.Second
	lonelyAgain = time.Minute
	// maxPeers is how many connections one torrent looks for. A swarm needs no
	// more to spread well, and the budget is for all torrents.
	maxPeers = 30
)

// torrent is one swarm and what the node keeps beside it.
type torrent struct {
	infoHash id.ID
	swarm    *swarm.Swarm
	touched  bool
	conns    int // connections of this torrent, unanswered offers counted
	peers    int // of these, peers that were met
	lonelyAt time.Time
	reported tracker.Progress
}

func (n *Node) add(now time.Time, ev Add) {
	t := n.torrents[ev.InfoHash]
	if t == nil {
		t = &torrent{
			infoHash: ev.InfoHash,
			swarm:    swarm.New(swarm.Config{InfoHash: ev.InfoHash, PeerID: n.cfg.PeerID}, n.rng),
			lonelyAt: now.Add(lonelyAfter),
		}
		n.torrents[ev.InfoHash] = t
		n.order = append(n.order, t)
		n.tell(now, t, swarm.Select{Wanted: ev.Wanted})
	}
	if ev.Info != nil {
		n.tell(now, t, swarm.Learn{Info: ev.Info})
	}
	left := t.swarm.Left()
	if ev.Seed {
		left = 0
	}
	n.announcer.Handle(now, tracker.Add{InfoHash: ev.InfoHash, Trackers: ev.Trackers, Left: left})
	t.reported = tracker.Progress{InfoHash: ev.InfoHash, Left: left, Want: -1}
}

func (n *Node) remove(now time.Time, infoHash id.ID) {
	t := n.torrents[infoHash]
	if t == nil {
		return
	}
	delete(n.torrents, infoHash)
	n.order = slices.DeleteFunc(n.order, func(o *torrent) bool { return o == t })
	n.touched = slices.DeleteFunc(n.touched, func(o *torrent) bool { return o == t })
	n.announcer.Handle(now, tracker.Remove{InfoHash: infoHash})
	for _, handle := range n.connsOf(t) {
		n.conns[handle].torrent = nil
		n.close(handle, "torrent removed")
	}
	n.signaling.Handle(now, signaling.Forget{InfoHash: infoHash})
	n.batches = slices.DeleteFunc(n.batches, func(b *batch) bool { return b.route.InfoHash == infoHash })
}

// connsOf lists a torrent's connections, the oldest first.
func (n *Node) connsOf(t *torrent) []Conn {
	var handles []Conn
	for handle, c := range n.conns { // order-free: sorted below
		if c.torrent == t {
			handles = append(handles, handle)
		}
	}
	slices.Sort(handles)
	return handles
}

// report tells the announcer what has changed of a torrent.
func (n *Node) report(now time.Time, t *torrent) {
	if n.torrents[t.infoHash] != t {
		return
	}
	stats := t.swarm.Stats()
	p := tracker.Progress{
		InfoHash:   t.infoHash,
		Uploaded:   stats.Uploaded,
		Downloaded: stats.Downloaded,
		Left:       t.left(),
		Want:       n.want(t, stats),
		Peers:      t.peers,
	}
	if p.Left == t.reported.Left && p.Want == t.reported.Want && p.Peers == t.reported.Peers {
		return // the other counts can wait for the next change
	}
	t.reported = p
	n.announcer.Handle(now, p)
}

// left is what the torrent lacks, in bytes, -1 while unknown. A store that is
// not open yet keeps what was said when the torrent was added.
func (t *torrent) left() int64 {
	if t.swarm.Pieces() == nil {
		return t.reported.Left
	}
	return t.swarm.Left()
}

// want is how many more peers the torrent could use: its share of the budget,
// less what it has.
func (n *Node) want(t *torrent, stats swarm.Stats) int {
	if stats.Paused {
		return 0
	}
	share := min(maxPeers, int(math.Ceil(float64(n.cfg.MaxConnections)/float64(len(n.order)))))
	return max(0, share-t.conns)
}

// lonely warns of a torrent that nobody has answered for.
func (n *Node) lonely(now time.Time, t *torrent) {
	if t.lonelyAt.IsZero() || t.lonelyAt.After(now) {
		return
	}
	t.lonelyAt = now.Add(lonelyAgain)
	if t.peers == 0 && t.left() != 0 {
		n.emit(Warned{InfoHash: t.infoHash, Err: ErrNoPeers})
	}
}
