package sim

import "github.com/shoal-p2p/shoal/core/wire"

// metadataLiar gives a wrong size for the info dictionary, or wrong bytes of it.
type metadataLiar struct {
	plain
	size int64 // what it says instead of the truth; 0 for the truth, and wrong bytes
}

func (b metadataLiar) say(_ *end, m wire.Message) wire.Message {
	extended, ok := m.(wire.Extended)
	if !ok {
		return m
	}
	if extended.ID == wire.HandshakeID {
		return b.handshake(extended)
	}
	part, err := wire.ParseMetadata(extended.Payload)
	if err != nil || part.Type != wire.MetadataData || len(part.Data) == 0 {
		return m
	}
	part.Data = append([]byte(nil), part.Data...)
	part.Data[0] ^= 0xff
	return part.Message(extended.ID)
}

func (b metadataLiar) handshake(m wire.Extended) wire.Message {
	h, err := wire.ParseExtendedHandshake(m.Payload)
	if err != nil || b.size == 0 {
		return m
	}
	h.MetadataSize = b.size
	changed, err := h.Message()
	if err != nil {
		return m
	}
	return changed
}
