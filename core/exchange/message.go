package exchange

import (
	"errors"
	"fmt"

	"github.com/shoal-p2p/shoal/core/bencode"
	"github.com/shoal-p2p/shoal/core/id"
)

const (
	// maxTold is how many peers a neighbour may have told of at a time.
	maxTold = 50
	// maxSDP bounds a description in bytes: those of data channels have one to
	// three KiB, with many interfaces up to ten. Relays keep up to twenty waiting.
	maxSDP = 16 << 10
	// maxMessage is room for a description and all that stands beside it.
	maxMessage = maxSDP + 512
)

// errMalformed says that a message breaks its form.
var errMalformed = errors.New("exchange: malformed message")

// kind says what a message is. Others than these are ignored.
type kind int64

const (
	tell   kind = 1 + iota // whom the sender knows
	offer                  // an offer on its way from one peer to another
	answer                 // an answer on its way back
	gone                   // an offer went no further: the peer is not there
	busy                   // an offer went no further: too many, or the peer declines
)

// message is one message of the extension; the package comment has its bytes.
type message struct {
	kind           kind
	added, dropped []id.ID // tell

	from, to, offerID id.ID // all others: offerer, answerer in offer; the reverse in answer
	key               id.Identity
	sdp               string
	sig               id.Signature
}

// dict is a message as bencode sees it.
type dict struct {
	Added   []byte `bencode:"added,omitempty"`
	Dropped []byte `bencode:"dropped,omitempty"`
	From    []byte `bencode:"from,omitempty"`
	OfferID []byte `bencode:"id,omitempty"`
	Key     []byte `bencode:"key,omitempty"`
	SDP     string `bencode:"sdp,omitempty"`
	Sig     []byte `bencode:"sig,omitempty"`
	Kind    int64  `bencode:"t"`
	To      []byte `bencode:"to,omitempty"`
}

// encode returns the bytes of a message.
func (m message) encode() []byte {
	d := dict{Kind: int64(m.kind), Added: join(m.added), Dropped: join(m.dropped)}
	if m.kind != tell {
		d.From, d.To, d.OfferID = m.from[:], m.to[:], m.offerID[:]
	}
	if m.described() {
		d.Key, d.SDP, d.Sig = m.key[:], m.sdp, m.sig[:]
	}
	b, err := bencode.Marshal(d)
	if err != nil {
		panic("exchange: a message is not of bencode's kinds")
	}
	return b
}

// described reports whether a message carries a description.
func (m message) described() bool { return m.kind == offer || m.kind == answer }

// parse reads a message. Of a kind that is not known it reads no more than that.
func parse(payload []byte) (message, error) {
	if len(payload) > maxMessage {
		return message{}, fmt.Errorf("%w: %d bytes", errMalformed, len(payload))
	}
	var d dict
	if err := bencode.Unmarshal(payload, &d); err != nil {
		return message{}, fmt.Errorf("%w: %w", errMalformed, err)
	}
	m := message{kind: kind(d.Kind)}
	var err error
	switch m.kind {
	case tell:
		err = m.readTold(d)
	case offer, answer:
		err = errors.Join(m.readNames(d), m.readDescription(d))
	case gone, busy:
		err = m.readNames(d)
	}
	if err != nil {
		return message{}, err
	}
	return m, nil
}

func (m *message) readTold(d dict) error {
	if !areIDs(d.Added) || !areIDs(d.Dropped) {
		return fmt.Errorf("%w: %d and %d bytes of peer ids", errMalformed, len(d.Added), len(d.Dropped))
	}
	m.added, m.dropped = split(d.Added), split(d.Dropped)
	return nil
}

func (m *message) readNames(d dict) error {
	if len(d.From) != id.Size || len(d.To) != id.Size || len(d.OfferID) != id.Size {
		return fmt.Errorf("%w: ids of %d, %d and %d bytes", errMalformed, len(d.From), len(d.To), len(d.OfferID))
	}
	m.from, m.to, m.offerID = id.ID(d.From), id.ID(d.To), id.ID(d.OfferID)
	return nil
}

func (m *message) readDescription(d dict) error {
	if len(d.Key) != len(m.key) || len(d.Sig) != len(m.sig) || !fits(d.SDP) {
		return fmt.Errorf("%w: a key, description and signature of %d, %d and %d bytes",
			errMalformed, len(d.Key), len(d.SDP), len(d.Sig))
	}
	m.key, m.sdp, m.sig = id.Identity(d.Key), d.SDP, id.Signature(d.Sig)
	return nil
}

func fits(sdp string) bool { return sdp != "" && len(sdp) <= maxSDP }

func areIDs(b []byte) bool { return len(b)%id.Size == 0 && len(b) <= maxTold*id.Size }

func join(ids []id.ID) []byte {
	var b []byte
	for _, a := range ids {
		b = append(b, a[:]...)
	}
	return b
}

func split(b []byte) []id.ID {
	var ids []id.ID
	for ; len(b) > 0; b = b[id.Size:] {
		ids = append(ids, id.ID(b[:id.Size]))
	}
	return ids
}
