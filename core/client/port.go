package client

import (
	"context"
	"fmt"
	"io"

	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/swarm"
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
	// Opened: the channel is open. Both ends of one connection have the same
	// Binding, made of the certificates that both have proved; it is zero, as is
	// the address, where the platform does not tell.
	Opened func(Link)
	// Received: bytes came. The receiver owns data.
	Received func(data []byte)
	// Drained: of all bytes sent, total have left the send buffer. It is told so
	// often that never more than DrainLow + 64 KiB bytes that have left stay
	// untold, and no more than DrainLeast once the buffer is empty.
	Drained func(total int64)
	// Closed is the last call, exactly once, whoever closed. err is nil after
	// Close and after the peer's orderly end.
	Closed func(err error)
}

// Link is what a Dialer knows of a connection that is open.
type Link = swarm.Link

// DrainLow is the fill of a send buffer, in bytes, at which a connection asks
// for more. It must cover what the link drains while our side takes its turn.
const DrainLow = 256 << 10

// DrainLeast is how many bytes, of those that have left an empty send buffer,
// may stay untold: less than a block, so that who sends one at a time goes on.
const DrainLeast = 8 << 10

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

// HTTP fetches what lies behind a URL, with no cookies. Where the context is
// OfStranger, a port that does not run in a page asks nobody in its own network
// (a page's requests are its browser's matter).
type HTTP interface {
	// Get returns the body of a 200 answer; any other status is an error. The
	// reader ends with ErrBodyTooLong beyond max bytes.
	Get(ctx context.Context, url string, max int64) (io.ReadCloser, error)
	// Range asks for length bytes, at least one, from offset, and follows
	// redirects. An error is that nobody answers, or that a page may not read
	// the answer (CORS): browsers do not tell these apart.
	Range(ctx context.Context, url string, offset, length int64) (*Answer, error)
}

// Answer is what a server says to a request for a range.
type Answer struct {
	Status int // of HTTP; 206 for a range, 200 for the whole file instead
	// Body is read as it is asked for, and has to be closed. It ends with
	// io.EOF where the server ends it, however long it was, and with another
	// error where it breaks off, or the context ends. A page cannot read of
	// which range it is (Content-Range).
	Body io.ReadCloser
}

// stranger is the key of what OfStranger notes.
type stranger struct{}

// OfStranger marks a request whose URL came with a link or a torrent. Whoever
// wrote that shall not have us ask where only we could.
func OfStranger(ctx context.Context) context.Context {
	return context.WithValue(ctx, stranger{}, true)
}

// IsOfStranger reports whether a request is marked so.
func IsOfStranger(ctx context.Context) bool { return ctx.Value(stranger{}) != nil }

// RangeHeader is the value of an HTTP request's Range (RFC 9110, section 14.2)
// in the form that a page may send anywhere without asking first.
func RangeHeader(offset, length int64) string {
	return fmt.Sprintf("bytes=%d-%d", offset, offset+length-1)
}
