package exchange

import (
	"strconv"
	"strings"

	"github.com/shoal-p2p/shoal/core/id"
)

// Conn is the handle of a connection, chosen by the caller.
type Conn uint64

// Event is what may happen to an Exchange: one of the structs below.
type Event interface{ event() }

type (
	// Joined: a neighbour in a swarm speaks the extension. Identity is proved.
	Joined struct {
		Conn     Conn
		InfoHash id.ID
		Peer     id.ID
		Identity id.Identity
	}
	// Left: a connection is gone.
	Left struct{ Conn Conn }
	// Said: a message of the extension came. Payload is not kept.
	Said struct {
		Conn    Conn
		Payload []byte
	}
	// Want: how many more peers a torrent could use beyond those that are there
	// or on their way. It holds until the next Want; so many are tried at a time.
	Want struct {
		InfoHash id.ID
		Count    int
	}
	// OfferMade answers MakeOffer. Err says that there is no offer, as the budget
	// is spent, or, where it is Known, that a connection to this peer is there or
	// on its way.
	OfferMade struct {
		InfoHash id.ID
		Relay    Conn
		To       id.ID
		OfferID  id.ID
		SDP      string
		Err      error
		Known    bool
	}
	// Answer: an answer to an Offered shall travel back. An empty SDP says that
	// there will be none.
	Answer struct {
		InfoHash id.ID
		Relay    Conn
		To       id.ID
		OfferID  id.ID
		SDP      string
	}
	// Forget ends a torrent: it has no neighbours any more.
	Forget struct{ InfoHash id.ID }
	// Tick: the time of Deadline has come.
	Tick struct{}
)

func (Joined) event()    {}
func (Left) event()      {}
func (Said) event()      {}
func (Want) event()      {}
func (OfferMade) event() {}
func (Answer) event()    {}
func (Forget) event()    {}
func (Tick) event()      {}

// Effect is what an Exchange asks for: one of the structs below.
type Effect interface{ effect() }

type (
	// Tell sends a message of the extension to a neighbour.
	Tell struct {
		Conn    Conn
		Payload []byte
	}
	// MakeOffer: an offer to one peer, by a relay, is wanted; answered by
	// OfferMade.
	MakeOffer struct {
		InfoHash id.ID
		Relay    Conn
		To       id.ID
	}
	// Offered: a peer's offer came through a relay; its signature is right.
	Offered struct {
		InfoHash id.ID
		Relay    Conn
		From     id.ID
		Identity id.Identity
		OfferID  id.ID
		SDP      string
	}
	// Answered: a peer's answer came through a relay; its signature is right. An
	// empty SDP, without Identity, says that none will come.
	Answered struct {
		InfoHash id.ID
		Relay    Conn
		From     id.ID
		Identity id.Identity
		OfferID  id.ID
		SDP      string
	}
	// Fault: a neighbour has broken the rules of the extension. It is one no more.
	Fault struct {
		Conn   Conn
		Reason string
	}
)

func (Tell) effect()      {}
func (MakeOffer) effect() {}
func (Offered) effect()   {}
func (Answered) effect()  {}
func (Fault) effect()     {}

// relayPrefix begins the names of neighbours as relays. It is no URL's beginning.
const relayPrefix = "peer:"

// Name is how signaling calls a neighbour that relays.
func Name(relay Conn) string { return relayPrefix + strconv.FormatUint(uint64(relay), 10) }

// Relay is the neighbour with that name, and false where it is no neighbour's.
func Relay(name string) (Conn, bool) {
	number, is := strings.CutPrefix(name, relayPrefix)
	if !is {
		return 0, false
	}
	n, err := strconv.ParseUint(number, 10, 64)
	return Conn(n), err == nil
}
