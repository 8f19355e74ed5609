package tracker

import "github.com/shoal-p2p/shoal/core/id"

// Event is what may happen to an Announcer: one of the structs of this file.
type Event interface{ event() }

type (
	// Add begins to announce a torrent at these trackers (WebSocket URLs; others
	// are warned about and left out; a slash at the end is cut off). A torrent that is added again keeps its
	// trackers and gains the new ones.
	Add struct {
		InfoHash id.ID
		Trackers []string
		Left     int64 // bytes still to get; announced as 1 while Left < 0 (unknown)
	}
	// Remove announces "stopped" and forgets the torrent.
	Remove struct{ InfoHash id.ID }
	// Leave announces "stopped" at these trackers of a torrent and forgets them;
	// those that are not its trackers are ignored.
	Leave struct {
		InfoHash id.ID
		Trackers []string
	}
	// Progress tells what the next announce shall say. Left 0 after more than 0
	// announces "completed" at once. Want is how many more peers the torrent
	// could use: at 0 announces carry no offers. Peers is how many it is
	// connected to: one that wants peers and has none asks its trackers sooner.
	// Reading is for a torrent that lacks none of what is selected, and of which
	// somebody reads what is not: it is no seed, and none that has completed.
	Progress struct {
		InfoHash             id.ID
		Uploaded, Downloaded int64 // bytes since Add
		Left                 int64
		Want                 int
		Peers                int
		Reading              bool
	}
	// OffersMade answers MakeOffers, with as many offers as could be made, none too.
	OffersMade struct {
		InfoHash id.ID
		Tracker  string
		Offers   []Offer
	}
	// Answer is our answer to an offer that came as Offered.
	Answer struct {
		InfoHash id.ID
		Tracker  string
		To       id.ID
		OfferID  id.ID
		SDP      string
	}
	// Opened: the socket to a tracker is open.
	Opened struct{ Tracker string }
	// Message: a text message came from a tracker.
	Message struct {
		Tracker string
		Data    []byte
	}
	// Closed: the socket is gone or could not be opened. Answers Close too.
	Closed struct {
		Tracker string
		Err     error
	}
	// Tick: the time of Deadline has come.
	Tick struct{}
)

// Offer is a session description with the random id by which its answer will
// be known.
type Offer struct {
	ID  id.ID
	SDP string
}

func (Add) event()        {}
func (Remove) event()     {}
func (Leave) event()      {}
func (Progress) event()   {}
func (OffersMade) event() {}
func (Answer) event()     {}
func (Opened) event()     {}
func (Message) event()    {}
func (Closed) event()     {}
func (Tick) event()       {}

// Effect is what an Announcer asks for: one of the structs below.
type Effect interface{ effect() }

type (
	// Open a socket to a tracker; one for each URL, shared by all torrents.
	Open struct{ Tracker string }
	// Send a text message.
	Send struct {
		Tracker string
		Data    []byte
	}
	// Close the socket.
	Close struct{ Tracker string }
	// MakeOffers asks for at most Count offers for one announce; answered by
	// OffersMade within ten seconds, or taken as none.
	MakeOffers struct {
		InfoHash id.ID
		Tracker  string
		Count    int
	}
	// Offered: a peer's offer reached us through a tracker.
	Offered struct {
		InfoHash id.ID
		Tracker  string
		From     id.ID
		Offer    Offer
	}
	// Answered: a peer answered one of our offers.
	Answered struct {
		InfoHash id.ID
		Tracker  string
		From     id.ID
		OfferID  id.ID
		SDP      string
	}
	// Announced: a tracker answered an announce with these counts, ourselves
	// included.
	Announced struct {
		InfoHash id.ID
		Tracker  string
		Seeds    int
		Leechers int
	}
	// Warned: something is wrong with a torrent's tracker; announcing goes on.
	Warned struct {
		InfoHash id.ID
		Tracker  string
		Err      error // wraps one of the Err values of this package
	}
)

func (Open) effect()       {}
func (Send) effect()       {}
func (Close) effect()      {}
func (MakeOffers) effect() {}
func (Offered) effect()    {}
func (Answered) effect()   {}
func (Announced) effect()  {}
func (Warned) effect()     {}
