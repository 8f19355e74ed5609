package client

import (
	"context"
	"io"

	"github.com/shoal-p2p/shoal/core/metainfo"
)

// The ports: what a client needs of the world. Callbacks may come from any
// goroutine, also before the call that caused them has returned; they only
// post to the client's mailbox and never block.

// Dialer makes connections. Descriptions are opaque text.
type Dialer interface {
	// Offer begins a connection; its Described carries the offer.
	Offer(ConnEvents) Conn
	// Answer begins a connection from a peer's offer; its Described carries the
	// answer.
	Answer(offer string, events ConnEvents) Conn
}

// Conn is a connection with one channel, a byte stream in both directions:
// what one side sends as one message may arrive as several or joined with
// others.
type Conn interface {
	// Apply gives the peer's answer to a connection that was made by Offer.
	Apply(answer string)
	// Send queues bytes, in order, and never blocks. data is the caller's again
	// when Send returns. Before Opened and after Closed it does nothing.
	Send(data []byte)
	// Close ends the connection; Closed follows. Closing twice is once.
	Close()
}

// ConnEvents is what a connection tells. Every field is set.
type ConnEvents struct {
	// Described: the local description is complete, or cannot be made.
	Described func(sdp string, err error)
	// Opened: the channel is open.
	Opened func()
	// Received: bytes came. The receiver owns data.
	Received func(data []byte)
	// Drained: of all bytes sent, total have left the send buffer. It is told
	// when the buffer has fallen to DrainLow bytes or less, and so often that
	// never more than DrainLow + 64 KiB bytes that have left stay untold.
	Drained func(total int64)
	// Closed is the last call, exactly once, whoever closed. err is nil after
	// Close and after the peer's orderly end.
	Closed func(err error)
}

// DrainLow is the fill of a send buffer, in bytes, at which a connection asks
// for more. It must cover what the link drains while our side takes its turn.
const DrainLow = 256 << 10

// Store keeps the bytes of one torrent. Every method returns at once; done
// comes later, exactly once, also after Close.
type Store interface {
	// Write keeps a block. The store owns data.
	Write(b metainfo.Block, data []byte, done func(error))
	// Verify hashes what is kept of a piece; bytes never written count as zeros.
	Verify(p metainfo.Piece, done func(metainfo.Digest, error))
	// Read returns a piece whole, in a slice that the caller owns.
	Read(p metainfo.Piece, done func([]byte, error))
	// Close lets go of files and memory; remove deletes the data as well.
	Close(remove bool, done func(error))
}

// OpenStore makes the store for a torrent. fresh says that it is certainly
// empty; otherwise the client verifies every piece before it trusts it.
type OpenStore func(info *metainfo.Info) (store Store, fresh bool, err error)

// Sockets opens WebSockets for text messages.
type Sockets interface {
	Open(url string, events SocketEvents) Socket
}

// Socket is one WebSocket.
type Socket interface {
	Send(data []byte)
	// Close ends the socket; Closed follows.
	Close()
}

// SocketEvents is what a socket tells. Every field is set.
type SocketEvents struct {
	Opened  func()
	Message func(data []byte) // a text message, at most MaxSocketMessage bytes
	Closed  func(err error)   // the last call, exactly once
}

// MaxSocketMessage is the longest message taken from a socket, in bytes; a
// longer one closes it with ErrMessageTooLong.
const MaxSocketMessage = 1 << 20

// HTTP fetches what lies behind a URL.
type HTTP interface {
	// Get returns the body of a 200 answer; any other status is an error. The
	// reader ends with ErrBodyTooLong beyond max bytes.
	Get(ctx context.Context, url string, max int64) (io.ReadCloser, error)
}
