// Package rtc is the Dialer port on WebRTC: connections with one ordered,
// reliable data channel, through pion natively and through pion around the
// browser's own WebRTC in a page. In go offers, answers and bytes; out come
// the events of client.ConnEvents. It decides nothing about peers, retries or
// how long a connection may take to open: whoever dials closes what takes too
// long.
//
// A connection is one goroutine (conn.run) that makes all calls of its events.
// Whatever happens elsewhere, in pion's goroutines or in the page's callbacks,
// is noted (conn.note) and wakes it. What differs between the platforms is in
// the files _js and _native: how a connection is constructed, watched and
// closed, and how bytes pass through its channel.
package rtc

import (
	"errors"
	"sync"

	"github.com/pion/webrtc/v4"

	"github.com/shoal-p2p/shoal/core/client"
)

var (
	// ErrNoWebRTC: the page, or the worker, has no RTCPeerConnection.
	ErrNoWebRTC = errors.New("there is no WebRTC here")
	// ErrTooMany: as many connections as the platform bears are there, or are
	// closed and not yet freed. It passes with time.
	ErrTooMany = errors.New("too many connections, or closed ones not yet freed")
	// ErrDialerClosed: the Dialer was closed before.
	ErrDialerClosed = errors.New("the dialer is closed")
	// ErrDescription: the peer's offer or answer is none for a data channel, or
	// is too long.
	ErrDescription = errors.New("not a description of a data channel")
	// ErrText: the peer sent a text message; BitTorrent's are binary.
	ErrText = errors.New("the peer sent text")
	// ErrLost: the peer has not been heard of for too long, or was never reached.
	ErrLost = errors.New("the connection is lost")
)

// Config is what a Dialer is made of. The zero value reaches peers on the same
// networks only.
type Config struct {
	ICEServers []ICEServer
}

// ICEServer is a STUN or TURN server, as in the browser's RTCIceServer.
type ICEServer struct {
	URLs                 []string // "stun:host:port", "turn:host:port?transport=udp"
	Username, Credential string   // of a TURN server
}

// Dialer makes connections. Its methods may be called from any goroutine.
type Dialer struct {
	servers []ICEServer
	factory factory

	mu      sync.Mutex
	conns   map[*conn]struct{}
	closed  bool
	running sync.WaitGroup
}

// New makes a Dialer; Close frees what it holds.
func New(cfg Config) *Dialer {
	return &Dialer{servers: cfg.ICEServers, factory: newFactory(), conns: map[*conn]struct{}{}}
}

// configuration is made for each connection and kept nowhere: a field of its
// type would link what reads certificates into the .wasm, 50 KB of brotli.
func (d *Dialer) configuration() (config webrtc.Configuration) {
	for _, s := range d.servers {
		server := webrtc.ICEServer{URLs: s.URLs, Username: s.Username}
		if s.Credential != "" {
			server.Credential = s.Credential
		}
		config.ICEServers = append(config.ICEServers, server)
	}
	return config
}

// Offer begins a connection; its Described carries the offer.
func (d *Dialer) Offer(events client.ConnEvents) client.Conn {
	return d.begin(newConn(d, events))
}

// Answer begins a connection from a peer's offer; its Described carries the
// answer.
func (d *Dialer) Answer(offer string, events client.ConnEvents) client.Conn {
	c := newConn(d, events)
	c.answering, c.remote = true, offer
	return d.begin(c)
}

// Close ends every connection and returns when nothing of them runs any more.
// What is dialled after it ends with ErrDialerClosed.
func (d *Dialer) Close() {
	d.mu.Lock()
	d.closed = true
	for c := range d.conns {
		c.Close()
	}
	d.mu.Unlock()
	d.running.Wait()
	d.factory.close()
}

func (d *Dialer) begin(c *conn) *conn {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		go c.refuse(ErrDialerClosed)
		return c
	}
	d.conns[c] = struct{}{}
	d.running.Go(func() {
		c.run()
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.conns, c)
	})
	return c
}
