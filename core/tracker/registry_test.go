package tracker

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/id"
)

// hosted drives one Registry and remembers the time.
type hosted struct {
	t   *testing.T
	r   *Registry
	now time.Time
}

func host(t *testing.T, cfg RegistryConfig) *hosted {
	return &hosted{t: t, r: NewRegistry(cfg, rand.New(rand.NewPCG(1, 2))), now: begin}
}

func (h *hosted) when(ev RegistryEvent) []RegistryEffect {
	h.r.Handle(h.now, ev)
	var effects []RegistryEffect
	for e, ok := h.r.Poll(); ok; e, ok = h.r.Poll() {
		effects = append(effects, e)
	}
	return effects
}

func (h *hosted) join(clients ...Client) {
	for _, c := range clients {
		h.when(Joined{Client: c})
	}
}

// hears returns what is replied to a message.
func (h *hosted) hears(c Client, data []byte) []Reply {
	h.t.Helper()
	var replies []Reply
	for _, e := range h.when(Said{Client: c, Data: data}) {
		reply, ok := e.(Reply)
		if !ok {
			h.t.Fatalf("got %+v", e)
		}
		replies = append(replies, reply)
	}
	return replies
}

// later passes time and ticks as often as the deadlines ask.
func (h *hosted) later(d time.Duration) []RegistryEffect {
	end := h.now.Add(d)
	var effects []RegistryEffect
	for {
		at, ok := h.r.Deadline()
		if !ok || at.After(end) {
			h.now = end
			return effects
		}
		h.now = at
		effects = append(effects, h.when(RegistryTick{})...)
	}
}

type claim struct {
	infoHash id.ID // hash where it is zero
	peer     id.ID
	left     string
	event    string
	offers   []Offer
}

func (a claim) data() []byte {
	if a.infoHash.IsZero() {
		a.infoHash = hash
	}
	m := map[string]any{"action": "announce", "info_hash": binary(a.infoHash), "peer_id": binary(a.peer)}
	if a.left != "" {
		m["left"] = json.RawMessage(a.left)
	}
	if a.event != "" {
		m["event"] = a.event
	}
	if a.offers != nil {
		var list []offerMessage
		for _, o := range a.offers {
			list = append(list, offerMessage{binary(o.ID), description{"offer", o.SDP}})
		}
		m["offers"] = list
	}
	return encode(m)
}

func (h *hosted) says(c Client, a claim) []Reply {
	h.t.Helper()
	return h.hears(c, a.data())
}

// counts are what one client is told after its announce.
func (h *hosted) counts(c Client, a claim) string {
	h.t.Helper()
	r, ok, err := parseResponse(h.says(c, a)[0].Data)
	if !ok || err != nil || r.Interval == 0 {
		h.t.Fatalf("got %+v %v", r, err)
	}
	return fmt.Sprintf("%d/%d", r.Seeds, r.Leechers)
}

func (h *hosted) failure(replies []Reply) string {
	h.t.Helper()
	r, _, err := parseResponse(replies[0].Data)
	if len(replies) != 1 || err != nil || r.Failure == "" {
		h.t.Fatalf("got %v", replies)
	}
	return r.Failure
}

func (h *hosted) expect(got, want string) {
	h.t.Helper()
	if got != want {
		h.t.Fatalf("got %q, want %q", got, want)
	}
}

// member returns the n-th of many peer ids.
func memberID(n int) id.ID { return id.ID([]byte(fmt.Sprintf("-WW0300-%012d", n))) }

func fiveOffers() []Offer { return offers("", hash, 5).Offers }

func TestCountsFollowWhatPeersSay(t *testing.T) {
	h := host(t, RegistryConfig{})
	h.join(1, 2)
	a, b := claim{peer: peerA, left: "0", event: started}, claim{peer: peerB, left: "null"}
	h.expect(h.counts(1, a), "1/0")
	// null, which a stock peer sends without metadata, is a leecher's
	h.expect(h.counts(2, b), "1/1")
	b.left = "1"
	h.expect(h.counts(2, b), "1/1")
	b.left, b.event = "", "completed"
	h.expect(h.counts(2, b), "2/0")
	// who selects more files is a leecher again
	a.left, a.event = "7", "update"
	h.expect(h.counts(1, a), "1/1")
	a.event = stopped
	h.expect(h.counts(1, a), "1/0")
	h.expect(h.counts(1, a), "1/0")
	h.when(Left{Client: 2})
	h.expect(h.counts(1, a), "0/0")
	if s := h.r.Stats(); s.Swarms != 0 || s.Peers != 0 || s.Seeds != 0 || s.Clients != 1 || s.Messages != 8 {
		t.Fatalf("got %+v", s)
	}
}

func TestOffersGoToOthersByChance(t *testing.T) {
	h := host(t, RegistryConfig{OffersPerMinute: 300})
	// Given a swarm of ten
	for i := range 10 {
		h.join(Client(i))
		h.says(Client(i), claim{peer: memberID(i), left: "1"})
	}
	// When one offers again and again
	got := map[Client]int{}
	for range 300 {
		replies := h.says(3, claim{peer: memberID(3), left: "1", offers: fiveOffers()})
		// Then it hears the counts first
		if len(replies) != 6 || replies[0].Client != 3 {
			t.Fatalf("got %v", replies)
		}
		// and five others get one offer each.
		once := map[Client]bool{}
		for i, reply := range replies[1:] {
			r, _, _ := parseResponse(reply.Data)
			if want := fiveOffers()[i]; r.OfferID != want.ID || r.Offer != want.SDP || r.Peer != memberID(3) || r.InfoHash != hash {
				t.Fatalf("got %+v", r)
			}
			if reply.Client == 3 || once[reply.Client] {
				t.Fatalf("client %d got an offer", reply.Client)
			}
			once[reply.Client] = true
			got[reply.Client]++
		}
		h.later(time.Second)
	}
	for c := Client(0); c < 10; c++ {
		if c != 3 && (got[c] < 100 || got[c] > 240) {
			t.Fatalf("client %d got %d of 1,500 offers", c, got[c])
		}
	}
	if s := h.r.Stats(); s.Offers != 1500 || s.Peers != 10 {
		t.Fatalf("got %+v", s)
	}
}

func TestOffersWithoutEnoughPeers(t *testing.T) {
	h := host(t, RegistryConfig{})
	h.join(1, 2)
	h.says(1, claim{peer: peerA, left: "1"})
	if replies := h.says(2, claim{peer: peerB, left: "1", offers: fiveOffers()}); len(replies) != 2 || replies[1].Client != 1 {
		t.Fatalf("got %v", replies)
	}
	// Who is in the swarm twice by one socket does not offer to itself.
	h.when(Left{Client: 2})
	h.says(1, claim{peer: peerB, left: "1"})
	if replies := h.says(1, claim{peer: peerA, left: "1", offers: fiveOffers()}); len(replies) != 1 {
		t.Fatalf("got %v", replies)
	}
}

func TestSeedsOfferToLeechersOnly(t *testing.T) {
	h := host(t, RegistryConfig{})
	for i := range 50 {
		h.join(Client(i))
		left := "0"
		if i < 3 {
			left = "1"
		}
		h.says(Client(i), claim{peer: memberID(i), left: left})
	}
	got := map[Client]bool{}
	for _, reply := range h.says(40, claim{peer: memberID(40), left: "0", offers: fiveOffers()})[1:] {
		got[reply.Client] = true
	}
	if want := map[Client]bool{0: true, 1: true, 2: true}; !reflect.DeepEqual(got, want) {
		t.Fatalf("got %v", got)
	}
}

func answerFrom(from, to id.ID) []byte {
	return encode(answerMessage{Action: "announce", InfoHash: binary(hash), PeerID: binary(from), ToPeerID: binary(to),
		OfferID: binary(offerID), Answer: description{"answer", "v=1"}})
}

func TestAnswerGoesToWhoOffered(t *testing.T) {
	h := host(t, RegistryConfig{})
	h.join(1, 2)
	h.says(1, claim{peer: peerA, left: "0"})
	h.says(2, claim{peer: peerB, left: "1"})
	// When one answers, then the other hears it and the one hears nothing
	replies := h.hears(1, answerFrom(peerA, peerB))
	r, _, _ := parseResponse(replies[0].Data)
	if len(replies) != 1 || replies[0].Client != 2 || r.Answer != "v=1" || r.OfferID != offerID || r.Peer != peerA {
		t.Fatalf("got %v", replies)
	}
	if s := h.r.Stats(); s.Answers != 1 {
		t.Fatalf("got %+v", s)
	}
	// An answer to who is gone is lost without a word.
	h.when(Left{Client: 2})
	if replies := h.hears(1, answerFrom(peerA, peerB)); len(replies) != 0 {
		t.Fatalf("got %v", replies)
	}
	// Who is not in the swarm, or not who it says it is, answers nobody.
	h.join(3)
	h.expect(h.failure(h.hears(3, answerFrom(peerB, peerA))), errNotMember.Error())
	h.expect(h.failure(h.hears(3, answerFrom(peerA, peerB))), errTaken.Error())
	h.when(Left{Client: 1})
	h.expect(h.failure(h.hears(3, answerFrom(peerB, peerA))), errNotMember.Error())
}

func TestPeerIDOfAnotherConnectionIsRefused(t *testing.T) {
	h := host(t, RegistryConfig{})
	h.join(1, 2)
	h.says(1, claim{peer: peerA, left: "0"})
	h.expect(h.failure(h.says(2, claim{peer: peerA, left: "1"})), errTaken.Error())
	h.expect(h.failure(h.says(2, claim{peer: peerA, event: stopped})), errTaken.Error())
	// In another swarm it is free,
	h.expect(h.counts(2, claim{infoHash: hash2, peer: peerA, left: "1"}), "0/1")
	// and here when the holder is gone.
	h.when(Left{Client: 1})
	h.expect(h.counts(2, claim{peer: peerA, left: "1"}), "0/1")
	if s := h.r.Stats(); s.Refused != 2 {
		t.Fatalf("got %+v", s)
	}
}

func TestScrape(t *testing.T) {
	h := host(t, RegistryConfig{})
	h.join(1, 2)
	h.says(1, claim{peer: peerA, left: "0"})
	h.says(2, claim{peer: peerB, left: "1"})
	scrape := func(what any) string {
		return string(h.hears(1, encode(map[string]any{"action": "scrape", "info_hash": what}))[0].Data)
	}
	h.expect(scrape(binary(hash)), `{"action":"scrape","files":{`+text(hash)+`:{"complete":1,"incomplete":1,"downloaded":1}},"flags":{"min_request_interval":120}}`)
	h.expect(scrape([]string{binary(hash2)}), `{"action":"scrape","files":{`+text(hash2)+`:{"complete":0,"incomplete":0,"downloaded":0}},"flags":{"min_request_interval":120}}`)
	many := make([]string, maxScrape+1)
	for i := range many {
		many[i] = binary(id.ID{byte(i)})
	}
	scrape(many[:maxScrape])
	for _, bad := range []any{many, nil, 7, "short", []any{"short"}, []any{7}} {
		h.expect(h.failure(h.hears(1, encode(map[string]any{"action": "scrape", "info_hash": bad}))), errScrape.Error())
	}
}

func TestSilentPeersExpire(t *testing.T) {
	h := host(t, RegistryConfig{})
	h.join(1, 2)
	h.says(1, claim{peer: peerA, left: "0"})
	h.says(1, claim{infoHash: hash2, peer: peerA, left: "0"})
	h.says(2, claim{peer: peerB, left: "1"})
	// When one goes on announcing, in one swarm only, and the other does not
	for range 4 {
		h.later(2 * time.Minute)
		h.expect(h.counts(1, claim{peer: peerA, left: "0"})[:1], "1")
	}
	// Then only that is left,
	if s := h.r.Stats(); s.Peers != 1 || s.Seeds != 1 || s.Swarms != 1 || s.Clients != 1 {
		t.Fatalf("got %+v", s)
	}
	// and in the end the silent sockets are closed.
	effects := h.later(10 * time.Minute)
	if want := []RegistryEffect{Disconnect{Client: 1, Reason: "silent for too long"}}; !reflect.DeepEqual(effects, want) {
		t.Fatalf("got %+v", effects)
	}
	if _, waits := h.r.Deadline(); waits || h.r.Stats().Clients != 0 {
		t.Fatal("nobody is left to wait for")
	}
}

func TestRequestsThatAreRefused(t *testing.T) {
	base := `"info_hash":` + text(hash) + `,"peer_id":` + text(peerA)
	cases := []struct {
		data string
		want error
	}{
		{"", errJSON}, {"<html>", errJSON}, {"\xff", errJSON}, {`{} {}`, errJSON},
		{strings.Repeat("[", 60_000), errJSON},
		{"{}", errAction}, {"null", errAction}, {"7", errAction}, {`{"action":7}`, errAction}, {`{"action":"dance"}`, errAction},
		{`{"action":"announce"}`, errInfoHash},
		{`{"action":"announce","info_hash":"short"}`, errInfoHash},
		{`{"action":"announce","info_hash":[]}`, errInfoHash},
		{`{"action":"announce","info_hash":` + text(hash) + `}`, errPeerID},
		{`{"action":"announce",` + base + `,"event":"dance"}`, errEvent},
		{`{"action":"announce",` + base + `,"offers":[{}]}`, errOffers},
		{`{"action":"announce",` + base + `,"offers":[null]}`, errOffers},
		{`{"action":"announce",` + base + `,"offers":[{"offer_id":` + text(peerA) + `,"offer":{"type":"answer","sdp":"v=0"}}]}`, errOffers},
		{`{"action":"announce",` + base + `,"offers":7}`, errOffers},
		{`{"action":"announce",` + base + `,"event":7}`, errEvent},
		{`{"action":"announce",` + base + `,"answer":{"type":"answer","sdp":"v=0"}}`, errAnswer},
		{`{"action":"announce",` + base + `,"answer":7,"to_peer_id":` + text(peerB) + `,"offer_id":` + text(peerB) + `}`, errAnswer},
	}
	for _, c := range cases {
		t.Run(c.data[:min(len(c.data), 80)], func(t *testing.T) {
			h := host(t, RegistryConfig{})
			h.join(1)
			h.expect(h.failure(h.hears(1, []byte(c.data))), c.want.Error())
			if s := h.r.Stats(); s.Peers != 0 || s.Swarms != 0 || s.Refused != 1 {
				t.Fatalf("got %+v", s)
			}
		})
	}
}

func TestLimits(t *testing.T) {
	join := func(h *hosted, n int) {
		for i := range n {
			h.join(Client(i))
		}
	}
	t.Run("peers of a swarm", func(t *testing.T) {
		h := host(t, RegistryConfig{MaxPeers: 2})
		join(h, 3)
		h.counts(0, claim{peer: memberID(0)})
		h.counts(1, claim{peer: memberID(1)})
		h.expect(h.failure(h.says(2, claim{peer: memberID(2)})), errManyPeers.Error())
		h.counts(1, claim{peer: memberID(1)})
	})
	t.Run("swarms", func(t *testing.T) {
		h := host(t, RegistryConfig{MaxSwarms: 1})
		join(h, 1)
		h.counts(0, claim{peer: peerA})
		h.expect(h.failure(h.says(0, claim{infoHash: hash2, peer: peerA})), errManySwarms.Error())
	})
	t.Run("torrents of a client", func(t *testing.T) {
		h := host(t, RegistryConfig{MaxTorrents: 1})
		join(h, 1)
		h.counts(0, claim{peer: peerA})
		h.expect(h.failure(h.says(0, claim{infoHash: hash2, peer: peerA})), errManyEntries.Error())
		h.counts(0, claim{peer: peerA, event: stopped})
		h.counts(0, claim{infoHash: hash2, peer: peerA})
	})
	t.Run("offers of an announce", func(t *testing.T) {
		h := host(t, RegistryConfig{MaxOffers: 2})
		join(h, 6)
		for i := range 6 {
			h.says(Client(i), claim{peer: memberID(i)})
		}
		if replies := h.says(0, claim{peer: memberID(0), offers: fiveOffers()}); len(replies) != 3 {
			t.Fatalf("got %v", replies)
		}
	})
	t.Run("offers of many announces", func(t *testing.T) {
		h := host(t, RegistryConfig{OffersPerMinute: 6, OfferBurst: 12})
		join(h, 6)
		for i := range 6 {
			h.says(Client(i), claim{peer: memberID(i)})
		}
		relayed := func(a claim) int { return len(h.says(0, a)) - 1 }
		a, b := claim{peer: memberID(0), offers: fiveOffers()}, claim{peer: memberID(7), offers: fiveOffers()}
		// Another name, or leaving and coming back, gives no more of them
		h.expect(fmt.Sprint(relayed(a), relayed(b)), "5 5")
		h.says(0, claim{peer: memberID(0), event: stopped})
		h.says(0, claim{peer: memberID(7), event: stopped})
		h.expect(fmt.Sprint(relayed(a), relayed(a)), "2 0")
		// but another swarm has its own, and time does,
		h.says(1, claim{infoHash: hash2, peer: memberID(1)})
		h.expect(fmt.Sprint(relayed(claim{infoHash: hash2, peer: memberID(0), offers: fiveOffers()})), "1")
		h.later(30 * time.Second)
		h.expect(fmt.Sprint(relayed(a), relayed(a)), "3 0")
		// and it is nobody else's loss.
		h.expect(fmt.Sprint(len(h.says(1, claim{peer: memberID(1), offers: fiveOffers()}))-1), "5")
		// What is full again is not remembered.
		h.later(5 * time.Minute)
		if n := len(h.r.clients[0].quotas); n != 0 {
			t.Fatalf("%d quotas are remembered", n)
		}
	})
	t.Run("offers of many clients", func(t *testing.T) {
		// Given two clients' offers for each network, and a crowd to offer to
		h := host(t, RegistryConfig{OffersPerMinute: 6, OfferBurst: 5, ClientsPerNetwork: 2})
		join(h, 6)
		for i := range 6 {
			h.says(Client(i), claim{peer: memberID(i)})
			h.says(Client(i), claim{infoHash: hash2, peer: memberID(i)})
		}
		next := 100
		relayed := func(address string, infoHash id.ID) string {
			next++
			ev := Joined{Client: Client(next)}
			if address != "" {
				ev.Address = netip.MustParseAddr(address)
			}
			h.when(ev)
			a := claim{infoHash: infoHash, peer: memberID(next), offers: fiveOffers()}
			n := len(h.says(ev.Client, a)) - 1
			h.when(Left{Client: ev.Client}) // a socket more costs nothing
			return fmt.Sprint(n)
		}
		for _, c := range []struct{ first, same, other string }{
			{"192.0.2.1", "::ffff:192.0.2.1", "192.0.2.2"},
			{"2001:db8::1", "2001:db8::ffff:0:0:2", "2001:db8:0:1::1"},
		} {
			// When more come from the same address, then their offers are not relayed
			h.expect(relayed(c.first, hash)+relayed(c.same, hash)+relayed(c.first, hash)+relayed(c.same, hash), "5500")
			// but those from another are, and in another swarm,
			h.expect(relayed(c.other, hash)+relayed(c.first, hash2), "55")
			// and after a while.
			h.later(15 * time.Second)
			h.expect(relayed(c.first, hash), "3")
		}
		// Nobody is bounded by an address that is not known.
		h.expect(relayed("", hash)+relayed("", hash)+relayed("", hash), "555")
		// What is full again is not remembered.
		h.later(5 * time.Minute)
		if n := len(h.r.origins); n != 0 {
			t.Fatalf("%d origins are remembered", n)
		}
	})
	t.Run("origins that are remembered", func(t *testing.T) {
		h := host(t, RegistryConfig{OffersPerMinute: 6, OfferBurst: 5, ClientsPerNetwork: 1, MaxOrigins: 2})
		join(h, 6)
		for i := range 6 {
			h.says(Client(i), claim{peer: memberID(i)})
		}
		next := 100
		relayed := func(address string) string {
			next++
			h.when(Joined{Client: Client(next), Address: netip.MustParseAddr(address)})
			n := len(h.says(Client(next), claim{peer: memberID(next), offers: fiveOffers()})) - 1
			if len(h.r.origins) > 2 {
				t.Fatalf("%d origins are remembered", len(h.r.origins))
			}
			return fmt.Sprint(n)
		}
		// Given a table that is full, then newcomers are bounded by their sockets
		// alone, and those in it as before
		h.expect(relayed("192.0.2.1")+relayed("192.0.2.2")+relayed("192.0.2.3")+relayed("192.0.2.3")+relayed("192.0.2.1"), "55550")
		// until one of these is full again.
		h.now = h.now.Add(time.Minute)
		h.expect(relayed("192.0.2.3")+relayed("192.0.2.3"), "50")
	})
	t.Run("swarms that one offers in", func(t *testing.T) {
		h := host(t, RegistryConfig{SureTorrents: 2})
		join(h, 2)
		for i := range 10 {
			a := claim{infoHash: id.ID{byte(i + 1)}, peer: peerA}
			h.says(0, a)
			relayed := len(h.says(1, claim{infoHash: a.infoHash, peer: peerB, offers: fiveOffers()})) - 1
			if want := min(1, max(0, 4-i)); relayed != want {
				t.Fatalf("%d offers relayed in the swarm %d", relayed, i)
			}
			a.event = stopped
			h.says(0, a)
			h.says(1, claim{infoHash: a.infoHash, peer: peerB, event: stopped})
		}
	})
	t.Run("names of a client in a swarm", func(t *testing.T) {
		h := host(t, RegistryConfig{MaxNames: 2})
		join(h, 2)
		h.counts(0, claim{peer: memberID(0)})
		h.counts(0, claim{peer: memberID(1)})
		h.expect(h.failure(h.says(0, claim{peer: memberID(2)})), errManyNames.Error())
		h.counts(0, claim{peer: memberID(1)})
		h.counts(0, claim{infoHash: hash2, peer: memberID(2)})
		h.counts(1, claim{peer: memberID(2)})
	})
	t.Run("the length of a message", func(t *testing.T) {
		h := host(t, RegistryConfig{})
		join(h, 1)
		h.counts(0, claim{peer: peerA})
		effects := h.when(Said{Client: 0, Data: make([]byte, 64<<10+1)})
		if want := []RegistryEffect{Disconnect{Client: 0, Reason: "message too long"}}; !reflect.DeepEqual(effects, want) {
			t.Fatalf("got %+v", effects)
		}
		// What still comes from it is ignored.
		if h.r.Stats().Peers != 0 || len(h.says(0, claim{peer: peerA})) != 0 || len(h.when(Left{Client: 0})) != 0 {
			t.Fatal("it is still there")
		}
	})
	t.Run("the rate of messages", func(t *testing.T) {
		h := host(t, RegistryConfig{MessagesPerSecond: 2, MessageBurst: 10})
		join(h, 1)
		for range 10 {
			h.counts(0, claim{peer: peerA})
		}
		h.later(time.Second)
		h.counts(0, claim{peer: peerA})
		h.counts(0, claim{peer: peerA})
		effects := h.when(Said{Client: 0, Data: claim{peer: peerA}.data()})
		if want := []RegistryEffect{Disconnect{Client: 0, Reason: "too many messages"}}; !reflect.DeepEqual(effects, want) {
			t.Fatalf("got %+v", effects)
		}
	})
}

// TestRegistryKeepsItsBooks lets many clients do anything, in an order that the
// seed decides, and compares the registry's counts with the lists themselves.
func TestRegistryKeepsItsBooks(t *testing.T) {
	t.Logf("-seed %d", *seed)
	run := func() (trace []string) {
		rng := rand.New(rand.NewPCG(*seed, 7))
		h := host(t, RegistryConfig{MaxPeers: 5, MaxTorrents: 3, MaxSwarms: 4})
		there := map[Client]bool{}
		for range 5000 {
			c := Client(rng.IntN(20))
			if !there[c] {
				h.when(Joined{Client: c, Address: netip.AddrFrom4([4]byte{192, 0, 2, byte(rng.IntN(4))})})
				there[c] = true
			}
			a := claim{infoHash: id.ID{byte(1 + rng.IntN(5))}, peer: memberID(rng.IntN(25)), left: fmt.Sprint(rng.IntN(2)),
				event: []string{"", "", started, stopped, completed}[rng.IntN(5)], offers: fiveOffers()[:rng.IntN(5)]}
			for _, e := range h.when(Said{Client: c, Data: a.data()}) {
				trace = append(trace, fmt.Sprintf("%d %s", e.(Reply).Client, e.(Reply).Data))
			}
			if rng.IntN(10) == 0 {
				h.when(Left{Client: c})
				delete(there, c)
			}
			for _, e := range h.later(time.Duration(rng.IntN(60)) * time.Second) {
				delete(there, e.(Disconnect).Client)
			}
			checkBooks(t, h.r)
		}
		return trace
	}
	if !reflect.DeepEqual(run(), run()) {
		t.Fatal("two runs with one seed differ")
	}
}

func checkBooks(t *testing.T, r *Registry) {
	t.Helper()
	peers, seeds := 0, 0
	for hash, s := range r.swarms {
		if s.len() == 0 || s.len() != len(s.seeds)+len(s.leechers) {
			t.Fatalf("swarm %s has %d peers in %d places", hash, s.len(), len(s.seeds)+len(s.leechers))
		}
		for i, m := range s.leechers {
			if m.seed || int(m.index) != i || s.byPeer[m.peer] != m {
				t.Fatalf("leecher %+v is out of place", m)
			}
		}
		for i, m := range s.seeds {
			if !m.seed || int(m.index) != i || s.byPeer[m.peer] != m {
				t.Fatalf("seed %+v is out of place", m)
			}
		}
		networks := map[netip.Prefix]int{}
		for _, m := range s.byPeer { // order-free: they are counted
			networks[m.client.network]++
		}
		if s.networks != nil && !maps.Equal(s.networks, networks) {
			t.Fatalf("swarm %s counts %v, and has %v", hash, s.networks, networks)
		}
		peers += s.len()
		seeds += len(s.seeds)
	}
	members := 0
	for i, c := range r.order {
		if c.index != i || r.clients[c.handle] != c {
			t.Fatalf("client %d is out of place", c.handle)
		}
		members += len(c.members)
	}
	if s := r.Stats(); s.Peers != peers || s.Seeds != seeds || peers != members || s.Clients != len(r.order) || s.Swarms != len(r.swarms) {
		t.Fatalf("the stats say %+v; there are %d peers, %d seeds, %d members", s, peers, seeds, members)
	}
}
