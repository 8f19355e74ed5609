package rtc

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/shoal-p2p/shoal/core/client"
)

// patience is how long a connection may be disconnected before it counts as
// lost. Browsers call it failed after 15 to 30 seconds; the peer's blocks are
// better asked of others by then.
const patience = 10 * time.Second

// errOver interrupts what a connection was doing when it was closed; the news
// say why.
var errOver = errors.New("over")

// conn is one connection.
//
//	offering:   construct, describe → Described → Apply → Opened → bytes → Closed
//	answering:  construct, describe → Described         → Opened → bytes → Closed
//
// Any step may be the last. Close is immediate: bytes that are still in the
// send buffer, or that have come and are not yet told, may be lost.
type conn struct {
	dialer    *Dialer
	events    client.ConnEvents
	answering bool
	local     string // our description and the peer's, until Opened
	remote    string
	pc        *webrtc.PeerConnection // run's, nil outside its life
	watched   watched                // run's: how news of pc reach us

	wake chan struct{} // holds a token while there may be news

	mu   sync.Mutex
	room sync.Cond // told when unread falls or the connection is over
	news news

	sending sync.Mutex // guards what follows; mu may be taken under it, never the reverse
	channel *channel   // nil before Opened and after Closed
	limit   int        // bytes in one message
	flow    flow
}

// news is what has happened since run last looked.
type news struct {
	candidates          int  // of ours that are found
	reflexive, gathered bool // a server-reflexive one is; all are
	answers             int  // calls of Apply; the first counts
	answer              string
	channel             *channel // the one channel, once it is there
	opened              bool
	received            [][]byte
	unread              int // bytes in received, and in what run is telling
	low                 bool
	disconnected        bool
	over                bool // nothing is noted after this
	byUs                bool // over because of Close
	err                 error
}

func newConn(d *Dialer, events client.ConnEvents) *conn {
	c := &conn{dialer: d, events: events, wake: make(chan struct{}, 1), limit: maxMessage}
	c.room.L = &c.mu
	return c
}

// Apply gives the peer's answer; only the first counts, and only if we offered.
func (c *conn) Apply(answer string) {
	if c.answering {
		return
	}
	c.note(func(n *news) {
		if n.answers++; n.answers == 1 {
			n.answer = answer
		}
	})
}

// Send queues bytes. A buffer that the platform calls full closes the
// connection: who listens to Drained does not get there.
func (c *conn) Send(data []byte) {
	c.sending.Lock()
	defer c.sending.Unlock()
	if c.channel == nil {
		return
	}
	for message := range slices.Chunk(data, c.limit) {
		if err := c.channel.send(message); err != nil {
			c.fail(fmt.Errorf("send: %w", err))
			return
		}
	}
	if c.flow.sent(len(data), c.channel) {
		c.note(func(n *news) { n.low = true })
	}
}

// Close ends the connection at once.
func (c *conn) Close() {
	c.note(func(n *news) { n.over, n.byUs = true, true })
}

// note records news and wakes run. It never blocks and may be called from
// everywhere.
func (c *conn) note(record func(*news)) {
	c.mu.Lock()
	if !c.news.over {
		record(&c.news)
	}
	if c.news.over {
		c.room.Broadcast()
	}
	c.mu.Unlock()
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// fail notes the end of a connection, orderly if err is nil.
func (c *conn) fail(err error) {
	c.note(func(n *news) { n.over, n.err = true, err })
}

// adopt takes a channel as the connection's, if it is the first.
func (c *conn) adopt(ch *channel) (first bool) {
	c.note(func(n *news) {
		if first = n.channel == nil; first {
			n.channel = ch
		}
	})
	return first
}

// perMessage is what a message costs beside its bytes while it waits.
const perMessage = 256

// receive notes bytes that came; they are ours.
func (c *conn) receive(data []byte) {
	if len(data) == 0 {
		return
	}
	c.note(func(n *news) {
		n.received = append(n.received, data)
		n.unread += len(data) + perMessage
	})
}

// look returns the news and leaves them.
func (c *conn) look() news {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.news
}

// take returns the news and clears those that are told once.
func (c *conn) take() news {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.news
	c.news.received, c.news.low = nil, false
	return n
}

// run is the life of a connection.
func (c *conn) run() {
	err := c.live()
	c.sending.Lock()
	c.channel = nil
	c.sending.Unlock()
	c.mu.Lock()
	c.news = news{over: true}
	c.room.Broadcast()
	c.mu.Unlock()
	c.watched.release()
	c.events.Closed(err)
	if c.pc != nil {
		c.dialer.factory.destroy(c.pc)
		c.pc = nil // for the collectors, Go's and the page's
	}
}

func (c *conn) live() error {
	sdp, err := c.describe()
	if errors.Is(err, errOver) {
		return c.look().err
	}
	c.local = sdp
	c.events.Described(sdp, err)
	if err != nil {
		return err
	}
	return c.serve()
}

// refuse is the life of a connection that cannot be begun.
func (c *conn) refuse(err error) {
	c.events.Described("", err)
	c.events.Closed(err)
}

// serve tells what happens until the connection is over.
func (c *conn) serve() error {
	lost := time.NewTimer(patience)
	lost.Stop()
	var applied, opened, disconnected bool
	for {
		n := c.take()
		if n.byUs {
			return nil
		}
		if n.answers > 0 && !applied {
			applied = true
			if err := c.apply(n.answer); err != nil {
				return err
			}
		}
		// pion may tell a message before it tells that the channel is open.
		if (n.opened || len(n.received) > 0) && !opened {
			opened = true
			c.open(n.channel)
		}
		c.tell(n.received)
		if n.low && opened {
			c.tellDrained()
		}
		if n.over {
			return n.err
		}
		if n.disconnected != disconnected {
			disconnected = n.disconnected
			lost.Stop()
			if disconnected {
				lost.Reset(patience)
			}
		}
		select {
		case <-c.wake:
		case <-lost.C:
			return ErrLost
		}
	}
}

func (c *conn) open(ch *channel) {
	c.sending.Lock()
	c.channel = ch
	c.flow.begin(ch)
	c.sending.Unlock()
	c.events.Opened(c.link())
	c.local, c.remote = "", ""
}

func (c *conn) tell(received [][]byte) {
	for _, data := range received {
		c.events.Received(data)
		c.mu.Lock()
		c.news.unread -= len(data) + perMessage
		c.room.Broadcast()
		c.mu.Unlock()
	}
}

func (c *conn) tellDrained() {
	c.sending.Lock()
	total, more := c.flow.drained(c.channel)
	c.sending.Unlock()
	if more {
		c.events.Drained(total)
	}
}
