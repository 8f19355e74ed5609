// Package wire speaks the peer protocol: BEP 3, the fast extension (BEP 6),
// the extension protocol (BEP 10), ut_metadata (BEP 9) and lt_donthave
// (BEP 54). It turns a byte stream, cut in any way, into one struct per
// message, and a struct into bytes. It knows no torrent and keeps no state but
// that of the stream.
package wire

import "github.com/shoal-p2p/shoal/core/id"

// Message is one of the structs below. Their byte diagrams are in encode.go.
type Message interface {
	// append adds the message's encoding to b, its length prefix included.
	append(b []byte) []byte
	// size is the length of that encoding.
	size() int
}

// Handshake is the first message in each direction (BEP 3); its 68 bytes have
// no length prefix.
type Handshake struct {
	Fast     bool // reserved[7] & 0x04, BEP 6
	Extended bool // reserved[5] & 0x10, BEP 10
	InfoHash id.ID
	PeerID   id.ID
}

type (
	// KeepAlive is the empty message.
	KeepAlive struct{}
	// Choke (0): your requests will not be served now.
	Choke struct{}
	// Unchoke (1): they will.
	Unchoke struct{}
	// Interested (2): you have what I lack.
	Interested struct{}
	// NotInterested (3): you have not.
	NotInterested struct{}
	// Have (4): I have this piece now.
	Have struct{ Piece uint32 }
	// Bitfield (5): the pieces I have, the first in the highest bit of the first byte.
	Bitfield struct{ Bits []byte }
	// Request (6) asks for Length bytes of a piece from byte Begin.
	Request struct{ Piece, Begin, Length uint32 }
	// Piece (7) carries a block; it answers a Request.
	Piece struct {
		Piece, Begin uint32
		Block        []byte
	}
	// Cancel (8) takes a Request back.
	Cancel struct{ Piece, Begin, Length uint32 }
	// Port (9) is the UDP port of the sender's DHT node (BEP 5).
	Port struct{ Port uint16 }
	// Suggest (13) advises a piece to ask for (BEP 6).
	Suggest struct{ Piece uint32 }
	// HaveAll (14) stands in for a Bitfield of ones (BEP 6).
	HaveAll struct{}
	// HaveNone (15) stands in for a Bitfield of zeros (BEP 6).
	HaveNone struct{}
	// Reject (16): this Request will not be served (BEP 6).
	Reject struct{ Piece, Begin, Length uint32 }
	// AllowedFast (17): this piece is served even while choked (BEP 6).
	AllowedFast struct{ Piece uint32 }
	// Extended (20) carries a message of the extension with that number; 0 is
	// the extended handshake (BEP 10).
	Extended struct {
		ID      uint8
		Payload []byte
	}
)
