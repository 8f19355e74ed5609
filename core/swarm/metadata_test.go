package swarm

import (
	"bytes"
	"crypto/sha1"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/wire"
)

func metainfoIndex(i int) metainfo.PieceIndex { return metainfo.PieceIndex(i) }

// longTorrent has an info dictionary of a dozen metadata pieces: it lists
// thousands of empty files.
var longTorrent = sync.OnceValue(func() torrent { return newTorrent(16*kib, append(make([]int64, 6000), 160*kib)...) })

// metadataPuppet connects a puppet that announces metadata of a size and
// answers requests as it likes.
func metadataPuppet(n *network, h *host, tor torrent, size int64, answer func(p *puppet, piece int64)) *puppet {
	p := n.puppet(h, hand(tor, fmt.Sprint("p", n.next)))
	p.on = func(m wire.Message) {
		ext, ok := m.(wire.Extended)
		if !ok || ext.ID != 7 {
			return
		}
		if m, err := wire.ParseMetadata(ext.Payload); err == nil && m.Type == wire.MetadataRequest {
			answer(p, m.Piece)
		}
	}
	hello := greeting(wire.ExtendedHandshake{M: map[string]uint8{wire.NameMetadata: 7}, MetadataSize: size})
	p.send(hello, wire.HaveNone{})
	return p
}

func dataOf(all []byte, piece int64) wire.Extended {
	begin := piece * wire.MetadataPiece
	return wire.Metadata{Type: wire.MetadataData, Piece: piece, TotalSize: int64(len(all)),
		Data: all[begin:min(begin+wire.MetadataPiece, int64(len(all)))]}.Message(ourMetadata)
}

func honest(tor torrent) func(*puppet, int64) {
	return func(p *puppet, piece int64) { p.send(dataOf(tor.info.Bytes, piece)) }
}

func lying(tor torrent) func(*puppet, int64) {
	wrong := bytes.Repeat([]byte("x"), len(tor.info.Bytes))
	return func(p *puppet, piece int64) { p.send(dataOf(wrong, piece)) }
}

func rejecting(p *puppet, piece int64) {
	p.send(wire.Metadata{Type: wire.MetadataReject, Piece: piece}.Message(ourMetadata))
}

func silent(*puppet, int64) {}

func TestMetadataFromSeveralPeers(t *testing.T) {
	n := newNetwork(t)
	tor := longTorrent()
	b := n.leech("b", tor)
	for range 3 {
		metadataPuppet(n, b, tor, int64(len(tor.info.Bytes)), honest(tor))
	}
	n.run(time.Second, func() bool { return b.Info() != nil })
	if !bytes.Equal(b.Info().Bytes, tor.info.Bytes) {
		t.Error("wrong metadata")
	}
}

func TestMetadataDespiteHostilePeers(t *testing.T) {
	tor := longTorrent()
	size := int64(len(tor.info.Bytes))
	for _, c := range []struct {
		name   string
		size   int64
		answer func(*puppet, int64)
	}{
		{"rejects", size, rejecting},
		{"says nothing", size, silent},
		{"lies", size, lying(tor)},
		{"lies about the size", size + 1, lying(tor)},
		{"announces 10 MiB and says nothing", 10 << 20, silent},
		{"announces a petabyte", 1 << 50, silent},
		{"announces a negative size", -5, silent},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := newNetwork(t)
			b := n.leech("b", tor)
			for range 3 {
				metadataPuppet(n, b, tor, c.size, c.answer)
			}
			n.pass(100 * time.Millisecond)
			good := metadataPuppet(n, b, tor, size, honest(tor))
			n.run(time.Minute, func() bool { return b.Info() != nil })
			if b.drops[good.peer] != "" {
				t.Errorf("the honest peer was dropped: %s", b.drops[good.peer])
			}
		})
	}
}

func TestMixedWrongMetadataFindsTheLiars(t *testing.T) {
	n := newNetwork(t)
	tor := longTorrent()
	size := int64(len(tor.info.Bytes))
	b := n.leech("b", tor)
	liar := metadataPuppet(n, b, tor, size, lying(tor))
	good := metadataPuppet(n, b, tor, size, honest(tor))
	other := metadataPuppet(n, b, tor, size, lying(tor))
	n.run(time.Minute, func() bool { return b.Info() != nil })
	if b.drops[good.peer] != "" {
		t.Error("the honest peer was dropped")
	}
	if b.drops[liar.peer] == "" && b.drops[other.peer] == "" {
		t.Error("no liar was found on the way")
	}
	if b.drops[liar.peer] != "sent wrong metadata" && b.drops[other.peer] != "sent wrong metadata" {
		t.Errorf("dropped: %v", b.drops)
	}
}

func TestManySizesAreTriedUntilOneIsRight(t *testing.T) {
	n := newNetwork(t)
	tor := longTorrent()
	size := int64(len(tor.info.Bytes))
	b := n.leech("b", tor)
	for k := range int64(3 * maxAssemblies) {
		metadataPuppet(n, b, tor, size+1+k, silent)
	}
	n.pass(time.Second)
	metadataPuppet(n, b, tor, size, honest(tor))
	n.run(3*time.Minute, func() bool { return b.Info() != nil })
}

func TestMetadataPeerThatVanishesIsReplaced(t *testing.T) {
	n := newNetwork(t)
	tor := longTorrent()
	size := int64(len(tor.info.Bytes))
	b := n.leech("b", tor)
	half := metadataPuppet(n, b, tor, size, func(p *puppet, piece int64) {
		if piece < 2 {
			p.send(dataOf(tor.info.Bytes, piece))
		}
	})
	n.pass(time.Second)
	b.cutOff(half.peer)
	metadataPuppet(n, b, tor, size, honest(tor))
	n.run(time.Second, func() bool { return b.Info() != nil })
}

func TestHandshakeIsSentAgainWhenTheMetadataIsKnown(t *testing.T) {
	n := newNetwork(t)
	tor := longTorrent()
	b := n.leech("b", tor)
	p := n.puppet(b, hand(tor, "p"))
	n.pass(time.Second)
	b.handle(Learn{tor.info})
	n.pass(time.Second)
	var sizes []int64
	for _, m := range all[wire.Extended](p) {
		h, err := wire.ParseExtendedHandshake(m.Payload)
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, h.MetadataSize)
		if h.Client != version || h.Reqq != maxQueue || h.M[wire.NameMetadata] == 0 || h.M[wire.NameDontHave] == 0 {
			t.Errorf("%+v", h)
		}
	}
	if len(sizes) != 2 || sizes[0] != 0 || sizes[1] != int64(len(tor.info.Bytes)) {
		t.Errorf("sizes told: %v", sizes)
	}
}

func TestTwoWithTheMagnetAloneServeEachOther(t *testing.T) {
	n := newNetwork(t)
	tor := longTorrent()
	a, b, c := n.leech("a", tor), n.leech("b", tor), n.leech("c", tor)
	n.connect(a, b)
	n.connect(b, c)
	n.pass(time.Second)
	a.handle(Learn{tor.info})
	n.run(2*time.Second, func() bool { return c.Info() != nil })
}

func TestMetadataIsServedWholeAndRejectedBeyond(t *testing.T) {
	tor := longTorrent()
	n, _, p := visit(t, tor, (*network).seedOf)
	hello := greeting(wire.ExtendedHandshake{M: map[string]uint8{wire.NameMetadata: 7}})
	p.send(hello)
	pieces := int64(len(tor.info.Bytes)+wire.MetadataPiece-1) / wire.MetadataPiece
	for i := range pieces {
		p.send(wire.Metadata{Type: wire.MetadataRequest, Piece: i}.Message(ourMetadata))
	}
	for _, beyond := range []int64{pieces, 1 << 62} {
		p.send(wire.Metadata{Type: wire.MetadataRequest, Piece: beyond}.Message(ourMetadata))
	}
	n.pass(2 * time.Second)
	var got []byte
	rejects := 0
	for _, m := range all[wire.Extended](p) {
		if m.ID != 7 {
			continue
		}
		answer, err := wire.ParseMetadata(m.Payload)
		if err != nil {
			t.Fatal(err)
		}
		if answer.Type == wire.MetadataReject {
			rejects++
		}
		got = append(got, answer.Data...)
	}
	if !bytes.Equal(got, tor.info.Bytes) || rejects != 2 {
		t.Errorf("%d bytes of %d, %d rejects", len(got), len(tor.info.Bytes), rejects)
	}
}

func TestMetadataIsRejectedWhileUnknown(t *testing.T) {
	n := newNetwork(t)
	tor := longTorrent()
	b := n.leech("b", tor)
	p := n.puppet(b, hand(tor, "p"))
	hello := greeting(wire.ExtendedHandshake{M: map[string]uint8{wire.NameMetadata: 7}})
	p.send(hello, wire.Metadata{Type: wire.MetadataRequest}.Message(ourMetadata))
	n.pass(time.Second)
	last := all[wire.Extended](p)
	if m, err := wire.ParseMetadata(last[len(last)-1].Payload); err != nil || m.Type != wire.MetadataReject {
		t.Errorf("answered %+v, %v", m, err)
	}
}

func TestWhatPeersHaveBeforeTheMetadataCounts(t *testing.T) {
	tor := newTorrent(64*kib, 5*64*kib)
	for _, c := range []struct {
		name string
		msgs []wire.Message
		want int
	}{
		{"bitfield", []wire.Message{wire.Bitfield{Bits: []byte{0xa0}}}, 2},
		{"have all", []wire.Message{wire.HaveAll{}}, 5},
		{"haves", []wire.Message{wire.HaveNone{}, wire.Have{Piece: 1}, wire.Have{Piece: 4}, wire.Have{Piece: 1}}, 2},
		{"one taken back", []wire.Message{wire.HaveAll{}, wire.DontHave{Piece: 0}.Message(ourDontHave)}, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := newNetwork(t)
			b := n.leech("b", tor)
			b.trusted("p")
			p := n.puppet(b, hand(tor, "p"))
			p.send(c.msgs...)
			p.send(wire.Unchoke{})
			n.pass(time.Second)
			b.handle(Learn{tor.info})
			n.pass(time.Second)
			if got := count[wire.Request](p); got != min(4*c.want, firstDepth) || len(b.drops) > 0 {
				t.Errorf("%d requests for %d pieces, drops %v", got, c.want, b.drops)
			}
		})
	}
}

func TestWrongClaimsAreFoundOutWithTheMetadata(t *testing.T) {
	tor := newTorrent(64*kib, 5*64*kib)
	for _, m := range []wire.Message{wire.Bitfield{Bits: []byte{0xff}}, wire.Bitfield{Bits: []byte{}}, wire.Have{Piece: 5}} {
		n := newNetwork(t)
		b := n.leech("b", tor)
		p := n.puppet(b, hand(tor, "p"))
		p.send(m)
		n.pass(time.Second)
		b.handle(Learn{tor.info})
		if b.drops[p.peer] == "" {
			t.Errorf("%v was believed", m)
		}
	}
}

func TestMetadataThatIsNoTorrentFails(t *testing.T) {
	n := newNetwork(t)
	raw := []byte("d4:name1:xe")
	tor := torrent{info: &metainfo.Info{Hash: sha1.Sum(raw), Bytes: raw}}
	b := n.leech("b", tor)
	p := metadataPuppet(n, b, tor, int64(len(raw)), honest(tor))
	n.pass(time.Second)
	if b.Stats().Err == nil || !b.Stats().Paused || b.drops[p.peer] != "" {
		t.Errorf("stats %+v, drops %v", b.Stats(), b.drops)
	}
}

// dripping answers one request in twelve seconds, so that its size always moves.
func dripping(n *network, size int64) func(*puppet, int64) {
	var next time.Time
	all := make([]byte, size)
	return func(p *puppet, piece int64) {
		if next.Before(n.now) {
			next = n.now
		}
		at := next.Sub(n.now)
		next = next.Add(12 * time.Second)
		n.after(at, func() { p.send(dataOf(all, piece)) })
	}
}

func TestSizesThatOnlyTrickleDoNotKeepOthersWaiting(t *testing.T) {
	for _, sybils := range []int64{maxAssemblies, 3 * maxAssemblies} {
		n := newNetwork(t)
		tor := longTorrent()
		b := n.leech("b", tor)
		for k := range sybils {
			size := int64(metainfo.MaxInfoSize) - k
			metadataPuppet(n, b, tor, size, dripping(n, size))
		}
		n.pass(time.Second)
		metadataPuppet(n, b, tor, int64(len(tor.info.Bytes)), honest(tor))
		n.run(time.Minute, func() bool { return b.Info() != nil })
	}
}

func TestSlowSizeIsKeptWhileThereIsRoom(t *testing.T) {
	n := newNetwork(t)
	tor := longTorrent()
	size := int64(len(tor.info.Bytes))
	b := n.leech("b", tor)
	asked := 0
	metadataPuppet(n, b, tor, size, func(p *puppet, piece int64) {
		asked++
		n.after(time.Duration(1+piece%metadataWindow)*4*time.Second, func() { p.send(dataOf(tor.info.Bytes, piece)) })
	})
	n.pass(assemblyPatience + time.Second)
	metadataPuppet(n, b, tor, size+1, silent)
	n.run(time.Minute, func() bool { return b.Info() != nil })
	if pieces := int(size+wire.MetadataPiece-1) / wire.MetadataPiece; asked != pieces {
		t.Errorf("asked %d times for %d pieces", asked, pieces)
	}
}

func TestPeerThatChangesTheSizeOfTheMetadataIsDropped(t *testing.T) {
	n := newNetwork(t)
	tor := longTorrent()
	b := n.leech("b", tor)
	p := metadataPuppet(n, b, tor, 1000, silent)
	p.send(greeting(wire.ExtendedHandshake{M: map[string]uint8{wire.NameMetadata: 7}, MetadataSize: 1001}))
	n.pass(time.Second)
	if b.drops[p.peer] == "" {
		t.Error("one info hash has metadata of two sizes")
	}
}

func TestPeerThatFloodsWithExtendedHandshakesIsDropped(t *testing.T) {
	n := newNetwork(t)
	tor := longTorrent()
	a := n.seedOf("a", tor)
	hello := greeting(wire.ExtendedHandshake{M: map[string]uint8{wire.NameMetadata: 7}})
	// Given one that speaks up now and then, and one that does not stop
	calm := n.puppet(a, hand(tor, "p"))
	for range 30 {
		calm.send(hello)
		n.pass(10 * time.Second)
	}
	if a.drops[calm.peer] != "" {
		t.Errorf("dropped for one in ten seconds: %s", a.drops[calm.peer])
	}
	loud := n.puppet(a, hand(tor, "q"))
	for range maxHellos + 1 {
		loud.send(hello)
	}
	n.pass(time.Second)
	if a.drops[loud.peer] == "" {
		t.Error("the one that does not stop is still there")
	}
}

func TestMetadataIsNotGivenAgainAndAgain(t *testing.T) {
	tor := longTorrent()
	n, _, p := visit(t, tor, (*network).seedOf)
	m := greeting(wire.ExtendedHandshake{M: map[string]uint8{wire.NameMetadata: 7}})
	p.send(m)
	last := int64(len(tor.info.Bytes)-1) / wire.MetadataPiece
	for range 10 {
		for i := range last + 1 {
			p.send(wire.Metadata{Type: wire.MetadataRequest, Piece: i}.Message(ourMetadata))
		}
		n.pass(10 * time.Second)
	}
	answers := make(map[wire.MetadataType]int64)
	for _, m := range all[wire.Extended](p) {
		if m, err := wire.ParseMetadata(m.Payload); err == nil {
			answers[m.Type]++
		}
	}
	if answers[wire.MetadataData] != metadataCopies*(last+1) || answers[wire.MetadataReject] == 0 {
		t.Errorf("%d pieces were given and %d refused, of %d that there are", answers[wire.MetadataData], answers[wire.MetadataReject], last+1)
	}
}
