package dht

import (
	"time"

	"github.com/shoal-p2p/shoal/core/dht/record"
	"github.com/shoal-p2p/shoal/core/id"
)

// Link is the handle of a connection to another node, chosen by the caller, and
// never 0.
type Link uint64

// Query is the handle of a question of the caller's, chosen by it.
type Query uint64

// Event is what may happen to a DHT: one of the structs below.
type Event interface{ event() }

type (
	// Linked: there is a connection to a node, and Peer is proved to be its
	// identity. Group is its origin, such as the block of its address, or 0. RTT is
	// what the connection took to carry something there and back, or 0.
	Linked struct {
		Link  Link
		Peer  id.Identity
		Group uint64
		RTT   time.Duration
	}
	// Unlinked: a connection is gone.
	Unlinked struct{ Link Link }
	// Received: a message came. Frame is not kept.
	Received struct {
		Link  Link
		Frame []byte
	}
	// Failed: what Connect or Expect was about has come to nothing.
	Failed struct{ Peer id.ID }
	// FindNode asks who is closest to a target. It and the next four are answered
	// by one Found.
	FindNode struct {
		Query  Query
		Target id.ID
	}
	// GetPeers asks for peers of a swarm.
	GetPeers struct {
		Query    Query
		InfoHash id.ID
	}
	// Get asks for an item (BEP 44). The salt is that of a mutable one; the target
	// does not tell it.
	Get struct {
		Query  Query
		Target id.ID
		Salt   string
	}
	// Put stores an item (BEP 44). With Cas it is only to replace the one with that
	// seq. With Keep it is put again every hour until Withdraw, as otherwise it
	// expires after two.
	Put struct {
		Query Query
		Item  record.Item
		Cas   *int64
		Keep  bool
	}
	// Announce says that this node is in a swarm. It is said again by itself until
	// Withdraw.
	Announce struct {
		Query    Query
		InfoHash id.ID
		Seed     bool
	}
	// Withdraw ends an Announce, or a Put that is kept. Target is the info hash or
	// that of the item.
	Withdraw struct{ Target id.ID }
	// Leave says goodbye to all neighbours.
	Leave struct{}
	// Tick: the time of Deadline has come.
	Tick struct{}
)

func (Linked) event()   {}
func (Unlinked) event() {}
func (Received) event() {}
func (Failed) event()   {}
func (FindNode) event() {}
func (GetPeers) event() {}
func (Get) event()      {}
func (Put) event()      {}
func (Announce) event() {}
func (Withdraw) event() {}
func (Leave) event()    {}
func (Tick) event()     {}

// Effect is what a DHT asks for: one of the structs below.
type Effect interface{ effect() }

type (
	// Send sends a message by a link.
	Send struct {
		Link  Link
		Frame []byte
	}
	// Connect: this node has agreed with that one to be linked, and is the one who
	// makes the offer. Linked or Failed is to follow.
	Connect struct{ Peer id.ID }
	// Expect: the same, and the other makes the offer.
	Expect struct{ Peer id.ID }
	// Lonely: the node knows too few others. It should be linked to any node that the
	// caller knows by other means. Those who know but each other would never hear
	// of the rest.
	Lonely struct{}
	// Close ends a link, which is gone for the DHT already.
	Close struct {
		Link   Link
		Reason string
	}
	// Found ends a question.
	Found struct {
		Query    Query
		Err      error         // why it was not answered; the other fields are zero then
		Terminus id.ID         // who answered: the closest node to the target that was found
		Near     []id.ID       // the closest nodes that it is linked to, the closest first
		Peers    []record.Peer // GetPeers: with right signatures
		Item     *record.Item  // Get: a right one, or nil
		Unsure   bool          // on the way somebody kept silent: there may be a closer node
		Took     time.Duration // from the question
		Hops     int           // that the question took
		Number   uint64        // of the envelope that was answered
	}
)

func (Send) effect()    {}
func (Connect) effect() {}
func (Expect) effect()  {}
func (Lonely) effect()  {}
func (Close) effect()   {}
func (Found) effect()   {}
