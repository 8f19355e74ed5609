// Package krpc is the language of the overlay's questions and answers: the
// messages of BEP 5, 32, 43 and 44 with their names, and a few fields of our own
// for nodes that have no address. In come bytes, out comes a Message, and back.
// It keeps nothing, and does not judge signatures: package record does.
//
// What mainline does not know is "rn", ids of nodes, and "rp", records of peers,
// in answers; "age" of a record that is handed over; and the method "rtc", by
// which a node asks another for a connection. Keys that are not known are
// ignored, so a node of mainline understands the rest.
package krpc

import (
	"errors"
	"fmt"

	"github.com/shoal-p2p/shoal/core/bencode"
	"github.com/shoal-p2p/shoal/core/id"
)

const (
	// MaxSize bounds a message in bytes; an envelope carries no more.
	MaxSize = 6 << 10
	// MaxValue bounds an item as it is encoded (BEP 44).
	MaxValue = 1000
	// MaxSalt bounds the salt of a mutable item (BEP 44).
	MaxSalt = 64
	// MaxNodes bounds the ids in "rn".
	MaxNodes = 20
	// MaxPeers bounds the records in "rp".
	MaxPeers = 50
	// maxToken and maxTransaction bound what comes back as it was sent.
	maxToken, maxTransaction = 64, 32
	// maxText bounds the text of an error.
	maxText = 256
)

// ErrMalformed says that bytes are no message, or that a field of it has a
// length that it cannot have.
var ErrMalformed = errors.New("krpc: malformed message")

// Methods of questions.
const (
	Ping         = "ping"
	FindNode     = "find_node"
	GetPeers     = "get_peers"
	AnnouncePeer = "announce_peer"
	Get          = "get"
	Put          = "put"
	RTC          = "rtc" // ours
)

// Codes of errors, of BEP 5 and BEP 44.
const (
	Generic       = 201
	ServerError   = 202
	ProtocolError = 203
	UnknownMethod = 204
	TooBig        = 205
	BadSignature  = 206
	SaltTooBig    = 207
	CasMismatch   = 301
	SeqTooLow     = 302
)

// Message is a question, an answer, or an error: exactly one of the three is
// there.
type Message struct {
	Transaction string
	ReadOnly    bool // BEP 43: whoever asks wants to be in no table
	Query       *Query
	Answer      *Answer
	Error       *Error
}

// Query is a question. Fields that it does not use are zero or nil.
type Query struct {
	Method   string
	ID       id.ID // of who asks
	Target   id.ID // find_node, get
	InfoHash id.ID // get_peers, announce_peer

	Peer []byte // announce_peer: one record of package record, in its bytes

	Port        int    // announce_peer of mainline
	ImpliedPort bool   // the same
	Token       string // announce_peer and put of mainline

	Item
	Cas *int64 // put: only if the item has this seq
	Age int64  // put: seconds since its publisher announced it; of what is handed over

	Op  string // rtc
	Why string // rtc
}

// Answer is what a question brought.
type Answer struct {
	ID     id.ID // of who answers
	Token  string
	Nodes  string   // 26 bytes each (BEP 5)
	Nodes6 string   // 38 bytes each (BEP 32)
	Values []string // peers of 6 or 18 bytes (BEP 5, 32)

	Near  []id.ID  // "rn": the closest nodes that who answers is linked to
	Peers [][]byte // "rp": records of peers, each as package record writes it

	Item
	Op string // rtc
}

// Item is what BEP 44 keeps. V is the value as it is encoded, empty where there
// is none. A mutable item has a key, a seq and a signature; an immutable one has
// none of them.
type Item struct {
	V    bencode.Bytes
	K    id.Identity
	Seq  *int64
	Sig  id.Signature
	Salt string
}

// Error says that a question has no answer.
type Error struct {
	Code int64
	Text string
}

// Parse reads a message. What it returns shares no bytes with data.
func Parse(data []byte) (Message, error) {
	if len(data) > MaxSize {
		return Message{}, fmt.Errorf("%w: %d bytes", ErrMalformed, len(data))
	}
	var d dict
	if err := bencode.Unmarshal(data, &d); err != nil {
		return Message{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	m := Message{Transaction: d.T, ReadOnly: d.RO == 1}
	err := bounded("t", len(d.T), maxTransaction)
	if err == nil {
		err = m.read(d)
	}
	if err != nil {
		return Message{}, err
	}
	return m, nil
}

// read takes what the message's kind has. A kind without its dictionary is none.
func (m *Message) read(d dict) (err error) {
	switch {
	case d.Y == "q" && d.A != nil:
		m.Query = &Query{Method: d.Q}
		return m.Query.read(*d.A)
	case d.Y == "r" && d.R != nil:
		m.Answer = new(Answer)
		return m.Answer.read(*d.R)
	case d.Y == "e" && len(d.E) == 2:
		m.Error = new(Error)
		return m.Error.read(d.E)
	}
	return fmt.Errorf("%w: neither question, answer nor error", ErrMalformed)
}

// Encode returns the bytes of a message. It panics where there is not exactly
// one of question, answer and error.
func (m Message) Encode() []byte {
	d := dict{T: m.Transaction}
	if m.ReadOnly {
		d.RO = 1
	}
	switch {
	case m.Query != nil && m.Answer == nil && m.Error == nil:
		a := m.Query.write()
		d.Y, d.Q, d.A = "q", m.Query.Method, &a
	case m.Answer != nil && m.Query == nil && m.Error == nil:
		r := m.Answer.write()
		d.Y, d.R = "r", &r
	case m.Error != nil && m.Query == nil && m.Answer == nil:
		d.Y, d.E = "e", m.Error.write()
	default:
		panic("krpc: a message is one of question, answer and error")
	}
	return encoded(d)
}

func encoded(v any) []byte {
	b, err := bencode.Marshal(v)
	if err != nil {
		panic("krpc: a message is not of bencode's kinds")
	}
	return b
}
