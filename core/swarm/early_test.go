package swarm

import (
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/picker"
	"github.com/shoal-p2p/shoal/core/wire"
)

// Given a peer that knows a torrent by its info hash alone, and another one.
func meetsWithoutMetadata(t *testing.T, state wire.Message, before ...Event) (*network, *host, *puppet) {
	n := newNetwork(t)
	tor := newTorrent(16*kib, 160*kib)
	h := n.leech("leech", tor)
	for _, ev := range before {
		h.handle(ev)
	}
	p := n.puppet(h, hand(tor, "puppet"))
	p.send(greeting(wire.ExtendedHandshake{M: map[string]uint8{wire.NameMetadata: 7}, MetadataSize: int64(len(tor.info.Bytes))}), state)
	n.pass(time.Second)
	return n, h, p
}

func TestWhoHasAnythingIsToldOfInterestBeforeTheMetadata(t *testing.T) {
	for _, c := range []struct {
		name   string
		state  wire.Message
		before []Event
		want   int
	}{
		{"it has all", wire.HaveAll{}, nil, 1},
		{"it has a piece", wire.Bitfield{Bits: []byte{0, 0x40}}, nil, 1},
		{"it has nothing", wire.HaveNone{}, nil, 0},
		{"it says so at length", wire.Bitfield{Bits: []byte{0, 0}}, nil, 0},
		{"we may want none of it", wire.HaveAll{}, []Event{Select{Priority: []picker.Priority{picker.Skip}}}, 0},
		{"we are paused", wire.HaveAll{}, []Event{Pause{}}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, h, p := meetsWithoutMetadata(t, c.state, c.before...)
			if h.Info() != nil {
				t.Fatal("the metadata is known")
			}
			if got := count[wire.Interested](p); got != c.want {
				t.Errorf("told %d times of interest, want %d", got, c.want)
			}
		})
	}
}

func TestInterestBeforeTheMetadataEndsWithAPause(t *testing.T) {
	n, h, p := meetsWithoutMetadata(t, wire.HaveAll{})
	h.handle(Pause{})
	n.pass(time.Second)
	h.handle(Resume{})
	n.pass(time.Second)
	if in, out := count[wire.Interested](p), count[wire.NotInterested](p); in != 2 || out != 1 {
		t.Errorf("%d times interested, %d times not", in, out)
	}
}

// When the metadata comes, with the Unchoke, the first request leaves at once.
func TestFirstRequestLeavesWithTheMetadata(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(16*kib, 160*kib)
	h := n.leech("leech", tor)
	p := n.puppet(h, hand(tor, "puppet"))
	p.on = func(m wire.Message) {
		switch m := m.(type) {
		case wire.Interested:
			p.send(wire.Unchoke{})
		case wire.Extended:
			if data, err := wire.ParseMetadata(m.Payload); m.ID == 7 && err == nil {
				p.send(dataOf(tor.info.Bytes, data.Piece))
			}
		}
	}
	p.send(greeting(wire.ExtendedHandshake{M: map[string]uint8{wire.NameMetadata: 7}, MetadataSize: int64(len(tor.info.Bytes))}), wire.HaveAll{})
	n.run(time.Second, func() bool { return h.Info() != nil })
	known := n.now
	n.run(time.Second, func() bool { return count[wire.Request](p) > 0 })
	if took := n.now.Sub(known); took > storeDelay+n.latency+time.Millisecond {
		t.Errorf("the first request came %v after the metadata: the store takes %v, the way %v", took, storeDelay, n.latency)
	}
	if got := count[wire.Interested](p); got != 1 {
		t.Errorf("told %d times of interest", got)
	}
	if got := count[wire.NotInterested](p); got != 0 {
		t.Error("interest was taken back while the store opened")
	}
}
