//go:build !js

package native

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/shoal-p2p/shoal/core/client"
)

const (
	// maxUnsent bounds what waits for a slow server, in bytes. An announce with
	// ten offers has about 20 KB.
	maxUnsent = 4 << 20
	// pingEvery finds out that a server is gone although TCP has not noticed.
	// Intermediaries often cut what has been silent for a minute.
	pingEvery = 30 * time.Second
	// pingTimeout is how long a server may take for a pong, or a message.
	pingTimeout = 20 * time.Second
)

var errSlow = errors.New("the server does not take what is sent")

// Sockets is the client.Sockets port on coder/websocket. Servers that strangers
// have named may lie anywhere but in our own network (border.go).
type Sockets struct {
	http    *http.Client
	border  *border
	own     []string
	ctx     context.Context
	cancel  context.CancelFunc
	running sync.WaitGroup
}

// NewSockets makes the port. own are the URLs that our user has named: all others
// are taken for a stranger's, as links name trackers too.
func NewSockets(own ...string) *Sockets {
	ctx, cancel := context.WithCancel(context.Background())
	b := newBorder(socketTransport)
	return &Sockets{http: &http.Client{Transport: b}, border: b, own: own, ctx: ctx, cancel: cancel}
}

// socketTransport keeps nothing alive but the sockets themselves, of which there
// may be any number.
func socketTransport(dialer net.Dialer) *http.Transport {
	t := transport(dialer)
	t.DisableKeepAlives, t.MaxConnsPerHost = true, 0
	return t
}

// AllowLocal lets strangers name servers in our own network too, as that of HTTP.
// It is called before all others.
func (s *Sockets) AllowLocal() { s.border.open = true }

// Close closes every socket and returns when their goroutines have ended.
// Nothing may be opened afterwards.
func (s *Sockets) Close() {
	s.cancel()
	s.running.Wait()
}

// Open begins to open a socket to a ws or wss URL.
func (s *Sockets) Open(url string, events client.SocketEvents) client.Socket {
	ctx, cancel := context.WithCancel(s.ctx)
	if !s.isOwn(url) {
		ctx = client.OfStranger(ctx)
	}
	k := &socket{events: events, cancel: cancel, wake: make(chan struct{}, 1)}
	s.running.Go(func() {
		defer cancel()
		events.Closed(k.verdict(k.run(ctx, s.http, url)))
	})
	return k
}

// isOwn reports whether our user has named a URL, with a slash at its end or not.
func (s *Sockets) isOwn(url string) bool {
	same := strings.TrimSuffix(url, "/")
	return slices.ContainsFunc(s.own, func(own string) bool { return strings.TrimSuffix(own, "/") == same })
}

// socket is one WebSocket: a goroutine that reads and one that writes.
type socket struct {
	events client.SocketEvents
	cancel context.CancelFunc
	wake   chan struct{} // holds a token while the writer has something to look at

	mu     sync.Mutex
	opened bool
	closed bool // by Close
	slow   bool // the queue has overflowed
	queue  [][]byte
	unsent int // bytes in queue
}

// Send queues a copy of data. Before Opened and after Close it does nothing.
func (k *socket) Send(data []byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case !k.opened || k.closed:
		return
	case k.unsent+len(data) > maxUnsent:
		k.slow = true
		k.cancel()
	default:
		k.queue = append(k.queue, append([]byte{}, data...))
		k.unsent += len(data)
		k.rouse()
	}
}

// Close ends the socket once what was queued is sent, as in a browser.
func (k *socket) Close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.closed = true
	if k.opened {
		k.rouse()
	} else {
		k.cancel()
	}
}

func (k *socket) rouse() {
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

func (k *socket) run(ctx context.Context, client *http.Client, address string) error {
	conn, err := dial(ctx, client, address)
	if err != nil {
		return err
	}
	defer conn.CloseNow()
	if !k.open() {
		return nil
	}
	k.events.Opened()
	ctx, stop := context.WithCancelCause(ctx)
	var writer sync.WaitGroup
	writer.Go(func() { stop(k.writeAll(ctx, conn)) })
	stop(k.readAll(ctx, conn))
	writer.Wait()
	return context.Cause(ctx) // whoever stopped first knows why
}

// dial opens the connection. The URL's scheme is checked here, as the library
// takes http and https too.
func dial(ctx context.Context, http *http.Client, address string) (*websocket.Conn, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	if u.Scheme != "ws" && u.Scheme != "wss" {
		return nil, fmt.Errorf("%s: not a ws or wss URL", u.Redacted())
	}
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, address, &websocket.DialOptions{
		HTTPClient: http,
		HTTPHeader: map[string][]string{"User-Agent": {userAgent}},
	})
	if err != nil {
		return nil, err
	}
	conn.SetReadLimit(client.MaxSocketMessage)
	return conn, nil
}

// open marks the socket as open, unless it was closed before.
func (k *socket) open() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.opened = !k.closed
	return k.opened
}

func (k *socket) readAll(ctx context.Context, conn *websocket.Conn) error {
	for {
		kind, data, err := conn.Read(ctx)
		if err != nil {
			return err
		}
		if kind == websocket.MessageText {
			k.events.Message(data)
		}
	}
}

// writeAll sends what is queued, and a ping when there has been nothing for a
// while, until the socket is closed.
func (k *socket) writeAll(ctx context.Context, conn *websocket.Conn) error {
	ping := time.NewTicker(pingEvery)
	defer ping.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ping.C:
			if err := within(ctx, conn.Ping); err != nil {
				return fmt.Errorf("the server does not answer: %w", err)
			}
		case <-k.wake:
			if err := k.sendQueue(ctx, conn); err != nil {
				return err
			}
		}
	}
}

// sendQueue sends what is queued, and the end if Close has asked for it.
func (k *socket) sendQueue(ctx context.Context, conn *websocket.Conn) error {
	for {
		data, closed := k.next()
		switch {
		case data == nil && closed:
			conn.Close(websocket.StatusNormalClosure, "")
			return context.Canceled
		case data == nil:
			return nil
		}
		err := within(ctx, func(ctx context.Context) error {
			return conn.Write(ctx, websocket.MessageText, data)
		})
		if err != nil {
			return err
		}
	}
}

// next takes the next message off the queue, nil where there is none.
func (k *socket) next() (data []byte, closed bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.queue) == 0 {
		return nil, k.closed
	}
	data, k.queue = k.queue[0], k.queue[1:]
	k.unsent -= len(data)
	return data, k.closed
}

// verdict turns what ended the socket into what Closed tells: nil after Close
// and after the server's orderly end.
func (k *socket) verdict(err error) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case k.slow:
		return errSlow
	case k.closed || errors.Is(err, context.Canceled):
		return nil
	}
	switch websocket.CloseStatus(err) {
	case websocket.StatusNormalClosure, websocket.StatusGoingAway, websocket.StatusNoStatusRcvd:
		return nil
	}
	if errors.Is(err, websocket.ErrMessageTooBig) {
		return client.ErrMessageTooLong
	}
	return err
}

func within(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	return do(ctx)
}
