package swarm

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/wire"
)

func TestPeerOfAHugeTorrentMayTellOfEveryPieceBeforeTheMetadata(t *testing.T) {
	n := newNetwork(t)
	const pieces = 1<<16 + 1000
	info, err := metainfo.ParseInfo(fmt.Appendf(nil, "d6:lengthi%de4:name1:a12:piece lengthi1e6:pieces%d:%se",
		pieces, 20*pieces, make([]byte, 20*pieces)))
	if err != nil {
		t.Fatal(err)
	}
	tor := torrent{info: info}
	b := n.leech("b", tor)
	p := n.puppet(b, hand(tor, "p"))
	p.send(wire.HaveNone{})
	for i := range uint32(pieces) {
		p.send(wire.Have{Piece: i})
	}
	p.send(wire.DontHave{Piece: 7}.Message(ourDontHave))
	n.pass(time.Second)
	if b.drops[p.peer] != "" {
		t.Fatalf("an honest peer was dropped: %s", b.drops[p.peer])
	}
	if kept := b.peers[p.peer].claims; len(kept.has)+len(kept.lacks) > pieces/4 {
		t.Errorf("%d bytes are kept of %d pieces", len(kept.has)+len(kept.lacks), pieces)
	}
	b.handle(Learn{tor.info})
	if slot := b.peers[p.peer].slot; slot.Count() != pieces-1 || slot.Has(7) {
		t.Errorf("it has %d of %d pieces", slot.Count(), pieces)
	}
}

func TestClaimsBeforeTheMetadataAreBounded(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(16*kib, 16*kib)
	b := n.leech("b", tor)
	beyond := n.puppet(b, hand(tor, "beyo"))
	beyond.send(wire.Have{Piece: uint32(maxClaimed) - 1}, wire.Have{Piece: uint32(maxClaimed)})
	again := n.puppet(b, hand(tor, "agai"))
	for range 2 * talkBurst {
		again.send(wire.Have{Piece: 1})
	}
	n.pass(time.Second)
	if b.drops[beyond.peer] == "" || b.drops[again.peer] == "" {
		t.Errorf("dropped with %q for a piece that cannot be, with %q for a flood", b.drops[beyond.peer], b.drops[again.peer])
	}
}

func TestPieceSetIsASet(t *testing.T) {
	var s pieceSet
	for _, i := range []uint32{9, 0, 7, 9, 300, 8, 301} {
		s.add(i)
	}
	s.remove(8)
	s.remove(1000)
	if got := s.all(); !slices.Equal(got, []uint32{0, 7, 9, 300, 301}) || s.contains(8) || !s.contains(300) || s.contains(5000) {
		t.Errorf("holds %v", got)
	}
}
