package sim

import "github.com/shoal-p2p/shoal/core/wire"

// freeRider takes what it gets and gives nothing.
type freeRider struct{ plain }

func (freeRider) say(_ *end, m wire.Message) wire.Message {
	switch m.(type) {
	case wire.Unchoke, wire.Piece:
		return nil
	}
	return m
}
