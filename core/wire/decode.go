package wire

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/shoal-p2p/shoal/core/id"
)

// MaxBlock is the longest block in a Piece or Request, in bytes: stock
// WebTorrent destroys a connection that asks for more.
const MaxBlock = 128 << 10

const (
	// maxBitfield is one bit for each of the 2^22 pieces that a torrent may have
	// (metainfo.NewLayout).
	maxBitfield = 1 << 22 / 8
	// maxPayload bounds an extension message, in bytes. The longest of those in
	// use carries 16 KiB of metadata and a small dictionary; four times that
	// leaves room for handshakes and peer lists of any client.
	maxPayload = 64 << 10
	// reserve is what may be allocated before the bytes have come: one block
	// with its head, the usual case, in one go. Longer messages grow as they come.
	reserve = prefixSize + pieceHead + 16<<10
)

var (
	// ErrProtocol says that a stream does not begin with a BitTorrent handshake.
	ErrProtocol = errors.New("wire: not a BitTorrent handshake")
	// ErrTooLong says that a message is longer than its kind may be.
	ErrTooLong = errors.New("wire: message too long")
	// ErrMalformed says that a message has not the length or form of its kind.
	ErrMalformed = errors.New("wire: malformed message")
)

// Decoder cuts a byte stream into messages: first the Handshake, then all
// others. Its zero value is ready. The caller gives bytes with Write and then
// calls Next until it returns nil, before the next Write.
//
// A message that lies within one chunk is not copied: its block, bits or
// payload alias the chunk. One that straddles chunks is gathered in a slice of
// its own. So the Decoder holds no more than one chunk and one message, whose
// length was checked.
type Decoder struct {
	chunk   []byte // what is not yet read of the last Write
	partial []byte // the beginning of a message that straddles chunks
	shaken  bool   // whether the Handshake was read
	err     error
}

// Write gives the decoder more of the stream. It owns chunk from now on.
func (d *Decoder) Write(chunk []byte) {
	if len(d.chunk) > 0 && d.err == nil {
		panic("wire: Write before Next returned nil")
	}
	d.chunk = chunk
}

// Next returns the next message, or nil when more bytes are needed for it.
// Messages with an unknown id are skipped. After an error (ErrProtocol,
// ErrTooLong, ErrMalformed) the stream is lost and Next repeats it.
func (d *Decoder) Next() (Message, error) {
	for d.err == nil {
		raw, ok := d.gather()
		if !ok {
			break
		}
		var m Message
		if m, d.err = d.parse(raw); m != nil {
			return m, nil
		}
	}
	return nil, d.err
}

// gather returns the bytes of the next message whole, prefix included.
func (d *Decoder) gather() ([]byte, bool) {
	if len(d.partial) == 0 {
		if need, known := d.need(d.chunk); known && len(d.chunk) >= need {
			return d.cut(need), true
		}
	}
	for d.err == nil && len(d.chunk) > 0 {
		need, known := d.need(d.partial)
		if known && len(d.partial) == need {
			break
		}
		d.keep(need)
	}
	need, known := d.need(d.partial)
	if d.err != nil || !known || len(d.partial) < need {
		return nil, false
	}
	raw := d.partial
	d.partial = nil
	return raw, true
}

// cut takes n bytes off the chunk; nothing appended to them reaches the rest.
func (d *Decoder) cut(n int) []byte {
	raw := d.chunk[:n:n]
	d.chunk = d.chunk[n:]
	return raw
}

// keep moves bytes from the chunk to the partial message, which is to have
// need bytes.
func (d *Decoder) keep(need int) {
	if cap(d.partial) < min(need, reserve) {
		d.partial = append(make([]byte, 0, min(need, reserve)), d.partial...)
	}
	n := min(need-len(d.partial), len(d.chunk))
	d.partial = append(d.partial, d.cut(n)...)
}

// need says how many bytes the message that begins with b has. known is false
// while b is too short to tell; then it is how many are needed to tell.
func (d *Decoder) need(b []byte) (n int, known bool) {
	if !d.shaken {
		return handshakeSize, true
	}
	if len(b) < prefixSize {
		return prefixSize, false
	}
	length := binary.BigEndian.Uint32(b)
	if length == 0 {
		return prefixSize, true
	}
	if len(b) < prefixSize+1 {
		return prefixSize + 1, false
	}
	if length > longest(b[prefixSize]) {
		d.err = fmt.Errorf("%w: %d bytes with id %d", ErrTooLong, length, b[prefixSize])
		return prefixSize + 1, false
	}
	return prefixSize + int(length), true
}

// longest is the cap on the length of a message with this id. What is unknown
// is read and thrown away, so it may be as long as a block.
func longest(id byte) uint32 {
	switch id {
	case idBitfield:
		return 1 + maxBitfield
	case idExtended:
		return 2 + maxPayload
	default:
		return pieceHead + MaxBlock
	}
}

// parse returns nil for a message with an unknown id.
func (d *Decoder) parse(raw []byte) (Message, error) {
	if !d.shaken {
		d.shaken = true
		return parseHandshake(raw)
	}
	if len(raw) == prefixSize {
		return KeepAlive{}, nil
	}
	return parseMessage(raw[prefixSize], raw[prefixSize+1:])
}

func parseHandshake(raw []byte) (Message, error) {
	if string(raw[:len(protocol)]) != protocol {
		return nil, ErrProtocol
	}
	reserved, rest := raw[20:28], raw[28:]
	return Handshake{
		Fast:     reserved[7]&reservedFast != 0,
		Extended: reserved[5]&reservedExtended != 0,
		InfoHash: id.ID(rest[:id.Size]),
		PeerID:   id.ID(rest[id.Size:]),
	}, nil
}

func parseMessage(id byte, body []byte) (Message, error) {
	if want, fixed := bodySize(id); fixed && len(body) != want {
		return nil, fmt.Errorf("%w: id %d with %d bytes", ErrMalformed, id, len(body))
	}
	number := func(i int) uint32 { return binary.BigEndian.Uint32(body[4*i:]) }
	switch id {
	case idChoke:
		return Choke{}, nil
	case idUnchoke:
		return Unchoke{}, nil
	case idInterested:
		return Interested{}, nil
	case idNotInterested:
		return NotInterested{}, nil
	case idHaveAll:
		return HaveAll{}, nil
	case idHaveNone:
		return HaveNone{}, nil
	case idHave:
		return Have{number(0)}, nil
	case idSuggest:
		return Suggest{number(0)}, nil
	case idAllowedFast:
		return AllowedFast{number(0)}, nil
	case idRequest:
		return Request{number(0), number(1), number(2)}, nil
	case idCancel:
		return Cancel{number(0), number(1), number(2)}, nil
	case idReject:
		return Reject{number(0), number(1), number(2)}, nil
	case idPort:
		return Port{binary.BigEndian.Uint16(body)}, nil
	case idBitfield:
		return Bitfield{body}, nil
	case idPiece:
		if len(body) < 8 {
			return nil, fmt.Errorf("%w: piece with %d bytes", ErrMalformed, len(body))
		}
		return Piece{number(0), number(1), body[8:]}, nil
	case idExtended:
		if len(body) < 1 {
			return nil, fmt.Errorf("%w: extended without a number", ErrMalformed)
		}
		return Extended{body[0], body[1:]}, nil
	default:
		return nil, nil
	}
}

// bodySize is the length of what follows the id, for messages in which it is
// always the same.
func bodySize(id byte) (n int, fixed bool) {
	switch id {
	case idChoke, idUnchoke, idInterested, idNotInterested, idHaveAll, idHaveNone:
		return 0, true
	case idHave, idSuggest, idAllowedFast:
		return 4, true
	case idRequest, idCancel, idReject:
		return 12, true
	case idPort:
		return 2, true
	default:
		return 0, false
	}
}
