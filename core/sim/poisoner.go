package sim

import "github.com/shoal-p2p/shoal/core/wire"

// poisoner corrupts a part of the blocks that it serves.
type poisoner struct {
	plain
	part float64 // how likely a block is corrupted
}

func (b poisoner) say(e *end, m wire.Message) wire.Message {
	block, ok := m.(wire.Piece)
	if !ok || e.peer.rng.Float64() >= b.part {
		return m
	}
	return corrupt(block)
}

func corrupt(m wire.Piece) wire.Piece {
	m.Block = append([]byte(nil), m.Block...)
	m.Block[len(m.Block)/2] ^= 0xff
	return m
}
