//go:build js && wasm

package socket

import (
	"errors"
	"os"
	"strings"
	"syscall/js"
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/client"
	"github.com/shoal-p2p/shoal/core/client/porttest"
	"github.com/shoal-p2p/shoal/core/jsx"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if n := jsx.Live(); n != 0 {
		println("callbacks not released:", n)
		code = 1
	}
	os.Exit(code)
}

// A page cannot listen: the server that echoes is a WebSocket of our own, with
// the browser's own events and its rules for URLs, but no network. The real
// one meets a real tracker in the tests of the whole.
const echo = `
	const Real = globalThis.WebSocket
	globalThis.WebSocket = class extends EventTarget {
		constructor(url) {
			if (url !== 'ws://echo') return new Real(url)
			super()
			this.readyState = 0
			this.queue = Promise.resolve()
			this.later(() => { this.readyState = 1; this.dispatchEvent(new Event('open')) })
		}
		later(fn) { this.queue = this.queue.then(() => new Promise(resolve => setTimeout(resolve))).then(() => { if (this.readyState < 2) fn() }) }
		send(data) {
			if (data === 'close') this.later(() => this.end())
			else this.later(() => this.dispatchEvent(new MessageEvent('message', { data: data.startsWith('binary') ? new TextEncoder().encode(data).buffer : data })))
		}
		close() { this.readyState = 2 }
		end() { this.readyState = 3; this.dispatchEvent(new CloseEvent('close', { code: 1000 })) }
	}
	return () => { globalThis.WebSocket = Real }`

func TestSockets(t *testing.T) {
	restore := js.Global().Get("Function").New(echo).Invoke()
	defer restore.Invoke()
	porttest.Sockets(t, Browser{}, "ws://echo", "ws://127.0.0.1:9/")
}

func TestBinaryMessages(t *testing.T) {
	restore := js.Global().Get("Function").New(echo).Invoke()
	defer restore.Invoke()
	opened, messages, closed := make(chan struct{}, 1), make(chan string, 1), make(chan error, 1)
	s := Browser{}.Open("ws://echo", client.SocketEvents{
		Opened:  func() { opened <- struct{}{} },
		Message: func(data []byte) { messages <- string(data) },
		Closed:  func(err error) { closed <- err },
	})
	<-opened
	s.Send([]byte("binary ü"))
	if got := <-messages; got != "binary ü" {
		t.Errorf("got %q", got)
	}
	s.Send([]byte("binary" + strings.Repeat("x", client.MaxSocketMessage)))
	select {
	case err := <-closed:
		if !errors.Is(err, client.ErrMessageTooLong) {
			t.Errorf("closed with %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("a message that is too long does not close the socket")
	}
}
