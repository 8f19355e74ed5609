//go:build js && wasm

package rtc

import (
	"syscall/js"
	"time"

	"github.com/shoal-p2p/shoal/core/jsx"
)

const (
	// bulk is the length of a message, in bytes, after which others are waited
	// for: a block is longer, what peers say to each other is shorter and is told
	// at once.
	bulk = 4 << 10
	// goodBatch is how many bytes should have gathered in the page when Go takes
	// them: who takes several blocks at once asks for several at once, in one
	// message. To wait for them takes leastGather to mostGather.
	goodBatch   = 256 << 10
	leastGather = 4 * time.Millisecond // below that nested timers are late anyway
	mostGather  = 32 * time.Millisecond
	// maxBatch bounds, in bytes, what is told at once of what has gathered.
	maxBatch = 256 << 10
)

// inbox brings a channel's messages into Go.
//
//	listening   each message wakes Go; a long one begins to gather
//	gathering   the page puts messages into its own array, without Go; a timer
//	            takes them, until it finds none
//
// A hidden page always listens: its timers are a second late.
type inbox struct {
	conn      *conn
	dc        js.Value
	queue     js.Value // Array of events
	push      js.Value // its push
	arrived   js.Value // callbacks
	timed     js.Value
	timer     js.Value
	gathering bool
	wait      time.Duration // how long it gathers
	free      []func()
}

// openInbox begins to listen; it must be called before the channel's first
// message.
func openInbox(dc js.Value, c *conn) *inbox {
	in := &inbox{conn: c, dc: dc, queue: js.Global().Get("Array").New(), wait: leastGather}
	in.push = in.queue.Get("push").Call("bind", in.queue)
	arrived, freeArrived := jsx.Callback(func(args []js.Value) { in.one(args[0]) })
	timed, freeTimed := jsx.Callback(func([]js.Value) { in.next() })
	in.arrived, in.timed, in.free = arrived, timed, []func(){freeArrived, freeTimed}
	in.listen()
	return in
}

func (in *inbox) listen() {
	in.gathering = false
	in.dc.Set("onmessage", in.arrived)
}

// one tells a message at once.
func (in *inbox) one(event js.Value) {
	if n := in.tell([]js.Value{event}); n >= bulk {
		in.gather()
	}
}

// next takes what has gathered.
func (in *inbox) next() {
	if n := in.take(); n > 0 {
		in.wait = min(max(in.wait*goodBatch/time.Duration(n), in.wait/2, leastGather), 2*in.wait, mostGather)
		in.gather()
		return
	}
	in.listen()
}

func (in *inbox) gather() {
	if document := js.Global().Get("document"); document.Truthy() && document.Get("hidden").Bool() {
		in.listen()
		return
	}
	if !in.gathering {
		in.gathering = true
		in.dc.Set("onmessage", in.push)
	}
	in.timer = js.Global().Call("setTimeout", in.timed, in.wait.Milliseconds())
}

// take tells what has gathered, and returns how many bytes it was.
func (in *inbox) take() (bytes int) {
	n := in.queue.Length()
	if n == 0 {
		return 0
	}
	events := make([]js.Value, n)
	for i := range events {
		events[i] = in.queue.Index(i)
	}
	in.queue.Set("length", 0)
	return in.tell(events)
}

// tell copies messages into Go, joined, and returns how many bytes they have.
func (in *inbox) tell(events []js.Value) (bytes int) {
	var batch []js.Value
	length := 0
	flush := func() {
		if length > 0 {
			in.conn.receive(join(batch, length))
		}
		batch, bytes, length = batch[:0], bytes+length, 0
	}
	for _, event := range events {
		data := event.Get("data")
		if data.Type() == js.TypeString {
			flush()
			in.conn.fail(ErrText)
			return bytes
		}
		n := data.Get("byteLength").Int()
		if length > 0 && length+n > maxBatch {
			flush()
		}
		batch, length = append(batch, data), length+n
	}
	flush()
	return bytes
}

var uint8Array = js.Global().Get("Uint8Array")

// join copies ArrayBuffers of so many bytes in all into one slice.
func join(buffers []js.Value, length int) []byte {
	data := make([]byte, length)
	at := 0
	for _, b := range buffers {
		at += js.CopyBytesToGo(data[at:], uint8Array.New(b))
	}
	return data
}

// close listens no more; what has gathered and was not taken is lost.
func (in *inbox) close() {
	in.dc.Set("onmessage", js.Null())
	if in.timer.Truthy() {
		js.Global().Call("clearTimeout", in.timer)
	}
	for _, free := range in.free {
		free()
	}
}
