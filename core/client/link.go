package client

import (
	"github.com/shoal-p2p/shoal/core/node"
	"github.com/shoal-p2p/shoal/core/wire"
)

const (
	// maxMessage is how many bytes of messages are joined into one send. 64 KiB
	// is where data channels are fastest and what every browser takes.
	maxMessage = 64 << 10
	// maxUnread is how many bytes of one connection may wait in the mailbox. An
	// honest peer sends what we asked for, which is less.
	maxUnread = 16 << 20
	// maxSocketUnread is the same for one tracker.
	maxSocketUnread = 4 << 20
)

// link is the client's side of one connection.
type link struct {
	conn   Conn
	out    []byte // messages that wait for the end of the turn
	queued bool   // whether it stands in Client.flush
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
	if len(l.out) > 0 && len(l.out)+wire.Size(msg) > maxMessage {
		l.flush()
	}
	l.out = wire.Append(l.out, msg)
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
}

func (c *Client) flushAll() {
	for i, l := range c.flush {
		l.queued = false
		l.flush()
		c.flush[i] = nil
	}
	c.flush = c.flush[:0]
}

// hangUp closes a connection; what was queued for it is lost.
func (c *Client) hangUp(handle node.Conn) {
	if l := c.conns[handle]; l != nil {
		l.conn.Close()
	}
}
