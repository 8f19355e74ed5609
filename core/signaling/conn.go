package signaling

import (
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
	peer     id.ID // zero while nobody has answered; a claim until met
	state    state
	deadline time.Time // zero while nothing is waited for
	metAt    time.Time // zero until Met
	// whether Met has shown the peer id that the offer or answer came under
	asClaimed bool
}

func (c *conn) pending() bool { return c.state < open }

// add makes a connection that waits for its description.
func (s *Signaling) add(now time.Time, c conn) *conn {
	s.last++
	c.handle = s.last
	c.state = describing
	c.deadline = now.Add(s.cfg.ConnectTimeout)
	s.conns = append(s.conns, &c)
	return &c
}

// find returns a connection that is neither gone nor closing, or nil.
func (s *Signaling) find(handle Conn) *conn {
	for _, c := range s.conns {
		if c.handle == handle && c.state != closing {
			return c
		}
	}
	return nil
}

// rivals lists the other connections for the torrent of c to a peer.
func (s *Signaling) rivals(c *conn, peer id.ID) []*conn {
	var found []*conn
	for _, other := range s.conns {
		if other != c && other.leadsTo(c.route.InfoHash, peer) {
			found = append(found, other)
		}
	}
	return found
}

// leadsTo reports whether c is a connection, not closing, to a peer.
func (c *conn) leadsTo(infoHash, peer id.ID) bool {
	return c.state != closing && c.route.InfoHash == infoHash && c.peer == peer && !peer.IsZero()
}

// close asks for the end of a connection. Whoever waits for its offer is told.
func (s *Signaling) close(c *conn, reason string, err error) {
	wasDescribing := c.state == describing
	c.state = closing
	c.deadline = time.Time{}
	s.emit(Close{Conn: c.handle, Reason: reason})
	if wasDescribing && c.ours {
		s.emit(SendOffer{Conn: c.handle, Route: c.route, OfferID: c.offerID, Err: err})
	}
}

func (s *Signaling) closed(handle Conn) {
	i := slices.IndexFunc(s.conns, func(c *conn) bool { return c.handle == handle })
	if i < 0 {
		return
	}
	c := s.conns[i]
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
