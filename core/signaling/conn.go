package signaling

import (
	"cmp"
	"slices"
	"time"

	"github.com/shoal-p2p/shoal/core/id"
)

type state uint8

const (
	describing state = iota // its description is being made
	offered                 // our offer travels
	connecting              // both descriptions are known, or the answer travels
	open
	closing // Close was asked for
)

// conn is one connection.
type conn struct {
	handle   Conn
	route    Route
	ours     bool // we made the offer
	offerID  id.ID
	peer     id.ID // zero while it is nobody's in particular; a claim until met
	identity id.Identity
	state    state
	deadline time.Time // zero while nothing is waited for
	metAt    time.Time // zero until Met
	// whether Met has shown the peer id that the offer or answer came under
	asClaimed bool
}

func (c *conn) pending() bool { return c.state < open }

// unanswered reports whether it is an offer of ours that nobody has answered.
func (c *conn) unanswered() bool { return c.ours && c.state < connecting }

func (c *conn) meeting() meeting { return meeting{c.route.InfoHash, c.peer} }

// add makes a connection that waits for its description.
func (s *Signaling) add(now time.Time, c conn) *conn {
	s.last++
	c.handle = s.last
	c.state = describing
	c.deadline = now.Add(s.cfg.ConnectTimeout)
	s.conns = append(s.conns, &c)
	s.census.add(&c)
	return &c
}

// move takes a connection to its next state, which lasts until a deadline or,
// where that is zero, for as long as it likes.
func (s *Signaling) move(c *conn, to state, deadline time.Time) {
	s.census.remove(c)
	c.state, c.deadline = to, deadline
	s.census.add(c)
}

// name says whom a connection leads to.
func (s *Signaling) name(c *conn, peer id.ID) {
	s.census.remove(c)
	c.peer = peer
	s.census.add(c)
}

// place is where a connection is among all of them, or would be.
func (s *Signaling) place(handle Conn) (int, bool) {
	return slices.BinarySearchFunc(s.conns, handle, func(c *conn, h Conn) int { return cmp.Compare(c.handle, h) })
}

// find returns a connection that is neither gone nor closing, or nil.
func (s *Signaling) find(handle Conn) *conn {
	if i, ok := s.place(handle); ok && s.conns[i].state != closing {
		return s.conns[i]
	}
	return nil
}

// leading lists the connections of a torrent that lead to a peer, closing ones
// left out. It stays as it is when they change.
func (s *Signaling) leading(infoHash, peer id.ID) []*conn {
	return slices.Clone(s.census.peers[meeting{infoHash, peer}])
}

// rivals lists the other connections for the torrent of c to its peer.
func (s *Signaling) rivals(c *conn) []*conn {
	return slices.DeleteFunc(s.leading(c.route.InfoHash, c.peer), func(other *conn) bool { return other == c })
}

// close asks for the end of a connection. Whoever waits for its offer is told.
func (s *Signaling) close(c *conn, reason string, err error) {
	wasDescribing := c.state == describing
	s.move(c, closing, time.Time{})
	s.emit(Close{Conn: c.handle, Reason: reason})
	if wasDescribing && c.ours {
		s.emit(SendOffer{Conn: c.handle, Route: c.route, OfferID: c.offerID, Err: err})
	}
}

func (s *Signaling) closed(handle Conn) {
	i, ok := s.place(handle)
	if !ok {
		return
	}
	c := s.conns[i]
	s.census.remove(c)
	s.conns = slices.Delete(s.conns, i, i+1)
	if c.ours && c.state == describing {
		s.emit(SendOffer{Conn: c.handle, Route: c.route, OfferID: c.offerID, Err: ErrClosed})
	}
}

func (s *Signaling) forget(infoHash id.ID) {
	for _, c := range s.conns {
		if c.route.InfoHash == infoHash && c.state != closing {
			s.close(c, "the torrent is gone", ErrClosed)
		}
	}
}

func (s *Signaling) tick(now time.Time) {
	for _, c := range s.conns {
		if c.deadline.IsZero() || c.deadline.After(now) {
			continue
		}
		switch c.state {
		case describing:
			s.close(c, "describing took too long", ErrTimeout)
		case offered:
			s.close(c, "nobody answered", nil)
		default:
			s.close(c, "connecting took too long", nil)
		}
	}
}
