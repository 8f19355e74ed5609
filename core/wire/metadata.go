package wire

import (
	"fmt"

	"github.com/shoal-p2p/shoal/core/bencode"
)

// MetadataPiece is the length of every metadata piece but the last, in bytes
// (BEP 9).
const MetadataPiece = 16 << 10

// MetadataType says what a Metadata message is.
type MetadataType uint8

const (
	// MetadataRequest asks for a piece of the info dictionary.
	MetadataRequest MetadataType = 0
	// MetadataData carries it.
	MetadataData MetadataType = 1
	// MetadataReject refuses it.
	MetadataReject MetadataType = 2
)

// Metadata is a message of ut_metadata (BEP 9): a dictionary and, in
// MetadataData, the bytes of the piece right after it.
//
//	d 8:msg_type i1e 5:piece i0e 10:total_size i12345e e | data
//
// Stock WebTorrent finds the end of the dictionary as the first "ee" in the
// payload. So no "ee" may come earlier, and the last value must be an integer:
// both hold for these keys.
type Metadata struct {
	Type      MetadataType
	Piece     int64
	TotalSize int64  // bytes of the whole info dictionary; in MetadataData only
	Data      []byte // in MetadataData only
}

// Message returns m as an extension message with the number under which the
// peer takes ut_metadata.
func (m Metadata) Message(number uint8) Extended {
	var b []byte
	b = fmt.Appendf(b, "d8:msg_typei%de5:piecei%de", m.Type, m.Piece)
	if m.Type == MetadataData {
		b = fmt.Appendf(b, "10:total_sizei%de", m.TotalSize)
	}
	b = append(b, 'e')
	return Extended{number, append(b, m.Data...)}
}

// ParseMetadata reads the payload of a ut_metadata message. Data aliases the
// payload. The numbers may be anything that is not negative.
func ParseMetadata(payload []byte) (Metadata, error) {
	var dict struct {
		Type      int64 `bencode:"msg_type"`
		Piece     int64 `bencode:"piece"`
		TotalSize int64 `bencode:"total_size"`
	}
	rest, err := bencode.UnmarshalPrefix(payload, &dict)
	if err != nil {
		return Metadata{}, fmt.Errorf("%w: ut_metadata: %w", ErrMalformed, err)
	}
	if dict.Type < 0 || dict.Type > int64(MetadataReject) || dict.Piece < 0 || dict.TotalSize < 0 {
		return Metadata{}, fmt.Errorf("%w: ut_metadata: type %d, piece %d", ErrMalformed, dict.Type, dict.Piece)
	}
	m := Metadata{Type: MetadataType(dict.Type), Piece: dict.Piece}
	if m.Type == MetadataData {
		m.TotalSize, m.Data = dict.TotalSize, rest
	}
	return m, nil
}
