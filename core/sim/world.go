// Package sim runs many nodes in one process and in virtual time: a clock that
// jumps from event to event, a network with latency and limited uplinks, a
// real tracker registry, stores in memory. The nodes are the same code that a
// browser runs. In come a seed and a scenario, out come measurements and a
// trace hash that is the same for every run of the same seed.
package sim

import (
	"container/heap"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"math/rand/v2"
	"time"
)

// Config is a world's climate.
type Config struct {
	Seed       uint64
	LatencyMin time.Duration // one way, between two peers; each pair has its own
	LatencyMax time.Duration
	Gather     time.Duration // until a description is ready
}

// World is the simulated clock and everything that happens by it.
type World struct {
	cfg     Config
	rng     *rand.Rand
	now     time.Time
	queue   queue
	ordinal uint64
	trace   hash.Hash
	peers   []*Peer
	tracker *trackerHost
	sockets int // opened so far
}

// New makes an empty world with one tracker, at TrackerURL.
func New(cfg Config) *World {
	w := &World{
		cfg:   cfg,
		rng:   rand.New(rand.NewPCG(cfg.Seed, 0x5110a1)),
		now:   time.Unix(1_600_000_000, 0).UTC(),
		trace: sha256.New(),
	}
	w.tracker = newTrackerHost(w)
	return w
}

// Now is the virtual time.
func (w *World) Now() time.Time { return w.now }

// Trace is the hash of everything that has happened.
func (w *World) Trace() string { return hex.EncodeToString(w.trace.Sum(nil)) }

// Run lets time pass until done says so, and reports whether it did within
// limit. done is asked after every event.
func (w *World) Run(limit time.Duration, done func() bool) bool {
	end := w.now.Add(limit)
	for !done() {
		if len(w.queue) == 0 || w.queue[0].at.After(end) {
			w.now = end
			return false
		}
		happening := heap.Pop(&w.queue).(happening)
		w.now = happening.at
		happening.do()
	}
	return true
}

// after lets something happen later.
func (w *World) after(wait time.Duration, do func()) { w.at(w.now.Add(wait), do) }

func (w *World) at(at time.Time, do func()) {
	if at.Before(w.now) {
		at = w.now
	}
	w.ordinal++
	heap.Push(&w.queue, happening{at, w.ordinal, do})
}

// note adds a line to the trace.
func (w *World) note(peer int, what string, n int64) {
	var line [24]byte
	binary.BigEndian.PutUint64(line[:], uint64(w.now.UnixNano()))
	binary.BigEndian.PutUint64(line[8:], uint64(peer))
	binary.BigEndian.PutUint64(line[16:], uint64(n))
	w.trace.Write(line[:])
	w.trace.Write([]byte(what))
}

// between draws a duration.
func (w *World) between(low, high time.Duration) time.Duration {
	if high <= low {
		return low
	}
	return low + time.Duration(w.rng.Int64N(int64(high-low)))
}

// happening is one entry of the queue; those of one moment keep their order.
type happening struct {
	at      time.Time
	ordinal uint64
	do      func()
}

type queue []happening

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	if !q[i].at.Equal(q[j].at) {
		return q[i].at.Before(q[j].at)
	}
	return q[i].ordinal < q[j].ordinal
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)   { *q = append(*q, x.(happening)) }
func (q *queue) Pop() any {
	last := len(*q) - 1
	h := (*q)[last]
	(*q)[last] = happening{}
	*q = (*q)[:last]
	return h
}
