// Package node is one peer as one state machine: it joins the swarms, the
// trackers' announcer, the exchange with neighbours and the signaling, routes
// every event to the one that it concerns, and owns the budget of connections.
// In come the shell's events, out go effects for its ports. It holds no protocol
// rule of its own.
//
//	route.go    which machine's effect is which other's event
//	torrent.go  a torrent's life; private.go: one that is private
//	conn.go     a connection's life; lane.go, that of a lane
//	budget.go   how many there may be, of which torrent, and who goes
//	batch.go    the offers of one announce
package node

import (
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/shoal-p2p/shoal/core/alarm"
	"github.com/shoal-p2p/shoal/core/blame"
	"github.com/shoal-p2p/shoal/core/exchange"
	"github.com/shoal-p2p/shoal/core/id"
	"github.com/shoal-p2p/shoal/core/limit"
	"github.com/shoal-p2p/shoal/core/signaling"
	"github.com/shoal-p2p/shoal/core/swarm"
	"github.com/shoal-p2p/shoal/core/tracker"
)

// DefaultConnections is the budget where none is given: what WebTorrent allows
// a torrent, and a tenth of what one Chromium process can hold.
const DefaultConnections = 55

// ErrNoPeers says that nobody with a torrent has been met yet.
var ErrNoPeers = errors.New("no peer with this torrent has been found yet")

// Config is what a node is made of.
type Config struct {
	PeerID         id.ID
	MaxConnections int        // the budget, unanswered offers counted; 0 means DefaultConnections
	Key            id.KeyPair // who we are beyond PeerID; without it no peer is met by exchange
}

// Node is one peer. Handle is its only mutation; after each Handle the caller
// drains Poll, and calls Handle(Tick) when Deadline has come.
type Node struct {
	cfg       Config
	rng       *rand.Rand
	announcer *tracker.Announcer
	signaling *signaling.Signaling
	exchange  *exchange.Exchange
	book      *blame.Book
	up, down  limit.Limit // of all torrents together
	torrents  map[id.ID]*torrent
	order     []*torrent // as added: what is done for all is done in this order
	active    int        // torrents that are not paused
	touched   []*torrent // whose swarms may have effects to drain
	alarms    alarm.Alarms[*torrent]
	conns     map[Conn]*conn
	lanes     map[Conn]*lane
	openLanes int  // those that are not closing
	lastLane  Conn // the handle that was given last, without its mark
	last      Conn // the connection that was begun last; handles ascend
	evicting  int  // connections that are closing to make room
	evictAt   time.Time
	batches   []*batch // as begun
	effects   []Effect
}

// New makes a node without torrents.
func New(cfg Config, rng *rand.Rand) *Node {
	if cfg.MaxConnections == 0 {
		cfg.MaxConnections = DefaultConnections
	}
	return &Node{
		cfg:       cfg,
		rng:       rng,
		announcer: tracker.New(tracker.Config{PeerID: cfg.PeerID}, rng),
		signaling: signaling.New(signaling.Config{PeerID: cfg.PeerID}, rng),
		exchange:  exchange.New(exchange.Config{PeerID: cfg.PeerID, Key: cfg.Key}, rng),
		book:      blame.NewBook(),
		torrents:  make(map[id.ID]*torrent),
		conns:     make(map[Conn]*conn),
		lanes:     make(map[Conn]*lane),
	}
}

// Handle takes one event.
func (n *Node) Handle(now time.Time, ev Event) {
	if !n.laneEvent(now, ev) {
		n.take(now, ev)
	}
	n.settle(now)
}

// take takes an event that is none of a lane's.
func (n *Node) take(now time.Time, ev Event) {
	switch ev := ev.(type) {
	case Add:
		n.add(now, ev)
	case Remove:
		n.remove(now, ev.InfoHash)
	case Torrent:
		if t := n.torrents[ev.InfoHash]; t != nil {
			n.tell(now, t, ev.Event)
		}
	case Socket:
		n.announcer.Handle(now, ev.Event)
	case Described:
		n.signaling.Handle(now, signaling.Described{Conn: ev.Conn, SDP: ev.SDP, Err: ev.Err})
	case Limit:
		n.limit(now, ev)
	case Opened:
		if c := n.conns[ev.Conn]; c != nil {
			c.link = ev.Link
		}
		n.signaling.Handle(now, signaling.Opened{Conn: ev.Conn})
	case Received:
		if c := n.usable(ev.Conn); c != nil {
			n.tell(now, c.torrent, swarm.Received{Peer: swarm.Peer(ev.Conn), Data: ev.Data})
		}
	case Drained:
		if c := n.usable(ev.Conn); c != nil {
			n.tell(now, c.torrent, swarm.Drained{Peer: swarm.Peer(ev.Conn), Total: ev.Total})
		}
	case Closed:
		n.closed(now, ev.Conn)
	case Tick:
		n.tick(now)
	default:
		panic("node: unknown event")
	}
}

// Poll returns the next effect, in order, and false when there is none.
func (n *Node) Poll() (Effect, bool) {
	if len(n.effects) == 0 {
		return nil, false
	}
	e := n.effects[0]
	n.effects[0] = nil
	if n.effects = n.effects[1:]; len(n.effects) == 0 {
		n.effects = nil
	}
	return e, true
}

// Deadline is when Handle(Tick) is due, and false when nothing waits for time.
func (n *Node) Deadline() (time.Time, bool) {
	d := deadline{}
	d.add(n.announcer.Deadline())
	d.add(n.signaling.Deadline())
	for _, b := range n.batches {
		d.add(b.end, true)
	}
	d.add(n.exchange.Deadline())
	d.add(n.alarms.Next())
	return d.at, d.set
}

// Connections counts against the budget: every connection that has been begun
// and is not closed, nor closing to make room for another; lanes too.
func (n *Node) Connections() int { return len(n.conns) - n.evicting + n.openLanes }

// Swarm gives the state of one torrent to read, or nil.
func (n *Node) Swarm(infoHash id.ID) *swarm.Swarm {
	if t := n.torrents[infoHash]; t != nil {
		return t.swarm
	}
	return nil
}

func (n *Node) emit(e Effect) { n.effects = append(n.effects, e) }

// tell hands an event to a swarm and remembers that it may have effects.
func (n *Node) tell(now time.Time, t *torrent, ev swarm.Event) {
	t.swarm.Handle(now, ev)
	if !t.touched {
		t.touched = true
		n.touched = append(n.touched, t)
	}
}

func (n *Node) tick(now time.Time) {
	for _, b := range slices.Clone(n.batches) {
		if !b.end.After(now) {
			n.sendBatch(now, b)
		}
	}
	if due(n.announcer.Deadline())(now) {
		n.announcer.Handle(now, tracker.Tick{})
	}
	if due(n.signaling.Deadline())(now) {
		n.signaling.Handle(now, signaling.Tick{})
	}
	if due(n.exchange.Deadline())(now) {
		n.exchange.Handle(now, exchange.Tick{})
	}
	for t, ok := n.alarms.Due(now); ok; t, ok = n.alarms.Due(now) {
		n.tell(now, t, swarm.Tick{})
		n.lonely(now, t)
	}
}

// settle carries effects from machine to machine until all are quiet. It ends,
// since every effect is the consequence of one event from outside and no two
// machines answer each other without it.
func (n *Node) settle(now time.Time) {
	for quiet := false; !quiet; {
		quiet = true
		for e, ok := n.announcer.Poll(); ok; e, ok = n.announcer.Poll() {
			n.fromTracker(now, e)
			quiet = false
		}
		for e, ok := n.signaling.Poll(); ok; e, ok = n.signaling.Poll() {
			n.fromSignaling(now, e)
			quiet = false
		}
		for e, ok := n.exchange.Poll(); ok; e, ok = n.exchange.Poll() {
			n.fromExchange(now, e)
			quiet = false
		}
		for len(n.touched) > 0 {
			t := n.touched[0]
			n.touched = n.touched[1:]
			t.touched = false
			for e, ok := t.swarm.Poll(); ok; e, ok = t.swarm.Poll() {
				n.fromSwarm(now, t, e)
			}
			n.report(now, t)
			n.arm(t)
			quiet = false
		}
		n.touched = nil
	}
}

// deadline is the earliest of several.
type deadline struct {
	at  time.Time
	set bool
}

func (d *deadline) add(at time.Time, ok bool) {
	if ok && (!d.set || at.Before(d.at)) {
		d.at, d.set = at, true
	}
}

// due turns a Deadline into a question.
func due(at time.Time, ok bool) func(now time.Time) bool {
	return func(now time.Time) bool { return ok && !at.After(now) }
}
