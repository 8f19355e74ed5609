package sim

import (
	"fmt"
	"math/bits"
)

// what is one kind of line in the trace.
type what uint64

const (
	noteReceived what = iota
	noteClosed
	noteTold
	noteMet
	noteAnnounced
	noteFetched
	noteLeft
)

// trace is a hash of everything that has happened: when, to whom, what, how much.
type trace struct{ sum uint64 }

// mix is one step of a multiplicative hash. No one attacks it; it must only
// differ where two runs do.
func mix(sum, x uint64) uint64 {
	return bits.RotateLeft64((sum^x)*0x9e3779b97f4a7c15, 29)
}

// note adds a line to the trace.
func (w *World) note(peer int, what what, n int64) {
	sum := mix(w.trace.sum, uint64(w.elapsed))
	sum = mix(sum, uint64(peer)<<8|uint64(what))
	w.trace.sum = mix(sum, uint64(n))
}

// Trace is the hash of everything that has happened.
func (w *World) Trace() string { return fmt.Sprintf("%016x", w.trace.sum) }
