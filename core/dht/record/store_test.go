package record

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/bencode"
	"github.com/shoal-p2p/shoal/core/dht/frame"
	"github.com/shoal-p2p/shoal/core/id"
)

const neighbour Source = 1

func number(n int64) *int64 { return &n }

func numbered(n int) Item { return Item{V: bencode.Bytes(fmt.Sprintf("i%de", n))} }

func put(t *testing.T, s *Store, now time.Time, r Record) {
	t.Helper()
	expect(t, "put", s.Put(now, neighbour, r, now, nil), nil)
}

func TestAnItemIsKeptForTwoHours(t *testing.T) {
	s := NewStore(id.ID{}, random(t))
	item := numbered(7)
	put(t, s, start, item)
	if got, ok := s.Item(at(ItemLife-1), item.Target()); !ok || string(got.V) != "i7e" {
		t.Errorf("before they are over: %v, %v", got, ok)
	}
	if _, ok := s.Item(at(ItemLife), item.Target()); ok {
		t.Error("it is there after two hours")
	}
	s.Expire(at(ItemLife - 1))
	if s.Len() != 1 {
		t.Error("it expired early")
	}

	// when it is put again after an hour
	put(t, s, at(time.Hour), item)
	// then it lives for two hours from then, even if an older copy comes in between
	expect(t, "an older copy", s.Put(at(90*time.Minute), neighbour, item, at(10*time.Minute), nil), nil)
	s.Expire(at(ItemLife + 59*time.Minute))
	if s.Len() != 1 {
		t.Error("it did not live longer")
	}
	s.Expire(at(ItemLife + time.Hour))
	if s.Len() != 0 || s.bytes != 0 || len(s.from) != 0 {
		t.Errorf("%d records, %d bytes, %v are left", s.Len(), s.bytes, s.from)
	}
	expect(t, "handed over too late", s.Put(at(3*time.Hour), neighbour, item, at(time.Hour), nil), ErrStale)
}

func TestSeqAndCasOfBEP44(t *testing.T) {
	s := NewStore(id.ID{}, random(t))
	version := func(seq int64, v string) Item { return SignItem(pair(1), "", seq, bencode.Bytes(v)) }
	offer := func(i Item, cas *int64) error { return s.Put(start, neighbour, i, start, cas) }
	expect(t, "the first, whatever cas", offer(version(5, "i1e"), number(3)), nil)
	expect(t, "a lower seq", offer(version(4, "i2e"), nil), ErrSeq)
	expect(t, "the same seq and value", offer(version(5, "i1e"), nil), nil)
	expect(t, "the same seq and another value", offer(version(5, "i2e"), nil), ErrSeq)
	expect(t, "another cas", offer(version(6, "i2e"), number(4)), ErrCas)
	expect(t, "its cas", offer(version(6, "i2e"), number(5)), nil)
	expect(t, "a wrong signature", offer(Item{V: bencode.Bytes("i3e"), Key: pair(1).Identity(), Seq: 7}, nil), ErrSignature)
	if got, ok := s.Item(start, pair(1).Identity().ID()); !ok || got.Seq != 6 || string(got.V) != "i2e" || s.Len() != 1 {
		t.Errorf("kept is %+v, %v", got, ok)
	}
	put(t, s, start, SignItem(pair(1), "salt", 1, bencode.Bytes("i3e")))
	if s.Len() != 2 {
		t.Error("a salt makes another item")
	}
}

func TestPeersOfASwarmExpire(t *testing.T) {
	s := NewStore(id.ID{}, random(t))
	infoHash := id.ID{9}
	put(t, s, start, SignPeer(pair(1), infoHash, true, start))
	put(t, s, at(time.Minute), SignPeer(pair(2), infoHash, false, at(time.Minute)))
	put(t, s, start, SignPeer(pair(3), id.ID{8}, false, start))
	if got := s.Peers(at(time.Minute), infoHash, 50); len(got) != 2 {
		t.Errorf("in the swarm are %v", got)
	}
	if got := s.Peers(at(time.Minute), infoHash, 1); len(got) != 1 {
		t.Errorf("one of them: %v", got)
	}
	if got := s.Peers(at(PeerLife), infoHash, 50); len(got) != 1 || got[0].ID() != pair(2).Identity().ID() {
		t.Errorf("after five minutes: %v", got)
	}
	// when the first says it again, then it stays
	put(t, s, at(PeerLife), SignPeer(pair(1), infoHash, true, at(PeerLife)))
	s.Expire(at(PeerLife + time.Minute))
	if got := s.Peers(at(PeerLife+time.Minute), infoHash, 50); len(got) != 1 || s.Len() != 1 {
		t.Errorf("after six: %v", got)
	}
	old := SignPeer(pair(4), infoHash, true, start)
	expect(t, "from long ago", s.Put(at(PeerLife), neighbour, old, at(PeerLife), nil), ErrStale)
	early := SignPeer(pair(4), infoHash, true, at(3*time.Minute))
	expect(t, "from the future", s.Put(start, neighbour, early, start, nil), ErrStale)
	expect(t, "of a clock that is a little ahead", s.Put(at(time.Minute), neighbour, early, start, nil), nil)
}

func TestASwarmHasABound(t *testing.T) {
	s := NewStore(id.ID{}, random(t))
	infoHash := id.ID{9}
	for n := range MaxSwarm + 3 {
		now := at(time.Duration(n) * 590 * time.Millisecond)
		key := id.NewKeyPair([32]byte{1: byte(n), 2: byte(n >> 8)})
		expect(t, "put", s.Put(now, Source(n), SignPeer(key, infoHash, false, now), now, nil), nil)
	}
	if s.Len() != MaxSwarm {
		t.Errorf("%d peers are kept", s.Len())
	}
	for n := range 3 { // those that were heard first are gone
		first := id.NewKeyPair([32]byte{1: byte(n)}).Identity().ID()
		if _, h := s.find(infoHash, first); h != nil {
			t.Errorf("peer %d is still there", n)
		}
	}
}

func TestNoNeighbourFillsTheStore(t *testing.T) {
	s := NewStore(id.ID{}, random(t))
	for n := range MaxPerSource {
		put(t, s, start, numbered(n))
	}
	expect(t, "one more", s.Put(start, neighbour, numbered(MaxPerSource), start, nil), ErrFull)
	expect(t, "another neighbour's", s.Put(start, neighbour+1, numbered(MaxPerSource), start, nil), nil)
	expect(t, "the same again", s.Put(start, neighbour, numbered(0), start, nil), nil)
}

func TestAFullStoreKeepsWhatIsClosest(t *testing.T) {
	if testing.Short() {
		t.Skip("nine thousand records")
	}
	self := id.ID{0: 0xff}
	s := NewStore(self, random(t))
	var targets []id.ID
	for n := range MaxRecords + 500 {
		item := numbered(n)
		targets = append(targets, item.Target())
		if err := s.Put(start, Source(n%8), item, start, nil); err != nil && err != ErrFull {
			t.Fatal(err)
		}
	}
	if s.Len() != MaxRecords {
		t.Errorf("%d records are kept", s.Len())
	}
	slices.SortFunc(targets, func(a, b id.ID) int { return self.Distance(a).Compare(self.Distance(b)) })
	for i, target := range targets {
		if _, ok := s.Item(start, target); ok != (i < MaxRecords) {
			t.Fatalf("number %d in distance is kept: %v", i, ok)
		}
	}
}

func TestSummariesNameWhatIsHeld(t *testing.T) {
	s := NewStore(id.ID{}, random(t))
	older, newer := SignItem(pair(1), "", 1, bencode.Bytes("i1e")), SignItem(pair(1), "", 2, bencode.Bytes("i2e"))
	peer := SignPeer(pair(2), id.ID{9}, false, start)
	put(t, s, start, older)
	put(t, s, start, peer)
	all := s.Holdings()
	if len(all) != 2 || !slices.Contains(all, frame.Holding{Target: frame.KeyOf(older.Target()), Seq: 1}) ||
		!slices.Contains(all, frame.Holding{Target: frame.KeyOf(peer.InfoHash), Sub: frame.KeyOf(peer.ID()), Seq: peer.At}) {
		t.Errorf("held are %+v", all)
	}
	for _, h := range all {
		if held, ok := s.Held(h); !ok || held.sum != h || s.Lacks(h) {
			t.Errorf("%+v: %+v, %v", h, held, ok)
		}
	}
	if !s.Lacks(Name(newer)) || s.Lacks(Name(older)) || !s.Lacks(Name(numbered(5))) {
		t.Error("lacking is what is newer or not there")
	}
}
