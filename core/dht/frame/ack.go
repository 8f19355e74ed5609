package frame

import "encoding/binary"

// Verdict is what a neighbour says of an envelope that it was given.
type Verdict byte

// The verdicts. A reply that comes at once is one too: it stands for Taken.
const (
	Taken   Verdict = 0 // it goes on from here, or will be answered
	Nothing Verdict = 1 // I know nobody closer, or tried all that I know
)

// Ack answers an envelope by its number, hop by hop:
//
//	2 | verdict: 1 | number: 8
//
// The first bit of the verdict says that it is for a reply, which has the number
// of its question.
type Ack struct {
	Verdict Verdict
	Reply   bool
	Number  uint64
}

const replyBit = 0x80

// Append appends the frame to b.
func (a Ack) Append(b []byte) []byte {
	verdict := byte(a.Verdict)
	if a.Reply {
		verdict |= replyBit
	}
	return binary.BigEndian.AppendUint64(append(b, byte(KindAck), verdict), a.Number)
}

// ParseAck reads a frame of KindAck.
func ParseAck(b []byte) (Ack, error) {
	if KindOf(b) != KindAck || len(b) != 10 || b[1]&^replyBit > byte(Nothing) {
		return Ack{}, short("a hop-ack", b)
	}
	return Ack{Verdict(b[1] &^ replyBit), b[1]&replyBit != 0, binary.BigEndian.Uint64(b[2:])}, nil
}
