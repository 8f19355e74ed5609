package frame

import (
	"encoding/binary"
	"time"

	"github.com/shoal-p2p/shoal/core/id"
)

const (
	// header is the length of an envelope's header in bytes.
	header = 4 + 8 + 2*id.Size + KeySize + 4
	// MaxPayload bounds what an envelope carries: a BEP 44 item with its key,
	// signature and salt, or fifty peer records, and the dictionary around them.
	MaxPayload = 6 << 10
)

// Flags of an Envelope.
const (
	// Reply: it travels back along the way that the envelope with this number came.
	Reply = 1 << iota
	// Detour: the receiver is no closer than others that were visited; it was
	// chosen for a neighbour of its own, and must get closer with its next step.
	Detour
	// Promised: the receiver was chosen for somebody behind it. If it knows nobody
	// closer it says so, and does not answer.
	Promised
	// Provisional: on the way of this reply somebody kept silent, so there may be a
	// closer node than the one that answers.
	Provisional
	// Hedge: the sender has another copy under way.
	Hedge

	knownFlags = Reply | Detour | Promised | Provisional | Hedge
)

// Envelope carries a message to the node that is closest to Dst, and the
// answer back:
//
//	1 | flags: 1 | ttl: 1 | hops: 1 | number: 8 | dst: 20 | src: 20 |
//	best: 8 | expiry: 4 | payload
//
// where number is random, best the distance from Dst of the closest node that it
// has visited, and expiry in seconds of Unix time. In a reply dst is who asked,
// src who answers, and hops how many the question took.
type Envelope struct {
	Flags     uint8
	TTL, Hops uint8
	Number    uint64
	Dst, Src  id.ID
	Best      uint64
	Expiry    uint32
	Payload   []byte
}

// Has reports whether all these flags are set.
func (e Envelope) Has(flags uint8) bool { return e.Flags&flags == flags }

// Expired reports whether nobody waits for it any more, by clocks that differ by
// no more than this.
func (e Envelope) Expired(now time.Time, skew time.Duration) bool {
	return now.Add(-skew).Unix() > int64(e.Expiry)
}

// Append appends the frame to b.
func (e Envelope) Append(b []byte) []byte {
	b = append(b, byte(KindRouted), e.Flags, e.TTL, e.Hops)
	b = binary.BigEndian.AppendUint64(b, e.Number)
	b = append(b, e.Dst[:]...)
	b = append(b, e.Src[:]...)
	b = binary.BigEndian.AppendUint64(b, e.Best)
	b = binary.BigEndian.AppendUint32(b, e.Expiry)
	return append(b, e.Payload...)
}

// ParseEnvelope reads a frame of KindRouted. The payload is a part of b.
func ParseEnvelope(b []byte) (Envelope, error) {
	if KindOf(b) != KindRouted || len(b) <= header || len(b) > header+MaxPayload || b[1]&^knownFlags != 0 {
		return Envelope{}, short("an envelope", b)
	}
	return Envelope{
		Flags:   b[1],
		TTL:     b[2],
		Hops:    b[3],
		Number:  binary.BigEndian.Uint64(b[4:]),
		Dst:     id.ID(b[12:32]),
		Src:     id.ID(b[32:52]),
		Best:    binary.BigEndian.Uint64(b[52:]),
		Expiry:  binary.BigEndian.Uint32(b[60:]),
		Payload: b[header:],
	}, nil
}
