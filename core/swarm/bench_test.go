package swarm

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/wire"
)

// BenchmarkBlock is what a leecher does for one block, from the bytes that come
// to the effects, with a store that answers at once.
func BenchmarkBlock(b *testing.B) {
	layout, err := metainfo.NewLayout(int64(b.N+1000)*metainfo.BlockSize, 256*kib)
	if err != nil {
		b.Skip(err)
	}
	info := &metainfo.Info{Layout: layout, Digests: make([]metainfo.Digest, layout.Pieces())}
	s := New(Config{PeerID: peerID("us")}, rand.New(rand.NewPCG(1, 0)))
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var asked []wire.Request
	var events []Event
	handle := func(ev Event) {
		s.Handle(now, ev)
		for e, ok := s.Poll(); ok; e, ok = s.Poll() {
			switch e := e.(type) {
			case Send:
				if m, ok := e.Msg.(wire.Request); ok {
					asked = append(asked, m)
				}
			case Open:
				events = append(events, Opened{})
			case Write:
				events = append(events, Wrote{e.Block, nil})
			case Verify:
				events = append(events, Verified{Piece: e.Piece.Index})
			}
		}
	}
	settle := func() {
		for len(events) > 0 {
			ev := events[0]
			events = events[1:]
			handle(ev)
		}
	}
	handle(Learn{info})
	settle()
	handle(Connected{Peer: 1})
	opening := wire.Append(nil, wire.Handshake{Fast: true, PeerID: peerID("p")})
	handle(Received{1, wire.Append(wire.Append(opening, wire.HaveAll{}), wire.Unchoke{})})
	raw := wire.Append(nil, wire.Piece{Block: make([]byte, metainfo.BlockSize)})
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		m := asked[0]
		asked = asked[1:]
		wire.Append(raw[:0], wire.Piece{Piece: m.Piece, Begin: m.Begin, Block: raw[13:]})
		now = now.Add(time.Millisecond)
		handle(Received{1, raw})
		handle(Drained{1, 1 << 40})
		settle()
	}
}
