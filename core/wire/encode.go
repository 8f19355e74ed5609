package wire

import "encoding/binary"

// The message ids of BEP 3, BEP 5, BEP 6 and BEP 10.
const (
	idChoke         = 0
	idUnchoke       = 1
	idInterested    = 2
	idNotInterested = 3
	idHave          = 4
	idBitfield      = 5
	idRequest       = 6
	idPiece         = 7
	idCancel        = 8
	idPort          = 9
	idSuggest       = 13
	idHaveAll       = 14
	idHaveNone      = 15
	idReject        = 16
	idAllowedFast   = 17
	idExtended      = 20
)

const (
	protocol      = "\x13BitTorrent protocol"
	handshakeSize = 68
	prefixSize    = 4 // the length before every message
	pieceHead     = 9 // id, piece and begin
)

// Append adds the encoding of m to b.
func Append(b []byte, m Message) []byte { return m.append(b) }

// Size is the number of bytes that Append adds for m.
func Size(m Message) int { return m.size() }

// append writes:
//
//	+------+-----------------------+----------+-----------+---------+
//	| 0x13 | "BitTorrent protocol" | reserved | info hash | peer id |
//	|   1  |          19           |    8     |    20     |   20    |
//	+------+-----------------------+----------+-----------+---------+
func (m Handshake) append(b []byte) []byte {
	b = append(b, protocol...)
	var reserved [8]byte
	if m.Extended {
		reserved[5] |= reservedExtended
	}
	if m.Fast {
		reserved[7] |= reservedFast
	}
	b = append(b, reserved[:]...)
	b = append(b, m.InfoHash[:]...)
	return append(b, m.PeerID[:]...)
}

const (
	reservedExtended = 0x10 // in reserved[5]
	reservedFast     = 0x04 // in reserved[7]
)

// append writes four zeros:
//
//	+--------+
//	| len 0  |
//	|   4    |
//	+--------+
func (KeepAlive) append(b []byte) []byte { return append(b, 0, 0, 0, 0) }

// appendHead writes what every message but the handshake and KeepAlive begins
// with; length counts the id and what follows it. Messages of an id alone are
// no more than this:
//
//	+--------+----+
//	| length | id |
//	|   4    | 1  |
//	+--------+----+
func appendHead(b []byte, length int, id byte) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(length)), id)
}

// appendNumber writes:
//
//	+--------+----+-------+
//	| len 5  | id | piece |
//	|   4    | 1  |   4   |
//	+--------+----+-------+
func appendNumber(b []byte, id byte, piece uint32) []byte {
	return binary.BigEndian.AppendUint32(appendHead(b, 5, id), piece)
}

// appendRange writes:
//
//	+--------+----+-------+-------+--------+
//	| len 13 | id | piece | begin | length |
//	|   4    | 1  |   4   |   4   |   4    |
//	+--------+----+-------+-------+--------+
func appendRange(b []byte, id byte, piece, begin, length uint32) []byte {
	b = appendNumber(b, id, piece)
	binary.BigEndian.PutUint32(b[len(b)-9:], 13)
	b = binary.BigEndian.AppendUint32(b, begin)
	return binary.BigEndian.AppendUint32(b, length)
}

func (Choke) append(b []byte) []byte         { return appendHead(b, 1, idChoke) }
func (Unchoke) append(b []byte) []byte       { return appendHead(b, 1, idUnchoke) }
func (Interested) append(b []byte) []byte    { return appendHead(b, 1, idInterested) }
func (NotInterested) append(b []byte) []byte { return appendHead(b, 1, idNotInterested) }
func (HaveAll) append(b []byte) []byte       { return appendHead(b, 1, idHaveAll) }
func (HaveNone) append(b []byte) []byte      { return appendHead(b, 1, idHaveNone) }

func (m Have) append(b []byte) []byte        { return appendNumber(b, idHave, m.Piece) }
func (m Suggest) append(b []byte) []byte     { return appendNumber(b, idSuggest, m.Piece) }
func (m AllowedFast) append(b []byte) []byte { return appendNumber(b, idAllowedFast, m.Piece) }

func (m Request) append(b []byte) []byte {
	return appendRange(b, idRequest, m.Piece, m.Begin, m.Length)
}

func (m Cancel) append(b []byte) []byte {
	return appendRange(b, idCancel, m.Piece, m.Begin, m.Length)
}

func (m Reject) append(b []byte) []byte {
	return appendRange(b, idReject, m.Piece, m.Begin, m.Length)
}

// append writes:
//
//	+--------+---+------+
//	| len    | 5 | bits |
//	|   4    | 1 | ...  |
//	+--------+---+------+
func (m Bitfield) append(b []byte) []byte {
	return append(appendHead(b, 1+len(m.Bits), idBitfield), m.Bits...)
}

// append writes:
//
//	+--------+---+-------+-------+-------+
//	| len    | 7 | piece | begin | block |
//	|   4    | 1 |   4   |   4   |  ...  |
//	+--------+---+-------+-------+-------+
func (m Piece) append(b []byte) []byte {
	b = appendHead(b, pieceHead+len(m.Block), idPiece)
	b = binary.BigEndian.AppendUint32(b, m.Piece)
	b = binary.BigEndian.AppendUint32(b, m.Begin)
	return append(b, m.Block...)
}

// append writes:
//
//	+--------+---+------+
//	| len 3  | 9 | port |
//	|   4    | 1 |  2   |
//	+--------+---+------+
func (m Port) append(b []byte) []byte {
	return binary.BigEndian.AppendUint16(appendHead(b, 3, idPort), m.Port)
}

// append writes:
//
//	+--------+----+-----------+---------+
//	| len    | 20 | extension | payload |
//	|   4    | 1  |     1     |   ...   |
//	+--------+----+-----------+---------+
func (m Extended) append(b []byte) []byte {
	b = append(appendHead(b, 2+len(m.Payload), idExtended), m.ID)
	return append(b, m.Payload...)
}

func (Handshake) size() int     { return handshakeSize }
func (KeepAlive) size() int     { return prefixSize }
func (Choke) size() int         { return prefixSize + 1 }
func (Unchoke) size() int       { return prefixSize + 1 }
func (Interested) size() int    { return prefixSize + 1 }
func (NotInterested) size() int { return prefixSize + 1 }
func (HaveAll) size() int       { return prefixSize + 1 }
func (HaveNone) size() int      { return prefixSize + 1 }
func (Have) size() int          { return prefixSize + 5 }
func (Suggest) size() int       { return prefixSize + 5 }
func (AllowedFast) size() int   { return prefixSize + 5 }
func (Request) size() int       { return prefixSize + 13 }
func (Cancel) size() int        { return prefixSize + 13 }
func (Reject) size() int        { return prefixSize + 13 }
func (Port) size() int          { return prefixSize + 3 }
func (m Bitfield) size() int    { return prefixSize + 1 + len(m.Bits) }
func (m Piece) size() int       { return prefixSize + pieceHead + len(m.Block) }
func (m Extended) size() int    { return prefixSize + 2 + len(m.Payload) }
