package node

import (
	"slices"
	"strings"
	"time"

	"github.com/shoal-p2p/shoal/core/exchange"
	"github.com/shoal-p2p/shoal/core/id"
	"github.com/shoal-p2p/shoal/core/limit"
	"github.com/shoal-p2p/shoal/core/signaling"
	"github.com/shoal-p2p/shoal/core/swarm"
	"github.com/shoal-p2p/shoal/core/tracker"
)

const (
	// lonelyAfter is how long a torrent may be without any peer before its owner
	// is told, and lonelyAgain how long until it is told once more.
	lonelyAfter = 10 * time.Second
	lonelyAgain = time.Minute
	// maxWarnings bounds what its owner is told of its trackers, in any minute that
	// begins with a warning: one of each that a torrent may have. A tracker can
	// word its refusals anew with every message.
	maxWarnings = 64
)

// torrent is one swarm and what the node keeps beside it.
type torrent struct {
	infoHash id.ID
	own      []string // trackers that came with it, without a slash at the end
	defaults []string // trackers of the client; none once it is known to be private
	private  bool
	swarm    *swarm.Swarm
	up, down *limit.Limit
	touched  bool
	active   bool // not paused
	lanes    map[swarm.Lane]Conn
	conns    int       // connections of this torrent, unanswered offers counted
	peers    int       // of these, peers that were met
	lonelyAt time.Time // when its owner is told that it is alone; zero while it is not
	warned   time.Time // when the minute began of which warnings are counted
	warnings int
	reported tracker.Progress
}

func (n *Node) add(now time.Time, ev Add) {
	t := n.torrents[ev.InfoHash]
	switch {
	case t == nil:
		t = n.begins(now, ev)
	case t.private: // whoever passed a link on may have added what he likes
		ev.Trackers, ev.WebSeeds = nil, nil
	}
	if len(ev.WebSeeds) > 0 {
		n.tell(now, t, swarm.AddWebSeeds{URLs: ev.WebSeeds})
	}
	if ev.Info != nil {
		t.private = t.private || ev.Info.Private
		n.tell(now, t, swarm.Learn{Info: ev.Info})
	}
	for _, url := range ev.Trackers {
		t.own = append(t.own, strings.TrimSuffix(url, "/")) // as the announcer names them
	}
	trackers := slices.Clone(ev.Trackers)
	if !t.private {
		t.defaults = append(t.defaults, ev.Defaults...)
		trackers = append(trackers, ev.Defaults...)
	}
	left := t.swarm.Left()
	if ev.Seed {
		left = 0
	}
	n.announcer.Handle(now, tracker.Add{InfoHash: ev.InfoHash, Trackers: trackers, Left: left})
	t.reported = tracker.Progress{InfoHash: ev.InfoHash, Left: left, Want: -1}
}

// begins makes a torrent of which nothing is known yet.
func (n *Node) begins(now time.Time, ev Add) *torrent {
	t := &torrent{infoHash: ev.InfoHash, up: n.up.Under(), down: n.down.Under(), lanes: map[swarm.Lane]Conn{}, active: true}
	t.swarm = swarm.New(swarm.Config{
		InfoHash: ev.InfoHash,
		PeerID:   n.cfg.PeerID,
		Key:      n.cfg.Key,
		Book:     n.book,
		Up:       t.up,
		Down:     t.down,
	}, n.rng)
	n.torrents[ev.InfoHash] = t
	n.order = append(n.order, t)
	n.active++
	n.tell(now, t, swarm.Select{Priority: ev.Priority})
	return t
}

// limit sets the rates of a torrent, or of all together. Whoever waits by the
// old rate looks again.
func (n *Node) limit(now time.Time, ev Limit) {
	up, down, whom := &n.up, &n.down, n.order
	if !ev.InfoHash.IsZero() {
		t := n.torrents[ev.InfoHash]
		if t == nil {
			return
		}
		up, down, whom = t.up, t.down, []*torrent{t}
	}
	up.Set(now, ev.Up)
	down.Set(now, ev.Down)
	for _, t := range whom {
		n.tell(now, t, swarm.Tick{})
	}
}

func (n *Node) remove(now time.Time, infoHash id.ID) {
	t := n.torrents[infoHash]
	if t == nil {
		return
	}
	delete(n.torrents, infoHash)
	n.order = slices.DeleteFunc(n.order, func(o *torrent) bool { return o == t })
	n.touched = slices.DeleteFunc(n.touched, func(o *torrent) bool { return o == t })
	n.alarms.Set(t, time.Time{})
	if t.active {
		n.active--
	}
	n.announcer.Handle(now, tracker.Remove{InfoHash: infoHash})
	n.exchange.Handle(now, exchange.Forget{InfoHash: infoHash})
	for _, handle := range n.connsOf(t) {
		n.conns[handle].torrent = nil
		n.close(handle, "torrent removed")
	}
	n.forgetLanes(t)
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

// report tells the announcer and the exchange what has changed of a torrent.
func (n *Node) report(now time.Time, t *torrent) {
	if n.torrents[t.infoHash] != t {
		return
	}
	if active := !t.swarm.Paused(); active != t.active {
		t.active = active
		if active {
			n.active++
		} else {
			n.active--
		}
	}
	n.beLonely(now, t)
	p := tracker.Progress{InfoHash: t.infoHash, Left: t.left(), Want: n.want(t), Peers: t.peers, Reading: t.reading()}
	if p.Left == t.reported.Left && p.Want == t.reported.Want && p.Peers == t.reported.Peers && p.Reading == t.reported.Reading {
		return // the other counts can wait for the next change
	}
	p.Downloaded, p.Uploaded = t.swarm.Transferred()
	if p.Want != t.reported.Want && !t.private {
		n.exchange.Handle(now, exchange.Want{InfoHash: t.infoHash, Count: p.Want})
	}
	t.reported = p
	n.announcer.Handle(now, p)
}

// arm sets the alarm for what a torrent waits for.
func (n *Node) arm(t *torrent) {
	if n.torrents[t.infoHash] != t {
		return
	}
	d := deadline{}
	d.add(t.swarm.Deadline())
	d.add(t.lonelyAt, !t.lonelyAt.IsZero())
	n.alarms.Set(t, d.at)
}

// left is what the torrent lacks, in bytes, -1 while unknown. A store that is
// not open yet keeps what was said when the torrent was added.
func (t *torrent) left() int64 {
	if t.swarm.Pieces() == nil {
		return t.reported.Left
	}
	return t.swarm.Left()
}

// reading reports whether it lacks nothing that is selected, but what is read.
func (t *torrent) reading() bool { return t.left() == 0 && t.swarm.Needs() }

// beLonely starts the wait of a torrent that lacks bytes and peers, and ends it.
func (n *Node) beLonely(now time.Time, t *torrent) {
	switch {
	case t.peers > 0 || t.left() == 0 && !t.reading() || !t.active:
		t.lonelyAt = time.Time{}
	case t.lonelyAt.IsZero():
		t.lonelyAt = now.Add(lonelyAfter)
	}
}

// lonely warns of a torrent that nobody has answered for.
func (n *Node) lonely(now time.Time, t *torrent) {
	if t.lonelyAt.IsZero() || t.lonelyAt.After(now) {
		return
	}
	t.lonelyAt = now.Add(lonelyAgain)
	n.emit(Warned{InfoHash: t.infoHash, Err: ErrNoPeers})
}

// warn tells of a tracker's trouble, but not of too much.
func (n *Node) warn(now time.Time, e tracker.Warned) {
	t := n.torrents[e.InfoHash]
	if t == nil {
		return
	}
	if now.Sub(t.warned) >= time.Minute {
		t.warned, t.warnings = now, 0
	}
	if t.warnings++; t.warnings <= maxWarnings {
		n.emit(Warned{e.InfoHash, e.Tracker, e.Err})
	}
}
