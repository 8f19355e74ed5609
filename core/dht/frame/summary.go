package frame

import "encoding/binary"

// MaxSummary is how many records a Summary may name, so that it fits a packet.
const MaxSummary = 48

// Holding names a record without its content: the beginning of its target, what
// tells it from others of the same target (the beginning of the peer's id; 0 for
// an item), and which version it is.
type Holding struct {
	Target Key
	Sub    Key
	Seq    int64
}

const holdingSize = 2*KeySize + 8

// Summary names records, as KindHave or KindWant:
//
//	5 or 6 | up to 48 * (target: 8 | sub: 8 | seq: 8)
type Summary struct {
	Kind     Kind
	Holdings []Holding
}

// Append appends the frame to b. It panics beyond MaxSummary.
func (s Summary) Append(b []byte) []byte {
	if len(s.Holdings) > MaxSummary {
		panic("frame: a summary of more records than fit")
	}
	b = append(b, byte(s.Kind))
	for _, h := range s.Holdings {
		b = binary.BigEndian.AppendUint64(b, uint64(h.Target))
		b = binary.BigEndian.AppendUint64(b, uint64(h.Sub))
		b = binary.BigEndian.AppendUint64(b, uint64(h.Seq))
	}
	return b
}

// ParseSummary reads a frame of KindHave or KindWant.
func ParseSummary(b []byte) (Summary, error) {
	kind := KindOf(b)
	if kind != KindHave && kind != KindWant || len(b)%holdingSize != 1 || len(b) > 1+MaxSummary*holdingSize {
		return Summary{}, short("a summary", b)
	}
	s := Summary{Kind: kind}
	for b = b[1:]; len(b) > 0; b = b[holdingSize:] {
		s.Holdings = append(s.Holdings, Holding{
			Target: Key(binary.BigEndian.Uint64(b)),
			Sub:    Key(binary.BigEndian.Uint64(b[8:])),
			Seq:    int64(binary.BigEndian.Uint64(b[16:])),
		})
	}
	return s, nil
}
