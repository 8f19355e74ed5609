//go:build !js

package native_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"github.com/shoal-p2p/shoal/core/client"
	"github.com/shoal-p2p/shoal/core/client/porttest"
	"github.com/shoal-p2p/shoal/core/native"
)

func TestSocketsKeepTheirContract(t *testing.T) {
	url := serveSockets(t, echo)
	sockets := native.NewSockets()
	sockets.AllowLocal()
	defer sockets.Close()
	porttest.Sockets(t, sockets, url, refused(t, "ws"))
}

// echo does what the contract wants of a server.
func echo(r *http.Request, conn *websocket.Conn) {
	conn.SetReadLimit(client.MaxSocketMessage + 1)
	for {
		kind, data, err := conn.Read(r.Context())
		if err != nil {
			return
		}
		if string(data) == porttest.CloseRequest {
			conn.Close(websocket.StatusNormalClosure, "")
			return
		}
		if conn.Write(r.Context(), kind, data) != nil {
			return
		}
	}
}

func TestBinaryMessagesAreNotForUs(t *testing.T) {
	url := serveSockets(t, func(r *http.Request, conn *websocket.Conn) {
		conn.Write(r.Context(), websocket.MessageBinary, []byte("binary"))
		conn.Write(r.Context(), websocket.MessageText, []byte("text"))
		conn.Read(r.Context())
	})
	sockets := native.NewSockets(url)
	defer sockets.Close()
	messages := make(chan string, 2)
	k := sockets.Open(url, client.SocketEvents{
		Opened:  func() {},
		Message: func(data []byte) { messages <- string(data) },
		Closed:  func(error) {},
	})
	if got := <-messages; got != "text" {
		t.Errorf("%q came", got)
	}
	k.Close()
}

func TestASocketToAServerThatDoesNotReadIsClosed(t *testing.T) {
	over := make(chan struct{})
	url := serveSockets(t, func(*http.Request, *websocket.Conn) { <-over })
	defer close(over)
	sockets := native.NewSockets(url)
	defer sockets.Close()
	opened, closed := make(chan struct{}), make(chan error, 1)
	k := sockets.Open(url, client.SocketEvents{
		Opened:  func() { close(opened) },
		Message: func([]byte) {},
		Closed:  func(err error) { closed <- err },
	})
	<-opened
	for {
		select {
		case err := <-closed:
			if err == nil {
				t.Error("closed without an error")
			}
			return
		default:
			k.Send(make([]byte, 1<<20))
		}
	}
}

func TestClosingThePortClosesItsSockets(t *testing.T) {
	url := serveSockets(t, echo)
	sockets := native.NewSockets(url)
	opened, closed := make(chan struct{}, 3), make(chan error, 3)
	for range 3 {
		sockets.Open(url, client.SocketEvents{
			Opened:  func() { opened <- struct{}{} },
			Message: func([]byte) {},
			Closed:  func(err error) { closed <- err },
		})
	}
	for range 3 {
		<-opened
	}
	sockets.Close()
	if len(closed) != 3 {
		t.Errorf("%d of 3 are closed", len(closed))
	}
}

// serveSockets serves WebSockets until the test ends.
func serveSockets(t *testing.T, serve func(*http.Request, *websocket.Conn)) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer conn.CloseNow()
		serve(r, conn)
	}))
	t.Cleanup(server.Close)
	return "ws" + strings.TrimPrefix(server.URL, "http")
}
