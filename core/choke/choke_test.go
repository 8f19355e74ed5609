package choke

import (
	"reflect"
	"testing"
	"time"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// interested makes peers 1, 2, … with these rates, all interested and choked.
func interested(rates ...int64) []*Peer {
	peers := make([]*Peer, len(rates))
	for i, rate := range rates {
		peers[i] = &Peer{ID: uint64(i + 1), Interested: true, Rate: rate}
	}
	return peers
}

func unchoked(peers []*Peer) []uint64 {
	var ids []uint64
	for _, p := range peers {
		if p.Unchoked {
			ids = append(ids, p.ID)
		}
	}
	return ids
}

func expect(t *testing.T, peers []*Peer, want ...uint64) {
	t.Helper()
	if got := unchoked(peers); !reflect.DeepEqual(got, want) {
		t.Errorf("unchoked %v, want %v", got, want)
	}
}

func TestFirstInterestedIsUnchokedAtOnce(t *testing.T) {
	c, peers := New(3), interested(0, 0)
	peers[1].Interested = false
	c.Fill(start, peers)
	expect(t, peers, 1)
	peers[1].Interested = true
	c.Fill(start, peers)
	expect(t, peers, 1, 2)
}

func TestNobodyIsUnchokedBeyondTheSlots(t *testing.T) {
	c, peers := New(2), interested(0, 0, 0)
	c.Fill(start, peers)
	expect(t, peers, 1, 2)
	// When one of them loses interest, its slot goes to who waits
	peers[0].Interested = false
	c.Fill(start.Add(time.Second), peers)
	expect(t, peers, 2, 3)
}

func TestFastestKeepTheirSlots(t *testing.T) {
	c, peers := New(3), interested(10, 50, 20, 40)
	c.Rechoke(start, peers)
	expect(t, peers, 1, 2, 4) // 2 and 4 by rate, 1 optimistically as it comes first
	peers[0].Rate = 60
	c.Rechoke(start.Add(Round), peers)
	expect(t, peers, 1, 2, 3) // 1 has earned its slot; 3 has waited the longest
}

func TestOptimisticSlotRotates(t *testing.T) {
	c, peers := New(2), interested(100, 0, 0, 0)
	var turns []uint64
	for round := range 12 {
		c.Rechoke(start.Add(time.Duration(round)*Round), peers)
		turns = append(turns, unchoked(peers[1:])...)
	}
	want := []uint64{2, 2, 2, 3, 3, 3, 4, 4, 4, 2, 2, 2}
	if !reflect.DeepEqual(turns, want) {
		t.Errorf("the optimistic slot went to %v, want %v", turns, want)
	}
}

func TestNewcomerComesBeforeThoseWhoHadATurn(t *testing.T) {
	c, peers := New(2), interested(100, 0, 0)
	c.Rechoke(start, peers)
	expect(t, peers, 1, 2)
	c.Rechoke(start.Add(Optimistic), peers)
	expect(t, peers, 1, 3)
	peers = append(peers, &Peer{ID: 9, Interested: true})
	c.Rechoke(start.Add(2*Optimistic), peers)
	expect(t, peers, 1, 9)
}

func TestAllFitWhenThereAreSlots(t *testing.T) {
	c, peers := New(DefaultSlots), interested(0, 1, 2)
	c.Rechoke(start, peers)
	expect(t, peers, 1, 2, 3)
}

func TestUninterestedAreChoked(t *testing.T) {
	c, peers := New(2), interested(5, 5)
	c.Rechoke(start, peers)
	peers[0].Interested = false
	c.Rechoke(start.Add(Round), peers)
	expect(t, peers, 2)
}

func TestEqualRatesChangeNothing(t *testing.T) {
	c, peers := New(3), interested(0, 0, 0, 0)
	c.Rechoke(start, peers)
	first := unchoked(peers)
	c.Rechoke(start.Add(Round), peers)
	expect(t, peers, first...)
}
