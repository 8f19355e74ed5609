//go:build js && wasm

package jsx

import (
	"sync"
	"syscall/js"
)

// Yielder gives the page's event loop its turn. A message to oneself comes
// back behind whatever the page has queued, without the four milliseconds by
// which a page delays nested timers. The zero value is ready; its
// MessageChannel is made by the first Yield.
type Yielder struct {
	mu      sync.Mutex
	port    js.Value // where we send; the other end hears it
	heard   js.Value
	release func()
	waiting []chan struct{} // first in, first out, as messages are
	closed  bool
}

// Yield returns when the page's event loop has had a turn, at once after
// Close. It must not be called from a callback.
func (y *Yielder) Yield() {
	if turn, ok := y.send(); ok {
		<-turn
	}
}

// Close ends the channel and every Yield under way.
func (y *Yielder) Close() {
	y.mu.Lock()
	defer y.mu.Unlock()
	if y.closed {
		return
	}
	y.closed = true
	if y.release == nil {
		return
	}
	y.port.Call("close")
	y.release()
	for _, turn := range y.waiting {
		close(turn)
	}
	y.waiting = nil
}

func (y *Yielder) send() (turn chan struct{}, ok bool) {
	y.mu.Lock()
	defer y.mu.Unlock()
	if y.closed {
		return nil, false
	}
	if y.release == nil {
		y.open()
	}
	turn = make(chan struct{})
	y.waiting = append(y.waiting, turn)
	y.port.Call("postMessage", nil)
	return turn, true
}

func (y *Yielder) open() {
	channel := js.Global().Get("MessageChannel").New()
	y.port, y.heard = channel.Get("port1"), channel.Get("port2")
	y.release = Listen(y.heard, "message", func(js.Value) { y.turn() })
	y.heard.Call("start")
}

func (y *Yielder) turn() {
	y.mu.Lock()
	defer y.mu.Unlock()
	if len(y.waiting) > 0 {
		close(y.waiting[0])
		y.waiting = y.waiting[1:]
	}
}
