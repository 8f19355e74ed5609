package sim

import (
	"errors"
	"time"

	"github.com/shoal-p2p/shoal/core/node"
	"github.com/shoal-p2p/shoal/core/tracker"
)

// TrackerURL is where the world's tracker listens.
const TrackerURL = "ws://tracker.sim/announce"

// trackerLatency is one way to the tracker where the climate says nothing.
const trackerLatency = 20 * time.Millisecond

var errDown = errors.New("sim: the tracker is down")

// trackerHost runs the registry that the real host runs.
type trackerHost struct {
	world    *World
	registry *tracker.Registry
	peers    map[tracker.Client]*Peer
	down     bool
	tickAt   time.Time
}

func newTrackerHost(w *World) *trackerHost {
	return &trackerHost{
		world:    w,
		registry: tracker.NewRegistry(w.cfg.Registry, w.rng),
		peers:    make(map[tracker.Client]*Peer),
	}
}

// KillTracker closes every socket to the tracker and takes no new ones.
func (w *World) KillTracker() {
	w.tracker.down = true
	for _, p := range w.peers {
		w.tracker.close(p)
	}
}

// ReviveTracker lets the tracker take sockets again. It has forgotten nothing
// but who was connected.
func (w *World) ReviveTracker() { w.tracker.down = false }

func (h *trackerHost) latency() time.Duration { return h.world.cfg.TrackerLatency }

func (h *trackerHost) open(p *Peer) {
	if h.down {
		p.later(h.latency(), node.Socket{Event: tracker.Closed{Tracker: TrackerURL, Err: errDown}})
		return
	}
	client := h.newClient(p)
	p.socket = client
	h.world.after(h.latency(), func() {
		if p.socket == client {
			p.later(h.latency(), node.Socket{Event: tracker.Opened{Tracker: TrackerURL}})
		}
	})
}

// newClient opens a socket.
func (h *trackerHost) newClient(p *Peer) tracker.Client {
	h.world.sockets++
	client := tracker.Client(h.world.sockets)
	h.world.after(h.latency(), func() {
		h.peers[client] = p
		h.handle(tracker.Joined{Client: client})
	})
	return client
}

func (h *trackerHost) said(p *Peer, data []byte) {
	h.world.note(p.index, noteAnnounced, int64(len(data)))
	h.carry(p.socket, data)
}

// carry brings a message to the tracker.
func (h *trackerHost) carry(client tracker.Client, data []byte) {
	h.world.after(h.latency(), func() {
		if h.peers[client] != nil {
			h.handle(tracker.Said{Client: client, Data: data})
		}
	})
}

// close ends a peer's socket, whichever side wants it.
func (h *trackerHost) close(p *Peer) {
	client := p.socket
	p.socket = 0
	if client == 0 {
		return
	}
	p.later(0, node.Socket{Event: tracker.Closed{Tracker: TrackerURL}})
	h.world.after(h.latency(), func() { h.left(client) })
}

func (h *trackerHost) left(client tracker.Client) {
	delete(h.peers, client)
	h.handle(tracker.Left{Client: client})
}

func (h *trackerHost) handle(ev tracker.RegistryEvent) {
	h.registry.Handle(h.world.now, ev)
	for e, ok := h.registry.Poll(); ok; e, ok = h.registry.Poll() {
		switch e := e.(type) {
		case tracker.Reply:
			h.reply(e)
		case tracker.Disconnect:
			h.disconnect(e.Client)
		default:
			panic("sim: unknown effect of registry")
		}
	}
	h.arm()
}

func (h *trackerHost) reply(e tracker.Reply) {
	p := h.peers[e.Client]
	if p == nil || p.socket != e.Client {
		return
	}
	h.world.after(h.latency(), func() {
		if p.socket == e.Client {
			p.handle(node.Socket{Event: tracker.Message{Tracker: TrackerURL, Data: e.Data}})
		}
	})
}

func (h *trackerHost) disconnect(client tracker.Client) {
	p := h.peers[client]
	if p == nil {
		return
	}
	if p.socket == client {
		h.close(p)
		return
	}
	h.world.after(h.latency(), func() { h.left(client) }) // an enemy's spare socket
}

func (h *trackerHost) arm() {
	at, ok := h.registry.Deadline()
	if !ok || at.Equal(h.tickAt) {
		return
	}
	h.tickAt = at
	h.world.at(at.Sub(epoch), func() {
		if h.tickAt.Equal(at) {
			h.tickAt = time.Time{}
			h.handle(tracker.RegistryTick{})
		}
	})
}
