package signaling

import "github.com/shoal-p2p/shoal/core/id"

// Conn is the handle of one connection, chosen here and never used twice.
type Conn uint64

// Route says how an offer or an answer travels: for which torrent, and through
// which relay (a tracker's URL; what else there may be, its own name).
type Route struct {
	InfoHash id.ID
	Relay    string
	To       id.ID // whom an offer of ours is for; zero for whoever answers
}

// Event is what may happen to a Signaling: one of the structs of this file.
type Event interface{ event() }

type (
	// MakeOffer begins a connection to Route.To, or where that is zero to whoever
	// will answer. The caller has checked the budget.
	MakeOffer struct{ Route Route }
	// Described: the local description of a connection is ready, an offer or an
	// answer, or it could not be made.
	Described struct {
		Conn Conn
		SDP  string
		Err  error
	}
	// Offered: a peer's offer came by this route. The caller has checked the
	// budget.
	Offered struct {
		Route    Route
		From     id.ID
		Identity id.Identity // who has signed it; zero where nobody has
		OfferID  id.ID
		SDP      string
	}
	// Answered: a peer's answer to one of our offers came by this route.
	Answered struct {
		Route    Route
		From     id.ID
		Identity id.Identity // who has signed it; zero where nobody has
		OfferID  id.ID
		SDP      string
	}
	// Opened: the connection's channel is open.
	Opened struct{ Conn Conn }
	// Met: the peer's handshake said who it is; From of the offer or answer was
	// only a claim.
	Met struct {
		Conn Conn
		Peer id.ID
	}
	// Closed: the connection is gone. Answers Close too.
	Closed struct{ Conn Conn }
	// Forget closes every connection of a torrent.
	Forget struct{ InfoHash id.ID }
	// Tick: the time of Deadline has come.
	Tick struct{}
)

func (MakeOffer) event() {}
func (Described) event() {}
func (Offered) event()   {}
func (Answered) event()  {}
func (Opened) event()    {}
func (Met) event()       {}
func (Closed) event()    {}
func (Forget) event()    {}
func (Tick) event()      {}

// Effect is what a Signaling asks for: one of the structs below.
type Effect interface{ effect() }

type (
	// Offer: make a connection and its offer; answered by Described.
	Offer struct {
		Conn  Conn
		Route Route
	}
	// Accept: make a connection from a peer's offer; answered by Described.
	Accept struct {
		Conn  Conn
		Route Route
		SDP   string
	}
	// Apply a peer's answer to the connection that we offered.
	Apply struct {
		Conn Conn
		SDP  string
	}
	// Close a connection; answered by Closed.
	Close struct {
		Conn   Conn
		Reason string
	}
	// SendOffer: an offer is ready to travel. Err says that it could not be made
	// and that the connection is closed.
	SendOffer struct {
		Conn    Conn
		Route   Route
		OfferID id.ID
		SDP     string
		Err     error
	}
	// SendAnswer: an answer shall travel.
	SendAnswer struct {
		Route   Route
		To      id.ID
		OfferID id.ID
		SDP     string
	}
	// Ready: the channel is open and may be used for the torrent. Claimed is the
	// peer id under which the offer or answer came.
	Ready struct {
		Conn     Conn
		InfoHash id.ID
		Claimed  id.ID
	}
)

func (Offer) effect()      {}
func (Accept) effect()     {}
func (Apply) effect()      {}
func (Close) effect()      {}
func (SendOffer) effect()  {}
func (SendAnswer) effect() {}
func (Ready) effect()      {}
