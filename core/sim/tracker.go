package sim

import (
	"time"

	"github.com/shoal-p2p/shoal/core/node"
	"github.com/shoal-p2p/shoal/core/tracker"
)

// TrackerURL is where the world's tracker listens.
const TrackerURL = "ws://tracker.sim/announce"

// trackerDelay is one way to the tracker and back out of it.
const trackerDelay = 20 * time.Millisecond

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
		registry: tracker.NewRegistry(tracker.RegistryConfig{}, w.rng),
		peers:    make(map[tracker.Client]*Peer),
	}
}

// KillTracker closes every socket to the tracker and takes no new ones.
func (w *World) KillTracker() {
	w.tracker.down = true
	for _, p := range w.peers {
		if p.socket != 0 {
			w.tracker.close(p)
		}
	}
}

func (h *trackerHost) open(p *Peer) {
	if h.down {
		p.later(trackerDelay, node.Socket{Event: tracker.Closed{Tracker: TrackerURL, Err: errDown}})
		return
	}
	h.world.sockets++
	client := tracker.Client(h.world.sockets)
	p.socket = client
	h.world.after(trackerDelay, func() {
		h.peers[client] = p
		h.handle(tracker.Joined{Client: client})
		p.later(trackerDelay, node.Socket{Event: tracker.Opened{Tracker: TrackerURL}})
	})
}

func (h *trackerHost) said(p *Peer, data []byte) {
	client := p.socket
	h.world.note(p.index, "announce", int64(len(data)))
	h.world.after(trackerDelay, func() { h.handle(tracker.Said{Client: client, Data: data}) })
}

// close ends a peer's socket, whichever side wants it.
func (h *trackerHost) close(p *Peer) {
	client := p.socket
	p.socket = 0
	if client == 0 {
		return
	}
	p.later(0, node.Socket{Event: tracker.Closed{Tracker: TrackerURL}})
	h.world.after(trackerDelay, func() {
		delete(h.peers, client)
		h.handle(tracker.Left{Client: client})
	})
}

func (h *trackerHost) handle(ev tracker.RegistryEvent) {
	h.registry.Handle(h.world.now, ev)
	for e, ok := h.registry.Poll(); ok; e, ok = h.registry.Poll() {
		switch e := e.(type) {
		case tracker.Reply:
			if p := h.peers[e.Client]; p != nil {
				p.later(trackerDelay, node.Socket{Event: tracker.Message{Tracker: TrackerURL, Data: e.Data}})
			}
		case tracker.Disconnect:
			if p := h.peers[e.Client]; p != nil && p.socket == e.Client {
				h.close(p)
			}
		default:
			panic("sim: unknown effect of registry")
		}
	}
	h.arm()
}

func (h *trackerHost) arm() {
	at, ok := h.registry.Deadline()
	if !ok || at.Equal(h.tickAt) {
		return
	}
	h.tickAt = at
	h.world.at(at, func() {
		if h.tickAt.Equal(at) {
			h.tickAt = time.Time{}
			h.handle(tracker.RegistryTick{})
		}
	})
}
