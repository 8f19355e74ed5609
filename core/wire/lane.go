package wire

import (
	"fmt"

	"github.com/shoal-p2p/shoal/core/bencode"
)

// NameLane is the extension, ours, by which two peers open lanes: connections
// beside their main one that carry blocks and nothing else.
const NameLane = "sh_lane"

const (
	// maxLaneSDP bounds a description in bytes, as in the exchange of peers.
	maxLaneSDP = 16 << 10
	// maxLane is room for a description and all that stands beside it.
	maxLane = maxLaneSDP + 256
	// TokenSize is the length of a lane's token, in bytes.
	TokenSize = 16
)

// LaneKind says what a Lane message is.
type LaneKind int64

// The kinds. LaneHello is the first message of the lane itself, the others travel
// over the main connection. Kinds that are not known are ignored.
const (
	LaneOffer  LaneKind = 1 + iota // opens a lane: number, token and description
	LaneAnswer                     // takes it: number and description
	LaneRefuse                     // does not: number
	LaneHello                      // says which lane this connection is: number and token
	LaneInvite                     // lets the other side open lanes: its number is how many in all
)

// Lane is a message of sh_lane:
//
//	d 1:k 16:token 1:n i3e 3:sdp 7:v=0 … 1:t i1e e
//
// Number is the offerer's name for the lane; it uses none twice on one main
// connection, and offers none beyond what LaneInvite has said last. Token is known to the two peers alone, as the main connection
// carries it.
type Lane struct {
	Kind   LaneKind
	Number int64
	Token  [TokenSize]byte // LaneOffer and LaneHello
	SDP    string          // LaneOffer and LaneAnswer
}

// laneDict is a Lane message as bencode sees it.
type laneDict struct {
	Token  []byte `bencode:"k,omitempty"`
	Number int64  `bencode:"n"`
	SDP    string `bencode:"sdp,omitempty"`
	Kind   int64  `bencode:"t"`
}

// Message returns m as an extension message with the number under which the
// peer takes sh_lane.
func (m Lane) Message(number uint8) Extended {
	d := laneDict{Number: m.Number, Kind: int64(m.Kind)}
	if m.hasToken() {
		d.Token = m.Token[:]
	}
	if m.hasSDP() {
		d.SDP = m.SDP
	}
	payload, err := bencode.Marshal(d)
	if err != nil {
		panic("wire: a lane's message is not of bencode's kinds")
	}
	return Extended{number, payload}
}

func (m Lane) hasToken() bool { return m.Kind == LaneOffer || m.Kind == LaneHello }

func (m Lane) hasSDP() bool { return m.Kind == LaneOffer || m.Kind == LaneAnswer }

// FitsLane reports whether a description may travel in a Lane message.
func FitsLane(sdp string) bool { return sdp != "" && len(sdp) <= maxLaneSDP }

// ParseLane reads the payload of an sh_lane message. Of a kind that is not known
// it reads no more than that and the number.
func ParseLane(payload []byte) (Lane, error) {
	if len(payload) > maxLane {
		return Lane{}, fmt.Errorf("%w: sh_lane with %d bytes", ErrTooLong, len(payload))
	}
	var d laneDict
	if err := bencode.Unmarshal(payload, &d); err != nil {
		return Lane{}, fmt.Errorf("%w: sh_lane: %w", ErrMalformed, err)
	}
	m := Lane{Kind: LaneKind(d.Kind), Number: d.Number}
	if m.hasToken() {
		if len(d.Token) != TokenSize {
			return Lane{}, fmt.Errorf("%w: sh_lane: a token of %d bytes", ErrMalformed, len(d.Token))
		}
		m.Token = [TokenSize]byte(d.Token)
	}
	if m.hasSDP() {
		if !FitsLane(d.SDP) {
			return Lane{}, fmt.Errorf("%w: sh_lane: a description of %d bytes", ErrMalformed, len(d.SDP))
		}
		m.SDP = d.SDP
	}
	return m, nil
}

// NewLaneDecoder is a Decoder for a stream that begins without the Handshake, as
// a lane does.
func NewLaneDecoder() Decoder { return Decoder{shaken: true} }
