package dht

import (
	"errors"
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/bencode"
	"github.com/shoal-p2p/shoal/core/dht/frame"
	"github.com/shoal-p2p/shoal/core/dht/krpc"
	"github.com/shoal-p2p/shoal/core/dht/record"
	"github.com/shoal-p2p/shoal/core/id"
)

func text(s string) bencode.Bytes { b, _ := bencode.Marshal(s); return b }

func number(n int64) *int64 { return &n }

// holders are how many nodes keep something at a target.
func holders(nodes []*peer) (n int) {
	for _, p := range nodes {
		n += p.Stored()
	}
	return n
}

// sought is what a node finds at a target.
func (w *world) sought(p *peer, target id.ID, salt string) *record.Item {
	w.t.Helper()
	q := Query(1000 + len(p.found))
	w.do(p, Get{q, target, salt})
	return w.answer(p, q).Item
}

// store puts an item by a node, and says what came of it.
func (w *world) store(p *peer, i record.Item, cas *int64) error {
	w.t.Helper()
	q := Query(2000 + len(p.found))
	w.do(p, Put{Query: q, Item: i, Cas: cas})
	return w.answer(p, q).Err
}

func TestAnItemIsKeptAtTheEightClosest(t *testing.T) {
	// given twelve nodes that all know each other
	w := newWorld(t)
	item := record.Item{V: text("hello")}
	n := w.full(12, item.Target())
	w.mesh(n...)
	w.run(2 * beatPeriod)
	// when the furthest puts an item
	if err := w.store(n[11], item, nil); err != nil {
		t.Fatal(err)
	}
	w.run(time.Second)
	// then the closest eight have it, and everybody finds it
	for i, p := range n {
		if p.Stored() != map[bool]int{true: 1}[i < replicas] {
			t.Errorf("number %d in distance has %d", i, p.Stored())
		}
	}
	if got := w.sought(n[10], item.Target(), ""); got == nil || string(got.V) != "5:hello" {
		t.Errorf("found is %+v", got)
	}
	if got := w.sought(n[10], id.ID{1}, ""); got != nil {
		t.Errorf("where nothing is: %+v", got)
	}
}

func TestAValueThatTheClosestLacksIsFoundBesideIt(t *testing.T) {
	w := newWorld(t)
	item := record.Item{V: text("hello")}
	n := w.full(6, item.Target())
	w.mesh(n...)
	w.run(2 * beatPeriod)
	if err := w.store(n[5], item, nil); err != nil {
		t.Fatal(err)
	}
	n[0].store = record.NewStore(n[0].ID(), w.rng)
	n[5].store = record.NewStore(n[5].ID(), w.rng)
	if got := w.sought(n[5], item.Target(), ""); got == nil {
		t.Error("it is not found")
	}
}

func TestARecordOutlivesItsHolders(t *testing.T) {
	if testing.Short() {
		t.Skip("hours of heartbeats")
	}
	// given an item that is kept by eight of twelve
	w := newWorld(t)
	item := record.SignItem(pairOf(500), "salt", 3, text("hello"))
	n := w.full(12, item.Target())
	w.mesh(n...)
	w.run(2 * beatPeriod)
	if err := w.store(n[11], item, nil); err != nil {
		t.Fatal(err)
	}
	put := w.now
	// when the four closest leave one after the other
	for _, gone := range n[:4] {
		w.do(gone, Leave{})
		w.run(keepPeriod * 3 / 2)
	}
	// then it is kept by the eight that are closest now
	if got := holders(n[4:]); got != replicas {
		t.Errorf("%d nodes have it", got)
	}
	if got := w.sought(n[11], item.Target(), "salt"); got == nil || got.Seq != 3 {
		t.Errorf("found is %+v", got)
	}
	// and when two hours have passed since it was put, then nobody has it, however
	// often it was handed on
	w.run(put.Add(record.ItemLife + keepPeriod*6/5).Sub(w.now))
	if got := holders(n[4:]); got != 0 {
		t.Errorf("%d nodes have it still", got)
	}
}

func TestANewcomerIsGivenWhatItShouldKeep(t *testing.T) {
	w := newWorld(t)
	newcomer := pairOf(600)
	item := record.SignItem(newcomer, "", 1, text("hello")) // at the newcomer's own id
	n := w.full(9, item.Target())
	w.mesh(n...)
	w.run(2 * beatPeriod)
	if err := w.store(n[8], item, nil); err != nil {
		t.Fatal(err)
	}
	late := w.join(Config{Role: Full, Key: newcomer})
	for _, p := range n {
		w.link(p, late)
	}
	w.run(keepPeriod + keepSoon)
	if late.Stored() != 1 {
		t.Errorf("it has %d", late.Stored())
	}
}

func TestANewVersionTakesThePlaceOfTheOld(t *testing.T) {
	w := newWorld(t)
	version := func(seq int64, s string) record.Item { return record.SignItem(pairOf(500), "", seq, text(s)) }
	n := w.full(6, version(1, "a").Target())
	w.mesh(n...)
	w.run(2 * beatPeriod)
	for _, c := range []struct {
		what string
		item record.Item
		cas  *int64
		want error
	}{
		{"the first", version(5, "a"), nil, nil},
		{"an older one", version(4, "b"), nil, ErrRefused},
		{"a newer one of another cas", version(6, "b"), number(4), ErrRefused},
		{"a newer one", version(6, "b"), number(5), nil},
		{"a forged one", record.Item{V: text("c"), Key: pairOf(500).Identity(), Seq: 7}, nil, record.ErrSignature},
	} {
		if err := w.store(n[5], c.item, c.cas); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.what, err, c.want)
		}
	}
	w.run(time.Second)
	for _, p := range n {
		if got, ok := p.store.Item(w.now, version(1, "a").Target()); !ok || got.Seq != 6 {
			t.Errorf("%s has %+v", p.name, got)
		}
	}
}

func TestPeersOfASwarmFindEachOther(t *testing.T) {
	// given a swarm that two nodes have announced themselves in
	w := newWorld(t)
	infoHash := id.ID{9, 9}
	n := w.full(10, infoHash)
	w.mesh(n...)
	w.run(2 * beatPeriod)
	w.do(n[8], Announce{1, infoHash, true})
	w.do(n[9], Announce{1, infoHash, false})
	if err := w.answer(n[8], 1).Err; err != nil {
		t.Fatal(err)
	}
	peers := func() (got []record.Peer) {
		q := Query(100 + len(n[7].found))
		w.do(n[7], GetPeers{q, infoHash})
		return w.answer(n[7], q).Peers
	}
	w.run(time.Second)
	if got := peers(); len(got) != 2 || got[0].Seed == got[1].Seed {
		t.Errorf("in the swarm are %+v", got)
	}
	// when one withdraws, then the other is there still after ten minutes
	w.do(n[9], Withdraw{infoHash})
	w.run(2 * record.PeerLife)
	if got := peers(); len(got) != 1 || got[0].ID() != n[8].ID() {
		t.Errorf("after ten minutes: %+v", got)
	}
}

func TestAnItemThatIsKeptOutlivesTwoHours(t *testing.T) {
	if testing.Short() {
		t.Skip("hours of heartbeats")
	}
	w := newWorld(t)
	kept, other := record.Item{V: text("kept")}, record.Item{V: text("other")}
	n := w.full(6, kept.Target())
	w.mesh(n...)
	w.run(2 * beatPeriod)
	w.do(n[5], Put{Query: 1, Item: kept, Keep: true})
	w.do(n[5], Put{Query: 2, Item: other})
	w.run(record.ItemLife + record.ItemLife/4)
	if w.sought(n[3], kept.Target(), "") == nil || w.sought(n[3], other.Target(), "") != nil {
		t.Error("one should be there, the other not")
	}
	w.do(n[5], Withdraw{kept.Target()})
	w.run(record.ItemLife + keepPeriod)
	if w.sought(n[3], kept.Target(), "") != nil {
		t.Error("it is there after it was withdrawn")
	}
}

func TestAForgedRecordIsNotKeptAndCostsStanding(t *testing.T) {
	w := newWorld(t)
	n := w.full(2, target)
	w.chain(n...)
	w.run(2 * beatPeriod)
	forged := record.SignItem(pairOf(500), "", 1, text("a"))
	forged.Sig[0] ^= 1
	q := putQuery(forged, nil, 0)
	q.ID = n[1].ID()
	for range maxFaults {
		w.do(n[0], Received{1, krpc.Message{Query: &q}.Encode()})
	}
	if n[0].Stored() != 0 || n[0].Links() != 0 {
		t.Errorf("%d records, %d links", n[0].Stored(), n[0].Links())
	}
}

func TestANeighbourHandsOverNoFasterThanItMay(t *testing.T) {
	w := newWorld(t)
	n := w.full(2, target)
	w.chain(n...)
	w.run(2 * beatPeriod)
	for i := range 500 {
		q := putQuery(record.Item{V: bencode.Bytes("i" + string(rune('1'+i%9)) + string(rune('0'+i/9%10)) + string(rune('0'+i/90)) + "e")}, nil, 0)
		q.ID = n[1].ID()
		w.do(n[0], Received{1, krpc.Message{Query: &q}.Encode()})
	}
	if got := n[0].Stored(); got == 0 || got > 128 {
		t.Errorf("%d records are kept", got)
	}
}

func TestWhatIsFarAwayIsNotKept(t *testing.T) {
	w := newWorld(t)
	item := record.Item{V: text("hello")}
	n := w.full(20, item.Target())
	w.mesh(n...)
	w.run(2 * beatPeriod)
	q := putQuery(item, nil, 0)
	q.ID = n[18].ID()
	far := n[19]
	w.do(far, Received{far.order[0].handle, krpc.Message{Query: &q}.Encode()})
	if far.Stored() != 0 {
		t.Error("the furthest of twenty keeps it")
	}
	have := frame.Summary{Kind: frame.KindHave, Holdings: []frame.Holding{record.Name(item)}}.Append(nil)
	asked := false
	w.seen = func(_, _ *peer, b []byte) { asked = asked || frame.KindOf(b) == frame.KindWant }
	w.do(far, Received{far.order[0].handle, have})
	if asked {
		t.Error("or wants it")
	}
}
