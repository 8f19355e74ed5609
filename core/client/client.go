// Package client is the shell around a node and the Go API of Shoal: a mailbox
// and one goroutine own the node, its effects are carried out through ports.
// In come contexts, links and stores; out come Torrents, their events and
// errors with a code.
package client

import (
	"context"
	crand "crypto/rand"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/shoal-p2p/shoal/core/id"
	"github.com/shoal-p2p/shoal/core/node"
)

// Config is what a client is made of. The ports must be set.
type Config struct {
	Dialer    Dialer
	Sockets   Sockets
	HTTP      HTTP
	OpenStore OpenStore

	Trackers       []string // for torrents, beside those that a link names
	MaxConnections int      // the budget; 0 means node.DefaultConnections
	// UploadLimit and DownloadLimit hold for all torrents together, in bytes per
	// second; 0 is none.
	UploadLimit, DownloadLimit int64
	// Session brings back what the client had when it ended, and who it was; nil
	// for none.
	Session Session
	// Key is who this peer is; the session's where it is zero, or a new one.
	Key id.KeyPair

	// OnEvent is told what happens to torrents, in order, from the client's
	// goroutine; it must not block. It may read a torrent's state, and nothing
	// else of the client.
	OnEvent func(*Torrent, Event)
	// Breathe, where it is set, is called when a turn has taken maxTurn; it
	// returns when others of the same thread have had theirs.
	Breathe func()
}

// maxTurn is how long the client works before it lets others breathe. A page
// feels nothing below 50 ms; handlers of its own need some of them.
const maxTurn = 8 * time.Millisecond

// errClosed ends what a closed client was asked for.
var errClosed = &Error{CodeClosed, errors.New("the client was closed")}

// Client is one peer.
type Client struct {
	cfg    Config
	peerID id.ID
	mail   *mailbox
	done   chan struct{}      // closed when the goroutine has ended
	ctx    context.Context    // ends when the client closes
	cancel context.CancelFunc // ends ctx
	work   sync.WaitGroup     // what hashes, checks or fetches; see enter

	// Owned by the goroutine.
	node      *node.Node
	conns     map[node.Conn]*link
	flush     []*link   // links with unsent bytes
	flushAt   time.Time // when those of them leave that have nothing but Haves; zero when there are none
	sockets   map[string]Socket
	fetches   fetches   // requests to web seeds
	stores    int       // open, or being opened or closed
	publishAt time.Time // when progress is told next; zero when nothing moves
	closing   bool
	memory    memory

	// Stores that are being closed, and torrents of the same info hash that wait.
	leaving map[id.ID]int
	waiting map[id.ID][]func()

	// Read by anyone.
	mu          sync.Mutex
	closed      bool // Close was called
	torrents    map[id.ID]*Torrent
	order       []*Torrent
	connections int
}

// New starts a client.
func New(cfg Config) *Client {
	rng := rand.New(rand.NewChaCha8(secret()))
	var memory memory
	seed := memory.recall(cfg.Session, secret())
	if cfg.Key.IsZero() {
		cfg.Key = id.NewKeyPair(seed)
	}
	peerID := id.NewPeer(rng)
	ctx, cancel := context.WithCancel(context.Background())
	c := &Client{
		cfg:      cfg,
		peerID:   peerID,
		mail:     newMailbox(),
		done:     make(chan struct{}),
		ctx:      ctx,
		cancel:   cancel,
		node:     node.New(node.Config{PeerID: peerID, MaxConnections: cfg.MaxConnections, Key: cfg.Key}, rng),
		conns:    make(map[node.Conn]*link),
		sockets:  make(map[string]Socket),
		leaving:  make(map[id.ID]int),
		waiting:  make(map[id.ID][]func()),
		torrents: make(map[id.ID]*Torrent),
		memory:   memory,
	}
	c.SetLimits(cfg.UploadLimit, cfg.DownloadLimit)
	c.mail.post(c.resume)
	go c.run()
	return c
}

// secret returns 32 random bytes.
func secret() (b [32]byte) {
	crand.Read(b[:]) // which never fails
	return b
}

// SetLimits sets how fast all torrents together may send and receive, in bytes
// per second; 0 is no limit.
func (c *Client) SetLimits(upload, download int64) {
	c.tell(node.Limit{Up: upload, Down: download})
}

// PeerID is the client's name in every swarm, made anew for each client.
func (c *Client) PeerID() id.ID { return c.peerID }

// Torrents lists what the client has, in the order in which it was added.
func (c *Client) Torrents() []*Torrent {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.order)
}

// Stats counts connections and bytes of the whole client.
func (c *Client) Stats() ClientStats {
	c.mu.Lock()
	order := slices.Clone(c.order)
	stats := ClientStats{Torrents: len(order), Connections: c.connections}
	c.mu.Unlock()
	for _, t := range order {
		s := t.Stats()
		stats.Peers += s.Peers
		stats.Downloaded += s.Downloaded
		stats.Uploaded += s.Uploaded
		stats.DownloadSpeed += s.DownloadSpeed
		stats.UploadSpeed += s.UploadSpeed
	}
	return stats
}

// Close says goodbye to trackers and peers, closes every connection, socket
// and store, and returns when nothing of the client runs any more, or when ctx
// ends. Every pending call ends with CodeClosed.
func (c *Client) Close(ctx context.Context) error {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.cancel()
	c.mail.post(c.close)
	select {
	case <-c.done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// run is the client's goroutine: it owns the node until everything is closed.
func (c *Client) run() {
	defer close(c.done)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		select {
		case <-c.mail.wake:
		case <-timer.C:
			c.handle(node.Tick{})
		}
		c.turn()
		if c.closing && c.idle() {
			c.work.Wait() // its last mail may be a store to close
			if c.mail.empty() {
				return
			}
		}
		timer.Reset(c.untilDeadline(time.Now()))
	}
}

// turn works through the mailbox until it is empty, and breathes in between.
func (c *Client) turn() {
	began := time.Now()
	for {
		did := c.mail.drain(func() bool {
			return c.cfg.Breathe == nil || time.Since(began) < maxTurn
		})
		now := time.Now()
		c.flushAll(now)
		c.publish(now)
		c.keepDue(now)
		if !did {
			return
		}
		if c.cfg.Breathe != nil && time.Since(began) >= maxTurn {
			c.cfg.Breathe()
			began = time.Now()
		}
	}
}

// handle gives the node one event and carries out what it asks for.
func (c *Client) handle(ev node.Event) {
	c.node.Handle(time.Now(), ev)
	for e, ok := c.node.Poll(); ok; e, ok = c.node.Poll() {
		c.perform(e)
	}
}

// untilDeadline is how long the goroutine may sleep.
func (c *Client) untilDeadline(now time.Time) time.Duration {
	wait := time.Hour
	if at, ok := c.node.Deadline(); ok {
		wait = min(wait, at.Sub(now))
	}
	for _, at := range []time.Time{c.publishAt, c.memory.keepAt, c.flushAt} {
		if !at.IsZero() {
			wait = min(wait, at.Sub(now))
		}
	}
	return max(0, wait)
}

// close ends every torrent; the goroutine ends when all ports have answered.
func (c *Client) close() {
	if c.closing {
		return
	}
	c.closing = true
	for _, t := range c.Torrents() {
		c.end(t, errClosed, false, nil)
	}
}

// idle reports whether every connection, socket and store has said its last.
func (c *Client) idle() bool {
	return len(c.conns) == 0 && len(c.sockets) == 0 && c.stores == 0 && c.mail.empty()
}

// enter counts a caller as work that Close waits for, and refuses it after
// Close. Every true is followed by work.Done.
func (c *Client) enter() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.work.Add(1)
	}
	return !c.closed
}

// call runs f on the client's goroutine and waits for it; it reports whether f
// ran. What Close waits for must not use it.
func (c *Client) call(f func()) bool {
	ran := make(chan struct{})
	c.mail.post(func() { f(); close(ran) })
	select {
	case <-ran:
		return true
	case <-c.done:
		return false
	}
}
