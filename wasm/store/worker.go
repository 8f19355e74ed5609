//go:build js && wasm

package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"
	"syscall/js"

	"github.com/shoal-p2p/shoal/core/client"
	"github.com/shoal-p2p/shoal/core/jsx"
	"github.com/shoal-p2p/shoal/core/metainfo"
)

// errNoWorker fails what was asked of a worker that is gone for good.
var errNoWorker = errors.New("the storage worker has stopped")

// Worker is Go's end of the page's storage worker (js/src/worker.ts). Requests
// go to it in order, as many at once as are under way in one turn, and so do
// its answers come; the bytes under way are bounded by maxInFlight. When the
// page gives the port of another worker, as the first has died, what that has
// not answered is asked of the new one: every request may be done twice.
type Worker struct {
	told chan struct{} // closed when the page has said whether there is a worker

	mu       sync.Mutex
	isTold   bool
	closed   bool
	port     js.Value // undefined while there is none
	release  func()   // the listener of port
	queue    []*request
	sent     map[int]*request // and not answered
	bytes    int              // of those
	last     int              // id
	flushing bool
	batch    batch           // kept for its memory
	places   map[string]bool // open
}

// request is one call of the worker: a step of a batch, or one that goes alone.
type request struct {
	id    int
	op    string
	place string
	args  []any
	step  step
	spans []int64 // of a step
	data  []byte  // of a write
	size  int     // bytes that it moves
	done  func(reply)
}

// reply is the worker's answer.
type reply struct {
	value  js.Value
	digest metainfo.Digest // of a verify, unless the worker gave the bytes
	err    error
}

// NewWorker returns a Worker that waits for its first port.
func NewWorker() *Worker {
	return &Worker{told: make(chan struct{}), sent: map[int]*request{}, places: map[string]bool{}}
}

// Connect takes the port of a worker. An undefined one says that there is none:
// what is asked fails from then on, and what is opened lies in memory.
func (w *Worker) Connect(port js.Value) {
	w.mu.Lock()
	w.disconnect()
	w.requeue()
	var lost []*request
	if port.Truthy() && !w.closed {
		w.port = port
		w.release = jsx.Listen(port, "message", func(event js.Value) { w.answered(event.Get("data")) })
		port.Call("start")
	} else {
		lost, w.queue = w.queue, nil
	}
	w.settle()
	w.flushSoon()
	w.mu.Unlock()
	for _, r := range lost {
		r.done(reply{err: errNoWorker})
	}
}

// Settle ends the wait for the first port: what is opened from now on lies in
// memory until there is one.
func (w *Worker) Settle() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.settle()
}

func (w *Worker) settle() {
	if !w.isTold {
		w.isTold = true
		close(w.told)
	}
}

// Close lets go of the port, when every store is closed.
func (w *Worker) Close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	w.disconnect()
	w.settle()
}

func (w *Worker) disconnect() {
	if w.release != nil {
		w.release()
		w.port.Call("close")
	}
	w.port, w.release = js.Undefined(), nil
}

// requeue puts what was sent in front of what was not, and before it that the
// new worker opens what the old one had open.
func (w *Worker) requeue() {
	var again []*request
	for place := range w.places { // order-free: places know nothing of each other
		again = append(again, &request{op: "open", place: place, done: func(reply) {}})
	}
	unanswered := len(again)
	for _, r := range w.sent { // order-free: sorted below
		again = append(again, r)
	}
	slices.SortFunc(again[unanswered:], func(a, b *request) int { return a.id - b.id })
	clear(w.sent)
	w.bytes = 0
	w.queue = append(again, w.queue...)
}

func (w *Worker) ask(r *request) {
	w.mu.Lock()
	if w.port.IsUndefined() && w.isTold {
		w.mu.Unlock()
		r.done(reply{err: errNoWorker})
		return
	}
	defer w.mu.Unlock()
	w.last++
	r.id = w.last
	w.queue = append(w.queue, r)
	w.flushSoon()
}

// flushSoon sends the queue when whoever fills it has its turn behind it.
func (w *Worker) flushSoon() {
	if !w.flushing && len(w.queue) > 0 {
		w.flushing = true
		go w.flush()
	}
}

func (w *Worker) flush() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.flushing = false
	if w.port.IsUndefined() {
		return
	}
	p := parcel{batch: w.batch}
	for len(w.queue) > 0 {
		r := w.queue[0]
		if w.bytes > 0 && w.bytes+r.size > maxInFlight {
			break
		}
		w.queue[0] = nil
		w.queue = w.queue[1:]
		if r.id > 0 {
			w.sent[r.id] = r
			w.bytes += r.size
		}
		p.add(r)
	}
	p.post(w.port)
	for _, r := range p.lost { // the page has no memory left
		w.forget(r)
		go r.done(reply{err: p.err})
	}
	w.batch = p.batch
	if len(p.lost) > 0 {
		w.flushSoon() // their bytes are under way no more
	}
}

// answered takes what was written and hashed, as records, and a list of other
// answers: id, error or null, value.
func (w *Worker) answered(answers js.Value) {
	for record := range slices.Chunk(jsx.Bytes(answers.Index(0)), recordSize) {
		if r := w.take(int(binary.LittleEndian.Uint32(record))); r != nil {
			r.done(reply{digest: metainfo.Digest(record[4:])})
		}
	}
	others := answers.Index(1)
	for i := range others.Length() {
		answer := others.Index(i)
		if r := w.take(answer.Index(0).Int()); r != nil {
			r.done(reply{value: answer.Index(2), err: errorOf(answer.Index(1))})
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.flushSoon()
}

func (w *Worker) take(id int) *request {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.sent[id]
	if r != nil {
		w.forget(r)
	}
	return r
}

func (w *Worker) forget(r *request) {
	delete(w.sent, r.id)
	w.bytes -= r.size
}

func errorOf(v js.Value) error {
	if v.IsNull() {
		return nil
	}
	err := jsx.ErrorOf(v)
	if jsx.Named(err, "QuotaExceededError") {
		return fmt.Errorf("%w: %w", client.ErrFull, err)
	}
	return fmt.Errorf("the origin's private file system: %w", err)
}

// call asks and waits for the answer.
func (w *Worker) call(ctx context.Context, op, place string, args ...any) (js.Value, error) {
	answers := make(chan reply, 1)
	w.ask(&request{op: op, place: place, args: args, done: func(a reply) { answers <- a }})
	select {
	case a := <-answers:
		return a.value, a.err
	case <-ctx.Done():
		return js.Undefined(), fs.ErrClosed
	}
}

// hash has the worker hash pieces of so many bytes each, which lie in a Blob one
// after the other. It does not wait for a worker that is not there.
func (w *Worker) hash(ctx context.Context, blob js.Value, lengths []any) ([]metainfo.Digest, error) {
	w.mu.Lock()
	connected := !w.port.IsUndefined()
	w.mu.Unlock()
	if !connected {
		return nil, errNoWorker
	}
	value, err := w.call(ctx, "hash", "", blob, lengths)
	if err != nil {
		return nil, err
	}
	digests := make([]metainfo.Digest, len(lengths))
	for i, digest := range slices.Collect(slices.Chunk(jsx.Bytes(value), len(metainfo.Digest{}))) {
		copy(digests[i][:], digest)
	}
	return digests, nil
}

// Open is a client.OpenStore that waits until the page has said whether there
// is a worker. Where there is none, or another tab writes to what is kept of
// the same torrent, the store is one in memory.
func (w *Worker) Open(info *metainfo.Info) (client.Store, bool, error) {
	<-w.told
	fresh, err := w.openPlace(info.Hash.String())
	switch {
	case errors.Is(err, client.ErrFull):
		return nil, false, err
	case err != nil:
		return OpenMemory(info)
	}
	return newOPFS(w, info), fresh, nil
}

func (w *Worker) openPlace(place string) (fresh bool, err error) {
	answers := make(chan reply, 1)
	w.ask(&request{op: "open", place: place, done: func(a reply) {
		if a.err == nil {
			w.mu.Lock()
			w.places[place] = true
			w.mu.Unlock()
		}
		answers <- a
	}})
	a := <-answers
	return a.err == nil && a.value.Bool(), a.err
}

func (w *Worker) closePlace(place string, remove bool, done func(error)) {
	w.mu.Lock()
	delete(w.places, place)
	w.mu.Unlock()
	w.ask(&request{op: "close", place: place, args: []any{remove}, done: func(a reply) {
		if errors.Is(a.err, errNoWorker) {
			a.err = nil // the next worker of the origin clears up
		}
		done(a.err)
	}})
}
