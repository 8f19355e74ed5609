package wire

import (
	"encoding/binary"
	"fmt"
)

// DontHave takes a Have back (lt_donthave, BEP 54):
//
//	+-------+
//	| piece |
//	|   4   |
//	+-------+
type DontHave struct{ Piece uint32 }

// Message returns m as an extension message with the number under which the
// peer takes lt_donthave.
func (m DontHave) Message(number uint8) Extended {
	return Extended{number, binary.BigEndian.AppendUint32(nil, m.Piece)}
}

// ParseDontHave reads the payload of an lt_donthave message.
func ParseDontHave(payload []byte) (DontHave, error) {
	if len(payload) != 4 {
		return DontHave{}, fmt.Errorf("%w: lt_donthave with %d bytes", ErrMalformed, len(payload))
	}
	return DontHave{binary.BigEndian.Uint32(payload)}, nil
}
