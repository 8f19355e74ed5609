//go:build !js

package announce

import (
	"context"
	"sync"
	"time"

	"github.com/coder/websocket"
)

const (
	// maxUnsent and maxUnsentBytes bound what waits for a slow client; beyond
	// them it is dropped. An offer or answer has one to five KB, and one announce
	// of a neighbour brings a client one offer.
	maxUnsent      = 256
	maxUnsentBytes = 512 << 10
	// maxReason is what fits in a close frame (RFC 6455, 5.5).
	maxReason = 123
)

// socket is one client's WebSocket.
type socket struct {
	conn      *websocket.Conn
	pingEvery time.Duration
	life      context.Context // ends with the socket
	die       context.CancelFunc
	wake      chan struct{} // holds a token while the writer has something to look at

	mu     sync.Mutex
	queue  [][]byte
	unsent int // bytes in queue
	ending bool
	reason string
}

func newSocket(conn *websocket.Conn, pingEvery time.Duration) *socket {
	k := &socket{conn: conn, pingEvery: pingEvery, wake: make(chan struct{}, 1)}
	k.life, k.die = context.WithCancel(context.Background())
	return k
}

// send queues a message, or drops the socket where too much waits already.
func (k *socket) send(data []byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.ending {
		return
	}
	if len(k.queue) == maxUnsent || k.unsent+len(data) > maxUnsentBytes {
		k.die()
		return
	}
	k.queue = append(k.queue, data)
	k.unsent += len(data)
	k.rouse()
}

// disconnect ends the socket after what was queued.
func (k *socket) disconnect(reason string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ending, k.reason = true, reason[:min(len(reason), maxReason)]
	k.rouse()
}

func (k *socket) rouse() {
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// serve reads until the socket ends, and tells each text message. When leaving
// ends it says goodbye.
func (k *socket) serve(leaving context.Context, said func([]byte)) {
	var writer sync.WaitGroup
	writer.Go(func() {
		k.write(leaving)
		k.die()
	})
	for {
		kind, data, err := k.conn.Read(k.life)
		if err != nil {
			break
		}
		if kind == websocket.MessageText {
			said(data)
		}
	}
	k.die()
	writer.Wait()
	k.conn.CloseNow()
}

// write sends what is queued, and pings, until the socket ends.
func (k *socket) write(leaving context.Context) {
	ping := time.NewTicker(k.pingEvery)
	defer ping.Stop()
	for {
		select {
		case <-k.life.Done():
			return
		case <-leaving.Done():
			k.conn.Close(websocket.StatusGoingAway, "the tracker is stopping")
			return
		case <-ping.C:
			if k.inTime(k.conn.Ping) != nil {
				return
			}
		case <-k.wake:
			if !k.sendQueue() {
				return
			}
		}
	}
}

// sendQueue sends what is queued and reports whether the socket goes on.
func (k *socket) sendQueue() bool {
	for {
		data, ending := k.next()
		switch {
		case data == nil && ending:
			k.conn.Close(websocket.StatusPolicyViolation, k.reason)
			return false
		case data == nil:
			return true
		}
		err := k.inTime(func(ctx context.Context) error {
			return k.conn.Write(ctx, websocket.MessageText, data)
		})
		if err != nil {
			return false
		}
	}
}

// next takes the next message off the queue, nil where there is none.
func (k *socket) next() (data []byte, ending bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.queue) == 0 {
		return nil, k.ending
	}
	data, k.queue = k.queue[0], k.queue[1:]
	k.unsent -= len(data)
	return data, k.ending
}

// inTime does something to the socket that a client may hold up.
func (k *socket) inTime(do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(k.life, k.pingEvery)
	defer cancel()
	return do(ctx)
}
