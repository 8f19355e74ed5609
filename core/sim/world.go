// Package sim runs many nodes in one process and in virtual time: a clock that
// jumps from event to event, a network with latency and limited links, a real
// tracker registry, stores that share one copy of the truth, a web server, and
// enemies. The nodes are the same code that a browser runs. In come a seed and
// a scenario, out come figures and a trace hash that is the same for every run
// of the same seed. It reads no file and prints nothing.
//
//	queue.go      what happens next
//	network.go    connections: how they are made, kept and closed
//	link.go       how long bytes take
//	peer.go       a peer's lives; perform.go carries out what its node wants
//	content.go    the bytes of a torrent; store.go, who holds which of them
//	tracker.go    the tracker, and web.go the web server
//	behaviour.go  what enemies do to a node's messages; each has its own file
//	scenario.go   a world as it is described; parse.go reads it
//	run.go        carries a scenario out; figure.go measures, expect.go judges
//	moment.go     how it stands at one moment, for whoever wants to know why
package sim

import (
	"math/rand/v2"
	"time"

	"github.com/shoal-p2p/shoal/core/id"
	"github.com/shoal-p2p/shoal/core/tracker"
)

// Config is a world's climate.
type Config struct {
	Seed           uint64
	LatencyMin     time.Duration // one way, between two peers; each pair has its own
	LatencyMax     time.Duration
	Gather         time.Duration // until a description is ready
	TrackerLatency time.Duration // one way; 0 means 20 ms
	Registry       tracker.RegistryConfig
}

// epoch is when every world begins.
var epoch = time.Unix(1_600_000_000, 0).UTC()

// World is the simulated clock and everything that happens by it.
type World struct {
	cfg     Config
	rng     *rand.Rand
	now     time.Time
	elapsed time.Duration // since epoch
	queue   queue
	trace   trace
	peers   []*Peer
	names   map[id.ID]*Peer // every peer id that was ever used
	tracker *trackerHost
	web     *webServer
	sockets int   // opened so far
	handled int64 // events that nodes were given

	// told hears what nodes tell their owners; nil for nobody.
	told func(*Peer, Told)
}

// New makes an empty world with one tracker, at TrackerURL.
func New(cfg Config) *World {
	if cfg.TrackerLatency == 0 {
		cfg.TrackerLatency = trackerLatency
	}
	w := &World{
		cfg:   cfg,
		rng:   rand.New(rand.NewPCG(cfg.Seed, 0x5110a1)),
		now:   epoch,
		names: make(map[id.ID]*Peer),
	}
	w.tracker = newTrackerHost(w)
	return w
}

// Now is the virtual time.
func (w *World) Now() time.Time { return w.now }

// Elapsed is how much virtual time has passed.
func (w *World) Elapsed() time.Duration { return w.elapsed }

// Handled counts the events that nodes were given.
func (w *World) Handled() int64 { return w.handled }

// Stored is how many bytes the stores of all peers keep that are other than the
// true ones: what is on disks, and not what nodes hold in memory.
func (w *World) Stored() (bytes int) {
	for _, p := range w.peers {
		for _, h := range p.holds {
			if h.store != nil {
				bytes += h.store.stored()
			}
		}
	}
	return bytes
}

// Run lets time pass until done says so, and reports whether it did within
// limit. done is asked after every event.
func (w *World) Run(limit time.Duration, done func() bool) bool {
	end := w.elapsed + limit
	for !done() {
		at, ok := w.queue.next()
		if !ok || at > end {
			w.jump(end)
			return false
		}
		w.jump(at)
		w.happen(w.queue.pop())
	}
	return true
}

func (w *World) jump(to time.Duration) {
	if to != w.elapsed {
		w.elapsed, w.now = to, epoch.Add(to)
	}
}

// after lets something happen later.
func (w *World) after(wait time.Duration, do func()) { w.at(w.elapsed+wait, do) }

func (w *World) at(at time.Duration, do func()) {
	w.queue.push(max(at, w.elapsed), happening{kind: calls, do: do})
}

func (w *World) happen(h happening) {
	switch h.kind {
	case calls:
		h.do()
	case leaves:
		w.left(h.end, h.data)
	case drains:
		h.end.drained(h.total)
	case arrives:
		w.arrived(h.end, h.data)
	case delivers:
		w.deliver(h.end, h.data)
	default:
		panic("sim: unknown happening")
	}
}
