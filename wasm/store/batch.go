//go:build js && wasm

package store

import (
	"strconv"
	"syscall/js"

	"github.com/shoal-p2p/shoal/core/jsx"
)

// step says what is done with a range; js/src/worker.ts has the same order.
type step int

const (
	alone step = iota // no step of a batch: a request of its own
	stepWrite
	stepRead
	stepVerify
)

const (
	// recordSize is the length of a record of the worker's: an id (4, little
	// endian) and a digest.
	recordSize = 4 + 20
	// maxBatch bounds the bytes of one batch's writes.
	maxBatch = 1 << 20
)

// parcel is one message to the worker. Each value that crosses to JavaScript
// costs as much as a few KB, so that steps on one place cross together: as one
// text of numbers, and one array with the data of all writes.
type parcel struct {
	messages, buffers []any
	batch             batch
	lost              []*request // whose data could not be copied out
	err               error      // why
}

// batch gathers the steps on one place.
type batch struct {
	requests []*request
	text     []byte // id, step, number of spans' numbers, these; comma-separated
	data     []byte
}

func (p *parcel) add(r *request) {
	b := &p.batch
	if len(b.requests) > 0 && (r.step == alone || r.place != b.requests[0].place || len(b.data)+len(r.data) > maxBatch) {
		p.endBatch()
	}
	if r.step == alone {
		p.messages = append(p.messages, append([]any{r.id, r.op, r.place}, r.args...))
		return
	}
	b.requests = append(b.requests, r)
	for _, n := range [...]int{r.id, int(r.step), len(r.spans)} {
		b.number(int64(n))
	}
	for _, n := range r.spans {
		b.number(n)
	}
	b.data = append(b.data, r.data...)
}

func (b *batch) number(n int64) {
	if len(b.text) > 0 {
		b.text = append(b.text, ',')
	}
	b.text = strconv.AppendInt(b.text, n, 10)
}

// endBatch is on the data path: it uses syscall/js as it is.
func (p *parcel) endBatch() {
	b := &p.batch
	if len(b.requests) == 0 {
		return
	}
	err := jsx.Try(func() {
		data := jsx.Uint8Array(b.data)
		p.messages = append(p.messages, []any{0, "batch", b.requests[0].place, string(b.text), data})
		p.buffers = append(p.buffers, data.Get("buffer"))
	})
	if err != nil {
		p.lost, p.err = append(p.lost, b.requests...), err
	}
	clear(b.requests)
	*b = batch{b.requests[:0], b.text[:0], b.data[:0]}
}

func (p *parcel) post(port js.Value) {
	p.endBatch()
	if len(p.messages) > 0 {
		port.Call("postMessage", p.messages, p.buffers)
	}
}
