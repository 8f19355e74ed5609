package swarm

import (
	"bytes"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/id"
	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/wire"
)

func TestAllowedFastSetIsThatOfBEP6(t *testing.T) {
	var hash id.ID
	copy(hash[:], bytes.Repeat([]byte{0xaa}, 20))
	want := []metainfo.PieceIndex{1059, 431, 808, 1217, 287, 376, 1188, 353, 508}
	addr := netip.MustParseAddr("80.4.4.200")
	for _, k := range []int{7, 9} {
		if got := allowedFast(addr, hash, 1313, k); !slices.Equal(got, want[:k]) {
			t.Errorf("%d pieces: %v, want %v", k, got, want[:k])
		}
	}
	if got := allowedFast(addr, hash, 3, 10); len(got) != 3 {
		t.Errorf("%v of three pieces", got)
	}
}

// crowded is a seed whose slots are all taken.
func crowded(n *network, tor torrent) *host {
	a := n.seedOf("a", tor)
	a.super.ready = false
	for range 5 {
		n.puppet(a, hand(tor, "p")).send(wire.HaveNone{}, wire.Interested{})
	}
	n.pass(100 * time.Millisecond)
	return a
}

func TestChokedNewcomerWithAnAddressIsServedALittle(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(256*kib, 16<<20)
	a := crowded(n, tor)
	for _, c := range []struct {
		addr string
		want int
	}{{"80.4.4.200", ourAllowed}, {"::ffff:80.4.4.200", ourAllowed}, {"2001:db8::1", 0}, {"", 0}} {
		n.link.Addr, _ = netip.ParseAddr(c.addr)
		p := n.puppet(a, hand(tor, "q"))
		p.send(wire.HaveNone{})
		n.pass(time.Second)
		sets := all[wire.AllowedFast](p)
		if len(sets) != c.want {
			t.Errorf("%q: %d pieces are allowed, want %d", c.addr, len(sets), c.want)
		}
		if len(sets) == 0 {
			continue
		}
		p.send(wire.Request{Piece: other(sets), Length: 16 * kib})
		for _, m := range sets {
			for begin := uint32(0); begin < 256*kib; begin += 16 * kib {
				p.send(wire.Request{Piece: m.Piece, Begin: begin, Length: 16 * kib})
			}
		}
		n.pass(5 * time.Second)
		if got := count[wire.Piece](p) * 16 * kib; got != freeBytes || count[wire.Unchoke](p) != 0 {
			t.Errorf("%q: %d bytes came while choked, want %d", c.addr, got, freeBytes)
		}
		for _, m := range all[wire.Piece](p) {
			if m.Piece == other(sets) {
				t.Error("a piece came that is not allowed")
			}
		}
	}
}

// other is a piece that is not in the set.
func other(set []wire.AllowedFast) uint32 {
	i := uint32(0)
	for slices.Contains(set, wire.AllowedFast{Piece: i}) {
		i++
	}
	return i
}

func TestAllowedPiecesAreAskedForWhileChoked(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(64*kib, 1<<20)
	b := n.leech("b", tor)
	p := n.puppet(b, hand(tor, "p"))
	p.on = func(m wire.Message) {
		if m, ok := m.(wire.Request); ok {
			p.send(tor.block(m))
		}
	}
	// Given a peer that allows two pieces, of which it has one, before we know the metadata
	p.send(wire.Bitfield{Bits: []byte{0x70, 0}}, wire.AllowedFast{Piece: 2}, wire.AllowedFast{Piece: 9}, wire.AllowedFast{Piece: 99})
	n.pass(100 * time.Millisecond)
	b.handle(Learn{tor.info})
	n.pass(2 * time.Second)
	if have := b.Pieces(); have.Count() != 1 || !have.Has(2) {
		t.Errorf("%d pieces came, want piece 2 alone", have.Count())
	}
	// When it gets the other, that one is asked for too
	p.send(wire.Have{Piece: 9})
	n.pass(2 * time.Second)
	if have := b.Pieces(); have.Count() != 2 || !have.Has(9) {
		t.Errorf("%d pieces came", have.Count())
	}
	p.send(wire.Unchoke{})
	n.pass(2 * time.Second)
	if have := b.Pieces(); have.Count() != 4 {
		t.Errorf("%d pieces came after the unchoke, want all 4 that it has", have.Count())
	}
	for i := range uint32(1000) {
		p.send(wire.AllowedFast{Piece: i})
	}
	n.pass(time.Second)
	if q := b.peers[p.peer]; q != nil && len(q.pieces.theirs) > maxAllowed {
		t.Errorf("%d allowed pieces are kept", len(q.pieces.theirs))
	}
}
