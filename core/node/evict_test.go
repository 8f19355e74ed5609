package node

import (
	"bytes"
	"crypto/sha1"
	"slices"
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/id"
	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/swarm"
	"github.com/shoal-p2p/shoal/core/tracker"
	"github.com/shoal-p2p/shoal/core/wire"
)

// content is a torrent of so many pieces, each of one block of the same bytes.
func content(t *testing.T, pieces int) (*metainfo.Info, []byte) {
	t.Helper()
	block := bytes.Repeat([]byte{7}, metainfo.BlockSize)
	digests := make([]metainfo.Digest, pieces)
	for i := range digests {
		digests[i] = sha1.Sum(block)
	}
	info, err := metainfo.Build(metainfo.Spec{
		Name:        "a",
		Files:       []metainfo.File{{Path: []string{"a"}, Length: int64(pieces * metainfo.BlockSize)}},
		PieceLength: metainfo.BlockSize,
	}, digests)
	if err != nil {
		t.Fatal(err)
	}
	return info, block
}

// stores answers a swarm's store, which keeps everything right.
func (l *lab) stores(info *metainfo.Info, effects []Effect) []Effect {
	all := effects
	for len(effects) > 0 {
		var next []Effect
		for _, e := range of[ToStore](effects) {
			switch e := e.Effect.(type) {
			case swarm.Open:
				next = append(next, l.handle(Torrent{info.Hash, swarm.Opened{}})...)
			case swarm.Write:
				next = append(next, l.handle(Torrent{info.Hash, swarm.Wrote{Block: e.Block}})...)
			case swarm.Verify:
				next = append(next, l.handle(Torrent{info.Hash, swarm.Verified{Piece: e.Piece.Index, Digest: info.Digests[e.Piece.Index]}})...)
			}
		}
		all, effects = append(all, next...), next
	}
	return all
}

// asked are the requests that a connection is sent.
func asked(effects []Effect, conn Conn) (requests []wire.Request) {
	for _, e := range of[Send](effects) {
		if m, ok := e.Msg.(wire.Request); ok && e.Conn == conn {
			requests = append(requests, m)
		}
	}
	return requests
}

// TestThePeerThatIsOfNoUseMakesRoom: of three peers one gives, and is the newest
// too, when others come for whom there is no room.
func TestThePeerThatIsOfNoUseMakesRoom(t *testing.T) {
	const budget = 8
	l := newLab(t, budget)
	info, block := content(t, 1000)
	l.stores(info, l.handle(Add{InfoHash: info.Hash, Info: info, Trackers: []string{url}}, Socket{tracker.Opened{Tracker: url}}))
	comes := func(i int) []Effect {
		return l.handle(offerFor(info.Hash, peerID(i), "offer-id-abcdefgh-"+peerID(i)[18:]))
	}
	join := func(i int, said ...wire.Message) (Conn, []Effect) {
		conn := of[Accept](comes(i))[0].Conn
		hello := wire.Append(nil, wire.Handshake{Fast: true, InfoHash: info.Hash, PeerID: id.ID([]byte(peerID(i)))})
		for _, m := range said {
			hello = wire.Append(hello, m)
		}
		return conn, l.stores(info, l.handle(Described{Conn: conn, SDP: "v=0"}, Opened{Conn: conn}, Received{conn, hello}))
	}
	first, _ := join(0, wire.HaveNone{})
	second, _ := join(1, wire.HaveNone{})
	giver, effects := join(2, wire.HaveAll{}, wire.Unchoke{})
	waiting := asked(effects, giver)
	// Given two minutes in which that one sends a block each second
	gives := func() {
		if len(waiting) == 0 {
			t.Fatal("nothing is asked of the peer that gives")
		}
		next := wire.Piece{Piece: waiting[0].Piece, Begin: waiting[0].Begin, Block: block}
		effects := l.stores(info, l.handle(Received{giver, wire.Append(nil, next)}))
		effects = append(effects, l.pass(time.Second)...)
		waiting = append(waiting[1:], asked(effects, giver)...)
		for _, c := range of[Close](effects) {
			l.handle(Closed{c.Conn})
		}
	}
	for range 120 {
		gives()
	}
	// When many offer, one after the other
	var gone []Conn
	for i := range 2 * budget {
		for _, c := range of[Close](comes(3 + i)) {
			gone = append(gone, c.Conn)
			l.handle(Closed{c.Conn})
		}
		gives()
		if n := l.node.Connections(); n > budget {
			t.Fatalf("%d connections with a budget of %d", n, budget)
		}
	}
	// Then those go that were of no use, and no other
	slices.Sort(gone)
	if !slices.Equal(gone, []Conn{first, second}) {
		t.Errorf("closed %v, want %d and %d, and not %d", gone, first, second, giver)
	}
}
