package node

import (
	"github.com/shoal-p2p/shoal/core/id"
	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/picker"
	"github.com/shoal-p2p/shoal/core/signaling"
	"github.com/shoal-p2p/shoal/core/swarm"
	"github.com/shoal-p2p/shoal/core/tracker"
	"github.com/shoal-p2p/shoal/core/wire"
)

// Conn is the handle of one connection, chosen by the node.
type Conn = signaling.Conn

// Event is what may happen to a Node: one of the structs below.
type Event interface{ event() }

type (
	// Add begins a torrent. One that is there already gains the trackers and web
	// seeds, unless it is private.
	Add struct {
		InfoHash id.ID
		Trackers []string          // the torrent's own
		Defaults []string          // the client's, which a private torrent does without (BEP 27)
		WebSeeds []string          // as in swarm.AddWebSeeds
		Info     *metainfo.Info    // nil while unknown
		Seed     bool              // whether the store is known to be complete
		Priority []picker.Priority // as in swarm.Select
	}
	// Limit sets the rates of a torrent, or with a zero InfoHash of the client,
	// in bytes per second; 0 is none.
	Limit struct {
		InfoHash id.ID
		Up, Down int64
	}
	// Remove ends a torrent: its trackers are told, its connections closed.
	// Answers to its effects that come later are ignored.
	Remove struct{ InfoHash id.ID }
	// Torrent carries an event to one swarm: the answers of its store (Opened,
	// Wrote, Verified, ReadDone) and of the web (Chunk, Fetched), and its owner's
	// wishes (Learn, Select, Order, Window, CloseWindow, AddWebSeeds, Pause,
	// Resume).
	Torrent struct {
		InfoHash id.ID
		Event    swarm.Event
	}
	// Socket carries a tracker's Opened, Message or Closed.
	Socket struct{ Event tracker.Event }

	// Described answers Offer and Accept.
	Described struct {
		Conn Conn
		SDP  string
		Err  error
	}
	// Opened: the connection's channel is open.
	Opened struct {
		Conn Conn
		Link swarm.Link
	}
	// Received: bytes came. The node owns Data.
	Received struct {
		Conn Conn
		Data []byte
	}
	// Drained: of the bytes sent, Total have left the send buffer.
	Drained struct {
		Conn  Conn
		Total int64
	}
	// Closed: the connection is gone. Answers Close too.
	Closed struct{ Conn Conn }
	// Tick: the time of Deadline has come.
	Tick struct{}
)

func (Add) event()       {}
func (Limit) event()     {}
func (Remove) event()    {}
func (Torrent) event()   {}
func (Socket) event()    {}
func (Described) event() {}
func (Opened) event()    {}
func (Received) event()  {}
func (Drained) event()   {}
func (Closed) event()    {}
func (Tick) event()      {}

// Effect is what a Node asks for: one of the structs below.
type Effect interface{ effect() }

type (
	// Offer: make a connection and its offer; answered by Described.
	Offer struct{ Conn Conn }
	// Accept: make a connection from a peer's offer; answered by Described.
	Accept struct {
		Conn Conn
		SDP  string
	}
	// Apply a peer's answer to a connection made by Offer.
	Apply struct {
		Conn Conn
		SDP  string
	}
	// Send a message over a connection.
	Send struct {
		Conn Conn
		Msg  wire.Message
	}
	// Close a connection; answered by Closed.
	Close struct {
		Conn   Conn
		Reason string
	}
	// ToTracker carries a tracker's Open, Send or Close.
	ToTracker struct{ Effect tracker.Effect }
	// ToStore carries a swarm's Open, Write, Verify or Read.
	ToStore struct {
		InfoHash id.ID
		Effect   swarm.Effect
	}
	// ToWeb carries a swarm's Fetch or Abort.
	ToWeb struct {
		InfoHash id.ID
		Effect   swarm.Effect
	}
	// Told carries what a swarm has to tell: Have, Done, Failed, Banned or
	// WebSeedFailed.
	Told struct {
		InfoHash id.ID
		Effect   swarm.Effect
	}
	// Met: a peer has shown itself.
	Met struct {
		InfoHash id.ID
		Peer     id.ID
	}
	// Left: a peer that was met is gone.
	Left struct {
		InfoHash id.ID
		Peer     id.ID
	}
	// Warned: something is wrong that stops nothing. Err wraps ErrNoPeers, or an
	// error of tracker where Tracker is its URL.
	Warned struct {
		InfoHash id.ID
		Tracker  string
		Err      error
	}
)

func (Offer) effect()     {}
func (Accept) effect()    {}
func (Apply) effect()     {}
func (Send) effect()      {}
func (Close) effect()     {}
func (ToTracker) effect() {}
func (ToStore) effect()   {}
func (ToWeb) effect()     {}
func (Told) effect()      {}
func (Met) effect()       {}
func (Left) effect()      {}
func (Warned) effect()    {}
