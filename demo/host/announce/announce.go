//go:build !js

// Package announce puts core/tracker's Registry on WebSockets: the tracker that
// introduces the peers of this host's pages, and anybody else's. In come
// sockets, out go what the registry answers and relays. It reads no message
// itself.
package announce

import (
	"context"
	crand "crypto/rand"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/shoal-p2p/shoal/core/tracker"
)

// Config bounds a Server. Zero means the usual number.
type Config struct {
	Registry   tracker.RegistryConfig
	MaxSockets int           // 10,000
	MaxMessage int           // bytes; 64 KiB, as aquatic and wt-tracker have it
	PingEvery  time.Duration // 30 s; a socket that does not answer within as long again is dropped
}

func (c Config) withDefaults() Config {
	if c.MaxSockets <= 0 {
		c.MaxSockets = 10_000
	}
	if c.MaxMessage <= 0 {
		c.MaxMessage = 64 << 10
	}
	if c.PingEvery <= 0 {
		c.PingEvery = 30 * time.Second
	}
	c.Registry.MaxMessage = c.MaxMessage
	return c
}

// Server is an http.Handler that takes WebSockets. One goroutine owns the
// registry; each socket has one that reads and one that writes.
type Server struct {
	cfg   Config
	inbox chan arrival
	asks  chan chan tracker.Stats

	leaving context.Context // ends when sockets shall say goodbye
	leave   context.CancelFunc
	stop    chan struct{} // closed when no socket is left
	stopped chan struct{}

	mu      sync.Mutex
	closed  bool
	sockets int
	next    tracker.Client
	serving sync.WaitGroup
}

// arrival is an event on its way to the owner, with its socket where that joins.
type arrival struct {
	event  tracker.RegistryEvent
	socket *socket
}

// New starts a Server.
func New(cfg Config) *Server {
	s := &Server{
		cfg:     cfg.withDefaults(),
		inbox:   make(chan arrival, 256),
		asks:    make(chan chan tracker.Stats),
		stop:    make(chan struct{}),
		stopped: make(chan struct{}),
	}
	s.leaving, s.leave = context.WithCancel(context.Background())
	var seed [32]byte
	crand.Read(seed[:]) // it never fails
	go s.own(tracker.NewRegistry(s.cfg.Registry, rand.New(rand.NewChaCha8(seed))))
	return s
}

// Stats returns the registry's counts, zero after Close.
func (s *Server) Stats() tracker.Stats {
	answer := make(chan tracker.Stats, 1)
	select {
	case s.asks <- answer:
		return <-answer
	case <-s.stopped:
		return tracker.Stats{}
	}
}

// Close says goodbye to every socket (1001, "going away") and returns when
// nothing of the server runs any more.
func (s *Server) Close() {
	s.mu.Lock()
	again := s.closed
	s.closed = true
	s.mu.Unlock()
	s.leave()
	s.serving.Wait()
	if !again {
		close(s.stop)
	}
	<-s.stopped
}

// ServeHTTP serves one socket until it ends. Any page may come from any origin:
// a tracker has no session that another page could abuse.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	handle, ok := s.admit()
	if !ok {
		w.Header().Set("Retry-After", "60")
		http.Error(w, "the tracker is full", http.StatusServiceUnavailable)
		return
	}
	defer s.release()
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err != nil {
		return // Accept has answered
	}
	conn.SetReadLimit(int64(s.cfg.MaxMessage))
	k := newSocket(conn, s.cfg.PingEvery)
	s.inbox <- arrival{tracker.Joined{Client: handle, Address: addressOf(r)}, k}
	k.serve(s.leaving, func(data []byte) {
		s.inbox <- arrival{event: tracker.Said{Client: handle, Data: data}}
	})
	s.inbox <- arrival{event: tracker.Left{Client: handle}}
}

func (s *Server) admit() (tracker.Client, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.sockets >= s.cfg.MaxSockets {
		return 0, false
	}
	s.sockets++
	s.next++
	s.serving.Add(1)
	return s.next, true
}

func (s *Server) release() {
	s.mu.Lock()
	s.sockets--
	s.mu.Unlock()
	s.serving.Done()
}

// own is the goroutine that owns the registry. It never waits for a socket.
func (s *Server) own(registry *tracker.Registry) {
	defer close(s.stopped)
	sockets := map[tracker.Client]*socket{}
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		if at, ok := registry.Deadline(); ok {
			timer.Reset(time.Until(at))
		} else {
			timer.Stop()
		}
		select {
		case a := <-s.inbox:
			track(sockets, a)
			registry.Handle(time.Now(), a.event)
		case now := <-timer.C:
			registry.Handle(now, tracker.RegistryTick{})
		case answer := <-s.asks:
			answer <- registry.Stats()
		case <-s.stop:
			return
		}
		carryOut(registry, sockets)
	}
}

func track(sockets map[tracker.Client]*socket, a arrival) {
	switch ev := a.event.(type) {
	case tracker.Joined:
		sockets[ev.Client] = a.socket
	case tracker.Left:
		delete(sockets, ev.Client)
	}
}

func carryOut(registry *tracker.Registry, sockets map[tracker.Client]*socket) {
	for {
		effect, ok := registry.Poll()
		if !ok {
			return
		}
		switch e := effect.(type) {
		case tracker.Reply:
			if k := sockets[e.Client]; k != nil {
				k.send(e.Data)
			}
		case tracker.Disconnect:
			if k := sockets[e.Client]; k != nil {
				k.disconnect(e.Reason)
			}
		default:
			panic("announce: unknown effect")
		}
	}
}
