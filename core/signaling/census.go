package signaling

import (
	"slices"
	"time"

	"github.com/shoal-p2p/shoal/core/id"
)

// census counts the connections, and knows them by peer, so that what is asked
// at every event needs no walk over all of them. A connection is taken out
// before it changes and put back after.
type census struct {
	torrents   map[id.ID]tally
	peers      map[meeting][]*conn // closing ones, and those of nobody yet, left out
	unanswered int
	first      time.Time // the earliest deadline, where it is fresh
	fresh      bool
}

// meeting names the connections of which two peers shall keep one.
type meeting struct{ infoHash, peer id.ID }

// tally counts the connections of one torrent.
type tally struct{ live, pending int }

func newCensus() census {
	return census{torrents: map[id.ID]tally{}, peers: map[meeting][]*conn{}}
}

func (s *census) add(c *conn) {
	s.count(c, 1)
	if c.state != closing && !c.peer.IsZero() {
		m := c.meeting()
		s.peers[m] = append(s.peers[m], c)
	}
}

func (s *census) remove(c *conn) {
	s.count(c, -1)
	m := c.meeting()
	left := slices.DeleteFunc(s.peers[m], func(other *conn) bool { return other == c })
	if len(left) == 0 {
		delete(s.peers, m)
		return
	}
	s.peers[m] = left
}

// count adds n times what a connection counts for.
func (s *census) count(c *conn, n int) {
	s.fresh = false
	t := s.torrents[c.route.InfoHash]
	if c.state != closing {
		t.live += n
	}
	if c.pending() {
		t.pending += n
	}
	if c.unanswered() {
		s.unanswered += n
	}
	if t == (tally{}) {
		delete(s.torrents, c.route.InfoHash)
		return
	}
	s.torrents[c.route.InfoHash] = t
}

// deadline is the earliest of all connections, zero where none has one. It
// walks them only when one has changed.
func (s *census) deadline(conns []*conn) time.Time {
	if s.fresh {
		return s.first
	}
	s.fresh, s.first = true, time.Time{}
	for _, c := range conns {
		if !c.deadline.IsZero() && (s.first.IsZero() || c.deadline.Before(s.first)) {
			s.first = c.deadline
		}
	}
	return s.first
}
