package swarm

import (
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/wire"
)

func TestPieceThatTheStoreLostIsTakenBack(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(64*kib, 256*kib)
	a, p := served(n, tor)
	hello := greeting(wire.ExtendedHandshake{M: map[string]uint8{wire.NameDontHave: 7}})
	p.send(hello)
	n.pass(time.Second)
	a.failing = errDisk
	p.send(wire.Request{Piece: 2, Length: 16 * kib})
	n.pass(time.Second)
	var last wire.DontHave
	var err error
	for _, m := range all[wire.Extended](p) {
		if m.ID == 7 {
			last, err = wire.ParseDontHave(m.Payload)
		}
	}
	if err != nil || last.Piece != 2 {
		t.Errorf("the piece that cannot be read was not taken back: %v, %v", last, err)
	}
	// Who comes meanwhile is not told that we have it
	q := n.puppet(a, hand(tor, "q"))
	n.pass(time.Second)
	if sets := all[wire.Bitfield](q); len(sets) != 1 || sets[0].Bits[0] != 0xd0 {
		t.Errorf("a newcomer was told %v", sets)
	}
	// When the store is tried again, we have it again
	a.failing = nil
	a.handle(Resume{})
	n.pass(time.Second)
	if haves := all[wire.Have](q); len(haves) != 1 || haves[0].Piece != 2 {
		t.Errorf("told of %v", haves)
	}
}

func TestPauseStopsMetadataToo(t *testing.T) {
	n := newNetwork(t)
	n.bandwidth = 1 << 10
	tor := longTorrent()
	a := n.seedOf("a", tor)
	hello := greeting(wire.ExtendedHandshake{M: map[string]uint8{wire.NameMetadata: 3}})
	kinds := func(p *puppet) (data, rejects int) {
		for _, m := range all[wire.Extended](p) {
			if m.ID != 3 {
				continue
			}
			switch m, err := wire.ParseMetadata(m.Payload); {
			case err != nil:
				t.Fatal(err)
			case m.Type == wire.MetadataReject:
				rejects++
			default:
				data++
			}
		}
		return data, rejects
	}
	// Given a peer whose channel is full, so that its requests wait
	p := n.puppet(a, hand(tor, "p"))
	p.send(hello)
	n.pass(time.Second)
	a.peers[p.peer].drained -= highWater
	for i := range int64(5) {
		p.send(wire.Metadata{Type: wire.MetadataRequest, Piece: i}.Message(ourMetadata))
	}
	n.pass(time.Second)
	a.handle(Pause{})
	p.send(wire.Metadata{Type: wire.MetadataRequest, Piece: 5}.Message(ourMetadata))
	n.pass(10 * time.Second)
	a.peers[p.peer].drained += highWater
	a.handle(Tick{})
	n.pass(time.Minute)
	if data, rejects := kinds(p); data != 0 || rejects != 6 {
		t.Errorf("%d pieces of metadata and %d rejects came in a pause", data, rejects)
	}
}
