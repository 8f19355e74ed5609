package porttest

import (
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/shoal-p2p/shoal/core/client"
)

// CloseRequest is the text upon which the server of the socket contract closes
// the socket in order (RFC 6455, code 1000).
const CloseRequest = "close"

// Sockets is the contract of WebSockets. url leads to a server that sends back
// each text message as it came, up to client.MaxSocketMessage + 1 bytes, and
// closes the socket when the message is CloseRequest. refused is a ws or wss URL
// that leads to no server.
func Sockets(t *testing.T, sockets client.Sockets, url, refused string) {
	t.Run("messages go and come in order", func(t *testing.T) {
		s := openSocket(t, sockets, url)
		sent := []string{`{"action":"announce"}`, "", "ÿ 文 \u0000 \U0001f41f"}
		for i := range 100 {
			sent = append(sent, strconv.Itoa(i))
		}
		for _, text := range sent {
			data := []byte(text)
			s.Send(data)
			clear(data) // Send has taken its own copy
		}
		for _, text := range sent {
			if got := await(t, "a message", s.messages); got != text {
				t.Fatalf("%q came back as %q", text, got)
			}
		}
		s.end(nil)
	})

	t.Run("the longest message", func(t *testing.T) {
		s := openSocket(t, sockets, url)
		s.Send([]byte(strings.Repeat("x", client.MaxSocketMessage)))
		if got := await(t, "the message", s.messages); len(got) != client.MaxSocketMessage {
			t.Errorf("%d bytes came back", len(got))
		}
		s.end(nil)
	})

	t.Run("one byte more closes the socket", func(t *testing.T) {
		s := openSocket(t, sockets, url)
		s.Send([]byte(strings.Repeat("x", client.MaxSocketMessage+1)))
		if err := await(t, "Closed", s.closed); !errors.Is(err, client.ErrMessageTooLong) {
			t.Errorf("closed with %v, not ErrMessageTooLong", err)
		}
		s.silent()
	})

	t.Run("the server closes in order", func(t *testing.T) {
		s := openSocket(t, sockets, url)
		s.Send([]byte(CloseRequest))
		if err := await(t, "Closed", s.closed); err != nil {
			t.Errorf("closed with %v", err)
		}
		s.Send([]byte("too late"))
		s.Close()
		s.silent()
	})

	t.Run("what was sent before Close still goes", func(t *testing.T) {
		s := openSocket(t, sockets, url)
		s.Send([]byte("last"))
		s.Close()
		s.Close()
		if err := await(t, "Closed", s.closed); err != nil {
			t.Errorf("closed with %v", err)
		}
		s.Send([]byte("too late"))
	})

	t.Run("Close before Opened", func(t *testing.T) {
		s := newSocket(t, sockets, url)
		s.Close()
		if err := await(t, "Closed", s.closed); err != nil {
			t.Errorf("closed with %v", err)
		}
		s.silent()
	})

	for name, bad := range map[string]string{
		"nobody listens":         refused,
		"another scheme":         "ftp" + strings.TrimPrefix(url, "ws"),
		"not a WebSocket's URL":  "nonsense",
		"a URL that has no host": "ws://",
	} {
		t.Run(name, func(t *testing.T) {
			s := newSocket(t, sockets, bad)
			s.Send([]byte("nobody hears this"))
			if await(t, "Closed", s.closed) == nil {
				t.Errorf("%s: closed without an error", bad)
			}
			select {
			case <-s.opened:
				t.Errorf("%s has opened", bad)
			default:
			}
			s.silent()
		})
	}
}

// socket gathers what a Socket tells.
type socket struct {
	t *testing.T
	client.Socket
	opened   chan struct{}
	messages chan string
	closed   chan error
}

func newSocket(t *testing.T, sockets client.Sockets, url string) *socket {
	s := &socket{
		t:        t,
		opened:   make(chan struct{}, 8),
		messages: make(chan string, 1000),
		closed:   make(chan error, 8),
	}
	s.Socket = sockets.Open(url, client.SocketEvents{
		Opened:  func() { s.opened <- struct{}{} },
		Message: func(data []byte) { s.messages <- string(data) },
		Closed:  func(err error) { s.closed <- err },
	})
	return s
}

func openSocket(t *testing.T, sockets client.Sockets, url string) *socket {
	t.Helper()
	s := newSocket(t, sockets, url)
	select {
	case err := <-s.closed:
		t.Fatalf("%s closed before it opened: %v", url, err)
	default:
	}
	await(t, "Opened", s.opened)
	return s
}

// end closes the socket and expects Closed with this error.
func (s *socket) end(want error) {
	s.t.Helper()
	s.Close()
	if err := await(s.t, "Closed", s.closed); !errors.Is(err, want) {
		s.t.Errorf("closed with %v, not %v", err, want)
	}
	s.silent()
}

// silent expects that nothing has been told beyond what the test took.
func (s *socket) silent() {
	s.t.Helper()
	if len(s.opened)+len(s.messages)+len(s.closed) > 0 {
		s.t.Errorf("told too much: opened %d, messages %d, closed %d", len(s.opened), len(s.messages), len(s.closed))
	}
}
