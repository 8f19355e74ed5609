// Package frame is what two linked nodes of the overlay send each other, byte
// by byte. In come the bytes of one message of a data channel, out comes one
// struct for each kind, and back. It keeps nothing and judges no order.
//
// The first byte says what a frame is. 'd' begins a bencoded dictionary, which
// is a message of package krpc to the neighbour itself.
package frame

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/shoal-p2p/shoal/core/id"
)

// MaxSize bounds a frame in bytes: what every WebRTC stack passes as one
// message. Those of the overlay itself fit one packet.
const MaxSize = 16 << 10

// Kind is the first byte of a frame.
type Kind byte

// The kinds of frames. Others are ignored, as the future may bring them.
const (
	KindRouted Kind = 1   // an Envelope
	KindAck    Kind = 2   // an Ack
	KindDigest Kind = 3   // a Digest
	KindResync Kind = 4   // "send me your whole digest now"; it is also the probe of a silent link
	KindHave   Kind = 5   // a Summary of records that the sender has and the receiver should have
	KindWant   Kind = 6   // a Summary of those of them that the receiver lacks
	KindLeave  Kind = 7   // the sender goes away
	KindKRPC   Kind = 'd' // a krpc.Message to the neighbour
)

// ErrMalformed says that bytes are no frame of the kind that they begin as.
var ErrMalformed = errors.New("frame: malformed")

// KindOf says what a frame is; 0 where it is none.
func KindOf(b []byte) Kind {
	if len(b) == 0 || len(b) > MaxSize {
		return 0
	}
	return Kind(b[0])
}

// Resync asks for the whole digest.
func Resync() []byte { return []byte{byte(KindResync)} }

// Leave says that its sender goes away.
func Leave() []byte { return []byte{byte(KindLeave)} }

// Key is the beginning of a node's id, by which routing and digests know it:
// two nodes of ten million share one with a probability of 1 in 370,000.
type Key uint64

// KeySize is the length of a Key in bytes.
const KeySize = 8

// KeyOf is the key of an id.
func KeyOf(a id.ID) Key { return Key(binary.BigEndian.Uint64(a[:])) }

// ID is the first of the ids that have this key: where a message goes that is
// meant for the key.
func (k Key) ID() (a id.ID) {
	binary.BigEndian.PutUint64(a[:], uint64(k))
	return a
}

// short is the error of a frame that ends early or goes on too long.
func short(what string, b []byte) error {
	return fmt.Errorf("%w: %s of %d bytes", ErrMalformed, what, len(b))
}
