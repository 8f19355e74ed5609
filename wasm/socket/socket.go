//go:build js && wasm

// Package socket is the browser's WebSocket as a port of the client. Text goes
// in and comes out; binary messages are taken as the text they hold.
package socket

import (
	"fmt"
	"sync"
	"syscall/js"

	"github.com/hack-pad/safejs"

	"github.com/shoal-p2p/shoal/core/client"
	"github.com/shoal-p2p/shoal/core/jsx"
)

// Browser is a client.Sockets.
type Browser struct{}

// Open begins to connect.
func (Browser) Open(url string, events client.SocketEvents) client.Socket {
	s := &socket{events: events}
	if err := s.connect(url); err != nil {
		s.end(fmt.Errorf("connect to %s: %w", url, err))
	}
	return s
}

type socket struct {
	events client.SocketEvents
	value  safejs.Value

	mu       sync.Mutex
	releases []func()
	open     bool
	ended    bool
}

const normalClosure = 1000 // RFC 6455, section 7.4.1

func (s *socket) connect(url string) error {
	constructor, err := safejs.Global().Get("WebSocket")
	if err != nil {
		return err
	}
	if s.value, err = constructor.New(url); err != nil {
		return err
	}
	if err := s.value.Set("binaryType", "arraybuffer"); err != nil {
		return err
	}
	s.listen("open", func(js.Value) { s.opened() })
	s.listen("message", func(event js.Value) { s.received(event.Get("data")) })
	s.listen("close", func(event js.Value) { s.closed(event.Get("code").Int(), event.Get("reason").String()) })
	return nil
}

func (s *socket) listen(event string, fn func(js.Value)) {
	release := jsx.Listen(safejs.Unsafe(s.value), event, fn)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.releases = append(s.releases, release)
}

// Send drops what is sent before Opened and after Closed.
func (s *socket) Send(data []byte) {
	s.mu.Lock()
	open := s.open && !s.ended
	s.mu.Unlock()
	if !open {
		return
	}
	if _, err := s.value.Call("send", string(data)); err != nil {
		s.end(fmt.Errorf("send: %w", err))
	}
}

// Close lets what was sent go, but does not wait for the other side's goodbye.
func (s *socket) Close() { s.end(nil) }

func (s *socket) opened() {
	s.mu.Lock()
	s.open = true
	s.mu.Unlock()
	s.events.Opened()
}

// received judges a message by its length before it is copied into Go.
func (s *socket) received(data js.Value) {
	var message []byte
	if data.Type() == js.TypeString {
		// UTF-8 takes no fewer bytes than UTF-16 has units. Go counts those of a
		// String object only.
		if js.Global().Get("Object").Invoke(data).Length() <= client.MaxSocketMessage {
			message = []byte(data.String())
		}
	} else if data.Get("byteLength").Int() <= client.MaxSocketMessage {
		message = jsx.Bytes(data)
	}
	if message == nil || len(message) > client.MaxSocketMessage {
		s.end(client.ErrMessageTooLong)
		return
	}
	s.events.Message(message)
}

func (s *socket) closed(code int, reason string) {
	if code == normalClosure {
		s.end(nil)
		return
	}
	s.end(fmt.Errorf("the connection broke off or was refused: code %d %s", code, reason))
}

// end is told once, whoever ended the socket.
func (s *socket) end(err error) {
	s.mu.Lock()
	ended, releases := s.ended, s.releases
	s.ended, s.releases = true, nil
	s.mu.Unlock()
	if ended {
		return
	}
	for _, release := range releases {
		release()
	}
	if safejs.Unsafe(s.value).Truthy() {
		// Nothing is left to be told of a socket that cannot be closed.
		_, _ = s.value.Call("close")
	}
	s.events.Closed(err)
}
