package blame

import "time"

// Violation is a breach of protocol that is no lie about data.
type Violation uint8

// The violations; costs says what each one costs.
const (
	Unasked    Violation = iota // a block that nobody asked for
	BrokenVow                   // rejects or ignores requests for pieces it says it has
	Flood                       // more requests, offers or messages than it may
	Malformed                   // a message that cannot be read, or of what cannot be
	WrongState                  // a message that may not come now
)

const (
	// limit is the charge with which a peer is dropped.
	limit = 100
	// halfLife is how long it takes to be forgiven half of a charge.
	halfLife = 4 * time.Minute
)

// costs are parts of limit. Blocks cross with our Cancels, and a vow may be
// broken by a store that fails: both happen to honest peers now and then, so
// only a run of them counts. A liar that breaks a vow every ten seconds is
// dropped all the same. Honest programs do the others only by a fault.
var costs = [...]float64{
	Unasked:    6, // so 272 KiB of blocks at once are too many
	BrokenVow:  4,
	Flood:      20,
	Malformed:  50,
	WrongState: 20,
}
