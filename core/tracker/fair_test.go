package tracker

import (
	"bytes"
	"fmt"
	"net/netip"
	"testing"

	"github.com/shoal-p2p/shoal/core/id"
)

// crowd lets so many sockets of a network into a registry, each with a peer in
// the swarm, and returns how many were taken in.
func (h *hosted) crowd(network string, first Client, n int) (in int) {
	for i := range n {
		c := first + Client(i)
		h.when(Joined{Client: c, Address: netip.MustParseAddr(network)})
		if h.taken(c, claim{peer: memberID(int(c))}) {
			in++
		}
	}
	return in
}

// taken reports whether an announce was not refused.
func (h *hosted) taken(c Client, a claim) bool {
	h.t.Helper()
	for _, e := range h.when(Said{Client: c, Data: a.data()}) {
		if r, is := e.(Reply); is && r.Client == c {
			return !bytes.Contains(r.Data, []byte("failure reason"))
		}
	}
	h.t.Fatalf("client %d is not answered", c)
	return false
}

func TestNoNetworkFillsASwarm(t *testing.T) {
	h := host(t, RegistryConfig{MaxPeers: 101})
	// Given a network whose sockets have filled a swarm
	if in := h.crowd("192.0.2.1", 0, 200); in != 101 {
		t.Fatalf("%d were taken in", in)
	}
	// When others come, then they are taken in, one of each and more
	for i := range 30 {
		if h.crowd(fmt.Sprintf("198.51.100.%d", i), Client(1000+i), 1) != 1 {
			t.Errorf("the network %d was refused", i)
		}
	}
	if in := h.crowd("203.0.113.1", 2000, 100); in < 30 || in > 35 {
		t.Errorf("of a second crowd %d were taken in", in)
	}
	// and the two do not push each other out in turn,
	if in := h.crowd("192.0.2.1", 3000, 50) + h.crowd("203.0.113.1", 4000, 50); in > 0 {
		t.Errorf("%d have changed places", in)
	}
	// and nobody pushes out who has a single place.
	for i := range 30 {
		if h.r.swarms[hash].byPeer[memberID(1000+i)] == nil {
			t.Errorf("the network %d was pushed out", i)
		}
	}
	if n := h.r.swarms[hash].len(); n != 101 {
		t.Errorf("%d peers", n)
	}
	checkBooks(t, h.r)
}

func TestWhoMakesRoomIsTold(t *testing.T) {
	h := host(t, RegistryConfig{MaxPeers: 2})
	h.crowd("192.0.2.1", 0, 2)
	h.when(Joined{Client: 9, Address: netip.MustParseAddr("198.51.100.1")})
	told := false
	for _, e := range h.when(Said{Client: 9, Data: claim{peer: memberID(9)}.data()}) {
		r, is := e.(Reply)
		told = told || is && r.Client != 9 && bytes.Contains(r.Data, []byte(errManyPeers.Error()))
	}
	if !told {
		t.Error("it was not")
	}
}

func TestUnknownNetworksKeepTheirPlaces(t *testing.T) {
	h := host(t, RegistryConfig{MaxPeers: 2})
	h.join(0, 1)
	h.counts(0, claim{peer: memberID(0)})
	h.counts(1, claim{peer: memberID(1)})
	if h.crowd("192.0.2.1", 5, 1) != 0 {
		t.Error("they had to make room")
	}
}

func TestManyTorrentsOfAClientAreForWhenThereIsRoom(t *testing.T) {
	h := host(t, RegistryConfig{MaxTorrents: 6, SureTorrents: 3, MaxEntries: 12})
	of := func(c Client) (in int) {
		h.join(c)
		for i := range 8 {
			if h.taken(c, claim{infoHash: id.ID{byte(i + 1)}, peer: memberID(int(c))}) {
				in++
			}
		}
		return in
	}
	// Given an empty registry, then the first has as many as one may have, those
	// after it what everybody is sure of, and when all is taken nobody any.
	if got := fmt.Sprint(of(0), of(1), of(2), of(3)); got != "6 3 3 0" {
		t.Errorf("they have %s", got)
	}
	checkBooks(t, h.r)
}
