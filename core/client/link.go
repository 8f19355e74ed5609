package client

import (
	"time"

	"github.com/shoal-p2p/shoal/core/node"
	"github.com/shoal-p2p/shoal/core/wire"
)

const (
	// MaxMessage is how many bytes of messages are joined into one send: four
	// blocks of 16 KiB with their heads, as pieces have a power of two of blocks.
	// In 64 KiB there is room for three, and the fourth was a message of its own.
	MaxMessage = 4 * (16<<10 + 13)
	// maxUnread is how many bytes of one connection may wait in the mailbox. An
	// honest peer sends what we asked for, which is less.
	maxUnread = 16 << 20
	// patientFor is how long a Have may wait for a message with which it leaves: a
	// message costs both sides as much as some blocks, and each verified piece
	// would send one to everybody.
	patientFor = 50 * time.Millisecond
	// maxSocketUnread is the same for one tracker.
	maxSocketUnread = 4 << 20
)

// link is the client's side of one connection.
type link struct {
	conn   Conn
	out    []byte // messages that wait for the end of the turn
	queued bool   // whether it stands in Client.flush
	urgent bool   // whether something waits that is no Have
}

// dial begins a connection for the node.
func (c *Client) dial(handle node.Conn, begin func(ConnEvents) Conn) {
	l, in := &link{}, &intake{max: maxUnread}
	c.conns[handle] = l
	l.conn = begin(ConnEvents{
		Described: func(sdp string, err error) {
			c.tell(node.Described{Conn: handle, SDP: sdp, Err: err})
		},
		Opened: func(link Link) { c.tell(node.Opened{Conn: handle, Link: link}) },
		Received: func(data []byte) {
			in.post(c.mail, len(data), func() {
				c.stir()
				c.handle(node.Received{Conn: handle, Data: data})
			}, func() { c.hangUp(handle) }) // it sends more than was asked for
		},
		Drained: func(total int64) {
			c.mail.post(func() {
				c.stir()
				c.handle(node.Drained{Conn: handle, Total: total})
			})
		},
		Closed: func(error) {
			c.mail.post(func() {
				delete(c.conns, handle)
				c.handle(node.Closed{Conn: handle})
			})
		},
	})
}

// tell posts an event for the node.
func (c *Client) tell(ev node.Event) { c.mail.post(func() { c.handle(ev) }) }

// send queues a message; what one turn has queued leaves together.
func (c *Client) send(handle node.Conn, msg wire.Message) {
	l := c.conns[handle]
	if l == nil {
		return
	}
	if len(l.out) > 0 && len(l.out)+wire.Size(msg) > MaxMessage {
		l.flush()
	}
	l.out = wire.Append(l.out, msg)
	if _, patient := msg.(wire.Have); !patient {
		l.urgent = true
	}
	if !l.queued {
		l.queued = true
		c.flush = append(c.flush, l)
	}
}

func (l *link) flush() {
	if len(l.out) > 0 {
		l.conn.Send(l.out)
		l.out = l.out[:0]
	}
	l.urgent = false
}

// flushAll sends what waits, at the end of a turn: all when a Have has waited for
// long enough, otherwise where there is more than Haves.
func (c *Client) flushAll(now time.Time) {
	all := !c.flushAt.IsZero() && !now.Before(c.flushAt)
	kept := c.flush[:0]
	for _, l := range c.flush {
		if !all && !l.urgent && len(l.out) > 0 {
			kept = append(kept, l)
			continue
		}
		l.queued = false
		l.flush()
	}
	clear(c.flush[len(kept):])
	c.flush = kept
	switch {
	case len(kept) == 0:
		c.flushAt = time.Time{}
	case c.flushAt.IsZero():
		c.flushAt = now.Add(patientFor)
	}
}

// hangUp closes a connection; what was queued for it is lost.
func (c *Client) hangUp(handle node.Conn) {
	if l := c.conns[handle]; l != nil {
		l.conn.Close()
	}
}
