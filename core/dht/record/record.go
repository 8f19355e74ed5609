// Package record is what the overlay keeps for others: who is in a swarm, signed
// by each of them, and the items of BEP 44. In come records and the time, out
// come those that are still good. Every record proves itself, so anybody who
// holds one may hand it on. It sends nothing, and does not know who should hold
// what.
package record

import (
	"errors"
	"time"

	"github.com/shoal-p2p/shoal/core/id"
)

const (
	// PeerLife is for how long a peer is in a swarm after it has said so; it says
	// so again every PeerRefresh.
	PeerLife    = 5 * time.Minute
	PeerRefresh = 90 * time.Second
	// ItemLife is for how long an item is kept after its publisher, or anybody
	// who wants it to stay, has put it, and ItemRefresh how often to do so (BEP 44).
	ItemLife    = 2 * time.Hour
	ItemRefresh = time.Hour
	// Skew is by how much the clocks of honest nodes may differ.
	Skew = 2 * time.Minute
)

var (
	// ErrForm says that a record is no record: its bytes, or a value that is not
	// bencoded in canonical form.
	ErrForm = errors.New("record: malformed")
	// ErrTooBig says that a value has more than 1,000 bytes (BEP 44).
	ErrTooBig = errors.New("record: value too big")
	// ErrSalt says that a salt has more than 64 bytes (BEP 44).
	ErrSalt = errors.New("record: salt too big")
	// ErrSignature says that whom a record names has not signed it.
	ErrSignature = errors.New("record: wrong signature")
	// ErrCas says that the item that is there has another seq than the one that is
	// to be replaced (BEP 44).
	ErrCas = errors.New("record: cas mismatch")
	// ErrSeq says that the record that is there is newer (BEP 44).
	ErrSeq = errors.New("record: seq too low")
	// ErrStale says that a record's time is over, or has not come.
	ErrStale = errors.New("record: not of this time")
	// ErrFull says that there is no room for it, or none for whoever brings it.
	ErrFull = errors.New("record: no room")
)

// Record is a Peer or an Item.
type Record interface {
	// Target is the place around which it is kept.
	Target() id.ID
	// Check says what is wrong with it, at any time.
	Check() error

	sub() id.ID         // tells it from others of its target
	seq() int64         // greater in a newer one
	same(o Record) bool // it says the same
	size() int          // bytes
}
