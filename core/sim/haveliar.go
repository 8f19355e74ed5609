package sim

import "github.com/shoal-p2p/shoal/core/wire"

// haveLiar says that it has everything and serves nothing: it rejects what it
// is asked for or, when silent, lets it be.
type haveLiar struct {
	plain
	silent bool
}

func (haveLiar) say(_ *end, m wire.Message) wire.Message {
	switch m.(type) {
	case wire.Bitfield, wire.HaveNone:
		return wire.HaveAll{}
	case wire.Have, wire.Piece, wire.Choke:
		return nil
	}
	return m
}

func (b haveLiar) hear(e *end, m wire.Message) bool {
	switch m := m.(type) {
	case wire.Request:
		if !b.silent {
			e.peer.send(e, wire.Reject(m))
		}
		return false
	case wire.Interested:
		e.peer.send(e, wire.Unchoke{})
	}
	return true
}
