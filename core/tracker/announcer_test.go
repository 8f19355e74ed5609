package tracker

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/id"
)

const (
	one = "wss://one.example"
	two = "ws://two.example:8000/announce"
)

var (
	begin = time.Unix(1_000_000, 0)
	me    = id.ID([]byte("-SH0010-MMMMMMMMMMMM"))
	peerA = id.ID([]byte("-WW0300-AAAAAAAAAAAA"))
	peerB = id.ID([]byte("-WW0300-BBBBBBBBBBBB"))
	// hash holds the bytes that JSON treats each in its own way.
	hash  = id.ID{0x00, 0x01, 0x1f, ' ', '"', '\\', '<', '>', '&', '/', 0x7f, 0x80, 0x9f, 0xa0, 0xe9, 0xff, 'a', 'b', 'c', 'd'}
	hash2 = id.ID{2}
)

// story drives one Announcer and remembers the time.
type story struct {
	t   *testing.T
	a   *Announcer
	now time.Time
}

func tell(t *testing.T) *story {
	return &story{t: t, a: New(Config{PeerID: me}, rand.New(rand.NewPCG(1, 2))), now: begin}
}

func (st *story) when(events ...Event) []Effect {
	var effects []Effect
	for _, ev := range events {
		st.a.Handle(st.now, ev)
		for e, ok := st.a.Poll(); ok; e, ok = st.a.Poll() {
			effects = append(effects, e)
		}
	}
	return effects
}

// later passes time and ticks as often as the deadlines ask. answer, where it is
// set, reacts to effects.
func (st *story) later(d time.Duration, answer func(Effect) []Event) []Effect {
	st.t.Helper()
	end := st.now.Add(d)
	var effects []Effect
	for range 100_000 {
		at, ok := st.a.Deadline()
		if !ok || at.After(end) {
			st.now = end
			return effects
		}
		st.now = at
		queue := st.when(Tick{})
		for len(queue) > 0 {
			effects = append(effects, queue[0])
			var events []Event
			if answer != nil {
				events = answer(queue[0])
			}
			queue = append(queue[1:], st.when(events...)...)
		}
	}
	st.t.Fatal("the deadlines never end")
	return nil
}

// next passes time until the next deadline.
func (st *story) next() []Effect {
	st.t.Helper()
	at, ok := st.a.Deadline()
	if !ok {
		st.t.Fatal("nothing waits")
	}
	st.now = at
	return st.when(Tick{})
}

// sent is an announce or an answer as it was sent, told in short.
func sent(e Effect) string {
	s, ok := e.(Send)
	if !ok {
		return fmt.Sprintf("%T", e)[len("tracker."):]
	}
	var m announceMessage
	if err := json.Unmarshal(s.Data, &m); err != nil {
		return "garbage"
	}
	return strings.TrimSpace(fmt.Sprintf("announce %s left %d offers %d", m.Event, m.Left, len(m.Offers)))
}

func told(effects []Effect) []string {
	var all []string
	for _, e := range effects {
		all = append(all, sent(e))
	}
	return all
}

func (st *story) expect(got []Effect, want ...string) {
	st.t.Helper()
	if g := told(got); !reflect.DeepEqual(g, want) {
		st.t.Fatalf("effects:\n got %q\nwant %q", g, want)
	}
}

func says(tracker, format string, args ...any) Message {
	return Message{Tracker: tracker, Data: fmt.Appendf(nil, format, args...)}
}

// text is an id as JSON.
func text(a id.ID) string {
	var w writer
	w.quote(binary(a))
	return string(w.buf)
}

func counts(tracker string, infoHash id.ID, seeds, leechers int) Message {
	return says(tracker, `{"action":"announce","info_hash":%s,"complete":%d,"incomplete":%d,"interval":120}`, text(infoHash), seeds, leechers)
}

func offers(tracker string, infoHash id.ID, n int) OffersMade {
	made := OffersMade{InfoHash: infoHash, Tracker: tracker}
	for i := range n {
		made.Offers = append(made.Offers, Offer{ID: id.ID{byte(i)}, SDP: "v=0 our offer"})
	}
	return made
}

func fetcher() Add { return Add{InfoHash: hash, Trackers: []string{one}, Left: 1000} }
func seeder() Add  { return Add{InfoHash: hash, Trackers: []string{one}} }

func TestFetcherIsKnownAtOnceAndOffersFollow(t *testing.T) {
	st := tell(t)
	// When a torrent that lacks bytes is added, then its offers are asked for
	// while the socket opens
	effects := st.when(fetcher())
	if want := []Effect{Open{Tracker: one}, MakeOffers{InfoHash: hash, Tracker: one, Count: 2}}; !reflect.DeepEqual(effects, want) {
		t.Fatalf("got %+v", effects)
	}
	// When the socket is open first, then it announces at once, without offers
	st.expect(st.when(Opened{Tracker: one}), "announce started left 1000 offers 0")
	// and with them when they are there
	st.expect(st.when(offers(one, hash, 2)), "announce  left 1000 offers 2")
}

func TestOffersThatAreReadyGoWithTheFirstAnnounce(t *testing.T) {
	st := tell(t)
	st.when(fetcher())
	st.expect(st.when(offers(one, hash, 2)))
	st.expect(st.when(Opened{Tracker: one}), "announce started left 1000 offers 2")
}

func TestOffersThatWaitedTooLongAreLeftOut(t *testing.T) {
	st := tell(t)
	st.when(fetcher(), offers(one, hash, 2))
	st.later(25*time.Second, nil)
	st.expect(st.when(Opened{Tracker: one}), "announce started left 1000 offers 0", "MakeOffers")
}

func TestOffersThatDoNotComeAreTakenAsNone(t *testing.T) {
	st := tell(t)
	st.when(fetcher(), Opened{Tracker: one}, counts(one, hash, 0, 1))
	// The announce has gone already, so nothing follows after ten seconds,
	st.expect(st.later(11*time.Second, nil))
	// and what comes too late is left out.
	st.expect(st.when(offers(one, hash, 2)))
	// A round of its own announces without them.
	st.when(counts(one, hash, 0, 9))
	st.expect(st.later(30*time.Second, nil), "MakeOffers", "announce  left 1000 offers 0")
}

func TestLeftIsAnnouncedAsOneWhileUnknown(t *testing.T) {
	st := tell(t)
	st.when(Add{InfoHash: hash, Trackers: []string{one}, Left: -1})
	st.expect(st.when(Opened{Tracker: one}), "announce started left 1 offers 0")
}

func TestSeederOffersOnlyToLeechers(t *testing.T) {
	st := tell(t)
	st.expect(st.when(seeder()), "Open")
	st.expect(st.when(Opened{Tracker: one}), "announce started left 0 offers 0")
	// Given a tracker that knows nobody else
	st.expect(st.when(counts(one, hash, 1, 0)), "Announced")
	// When it tells of three leechers in a later answer, then three are made
	effects := st.when(counts(one, hash, 1, 3))
	if want := (MakeOffers{InfoHash: hash, Tracker: one, Count: 3}); effects[1] != want {
		t.Fatalf("got %+v", effects)
	}
	st.expect(st.when(offers(one, hash, 3)), "announce  left 0 offers 3")
	// and the answer to that announce asks for no more in this round.
	st.expect(st.when(counts(one, hash, 1, 3)), "Announced")
}

func TestSeederWithoutPeersDoubtsTheCountsOnce(t *testing.T) {
	// A stock tracker counts a peer with only a magnet link as a seed.
	st := tell(t)
	st.when(seeder(), Opened{Tracker: one})
	effects := st.when(counts(one, hash, 2, 0))
	if want := (MakeOffers{InfoHash: hash, Tracker: one, Count: 1}); effects[1] != want {
		t.Fatalf("got %+v", effects)
	}
	st.when(offers(one, hash, 1))
	st.expect(st.when(counts(one, hash, 2, 0)), "Announced")
	st.expect(st.later(20*time.Second, nil), "announce  left 0 offers 0")
	st.expect(st.when(counts(one, hash, 2, 0)), "Announced")
}

func TestHowManyOffersAreMade(t *testing.T) {
	cases := []struct {
		name            string
		left            int64
		want            int
		seeds, leechers int
		count           int
	}{
		{"a fetcher: as many as there are others", 10, 30, 2, 2, 3},
		{"a fetcher: never more than five", 10, 30, 100, 100, 5},
		{"a fetcher: never more than wanted", 10, 1, 100, 100, 1},
		{"a fetcher that is alone", 10, 30, 0, 1, 0},
		{"a fetcher that wants nobody", 10, 0, 100, 100, 0},
		{"a tracker that does not count us", 10, 30, 0, 0, 0},
		{"a seeder: as many as there are leechers", 0, 30, 50, 2, 2},
		{"a seeder that wants nobody", 0, 0, 50, 2, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			st := tell(t)
			// Given that the first offers have gone and a peer is there
			st.when(Add{InfoHash: hash, Trackers: []string{one}, Left: c.left}, Opened{Tracker: one}, offers(one, hash, 2))
			st.when(Progress{InfoHash: hash, Left: c.left, Want: c.want, Peers: 1})
			st.when(counts(one, hash, c.seeds, c.leechers), offers(one, hash, 5), counts(one, hash, c.seeds, c.leechers))
			// When the next round comes
			effects := st.later(2*time.Minute, nil)
			got := 0
			if made, ok := effects[0].(MakeOffers); ok {
				got = made.Count
			}
			if got != c.count {
				t.Fatalf("got %d offers, want %d", got, c.count)
			}
		})
	}
}

func TestRoundsFollowTheTrackersInterval(t *testing.T) {
	cases := []struct {
		told string
		want time.Duration
	}{
		{`"interval":300`, 5 * time.Minute},
		{`"min interval":60`, time.Minute},
		{`"interval":1`, 15 * time.Second},
		{`"interval":86400`, 30 * time.Minute},
		{`"interval":0`, 2 * time.Minute},
		{`"complete":1`, 2 * time.Minute},
	}
	for _, c := range cases {
		t.Run(c.told, func(t *testing.T) {
			st := tell(t)
			st.when(seeder(), Opened{Tracker: one}, Progress{InfoHash: hash, Peers: 1})
			st.when(says(one, `{"action":"announce","info_hash":%s,%s}`, text(hash), c.told))
			for range 3 {
				st.expect(st.later(c.want-time.Millisecond, nil))
				st.expect(st.later(time.Millisecond, nil), "announce  left 0 offers 0")
				st.when(says(one, `{"action":"announce","info_hash":%s,%s}`, text(hash), c.told))
			}
		})
	}
}

// tracks answers as a tracker and a dialer would.
func tracks(seeds, leechers int) func(Effect) []Event {
	return func(e Effect) []Event {
		switch e := e.(type) {
		case Send:
			return []Event{counts(e.Tracker, hash, seeds, leechers)}
		case MakeOffers:
			return []Event{offers(e.Tracker, e.InfoHash, e.Count)}
		}
		return nil
	}
}

func TestTorrentWithoutPeersAsksSooner(t *testing.T) {
	st := tell(t)
	st.when(fetcher(), Opened{Tracker: one}, offers(one, hash, 2), counts(one, hash, 0, 1))
	var waits []time.Duration
	last := st.now
	for range 6 {
		st.expect(st.next(), "announce  left 1000 offers 0")
		st.when(counts(one, hash, 0, 1))
		waits = append(waits, st.now.Sub(last))
		last = st.now
	}
	for i, lowest := range []int{15, 30, 60, 120, 120, 120} {
		low := time.Duration(lowest) * time.Second
		if waits[i] < low || waits[i] > low+low/4 {
			t.Fatalf("waits are %v", waits)
		}
	}
	// When it meets somebody and loses him again, then it begins anew.
	st.when(Progress{InfoHash: hash, Left: 10, Want: 5, Peers: 1})
	st.when(Progress{InfoHash: hash, Left: 10, Want: 5})
	st.expect(st.later(20*time.Second, tracks(0, 1)), "announce  left 10 offers 0", "Announced")
}

func TestNoOffersWhileNobodyIsWanted(t *testing.T) {
	st := tell(t)
	st.when(fetcher(), Opened{Tracker: one}, offers(one, hash, 2), counts(one, hash, 9, 9), offers(one, hash, 3), counts(one, hash, 9, 9))
	st.when(Progress{InfoHash: hash, Left: 10, Want: 0, Peers: 5})
	for _, e := range st.later(10*time.Minute, tracks(9, 9)) {
		if got := sent(e); got != "announce  left 10 offers 0" && got != "Announced" {
			t.Fatal(got)
		}
	}
	// Offers in the making when the wish ends are not sent.
	st.when(Progress{InfoHash: hash, Left: 10, Want: 5, Peers: 5})
	st.expect(st.later(2*time.Minute, nil), "MakeOffers")
	st.when(Progress{InfoHash: hash, Left: 10, Want: 0, Peers: 10})
	st.expect(st.when(offers(one, hash, 5)), "announce  left 10 offers 0")
}

func TestCompletedIsAnnouncedOnceWithoutOffers(t *testing.T) {
	st := tell(t)
	st.when(fetcher(), Opened{Tracker: one})
	done := Progress{InfoHash: hash, Downloaded: 1000, Uploaded: 10, Want: 5, Peers: 1}
	effects := st.when(done)
	st.expect(effects, "announce completed left 0 offers 0")
	var m announceMessage
	json.Unmarshal(effects[0].(Send).Data, &m)
	if m.Downloaded != 1000 || m.Uploaded != 10 {
		t.Fatalf("got %+v", m)
	}
	st.expect(st.when(done))
}

func TestBytesThatWereHereAreNotCompleted(t *testing.T) {
	st := tell(t)
	st.when(Add{InfoHash: hash, Trackers: []string{one}, Left: -1}, Opened{Tracker: one})
	st.expect(st.when(Progress{InfoHash: hash, Want: 5}), "announce  left 0 offers 0")
}

func TestWhoReadsIsAnnouncedAsALeecher(t *testing.T) {
	st := tell(t)
	// Given a torrent that lacks nothing and is alone with two seeds
	st.when(Add{InfoHash: hash, Trackers: []string{one}}, Opened{Tracker: one}, counts(one, hash, 3, 0), offers(one, hash, 2))
	st.later(10*time.Minute, tracks(3, 0))
	// When it needs what is not selected, it asks them for it, soon
	st.expect(st.when(Progress{InfoHash: hash, Want: 5, Reading: true}))
	st.expect(st.later(20*time.Second, tracks(3, 0)), "MakeOffers", "announce  left 1 offers 2", "Announced")
	// and it has not completed anything when it has that.
	st.expect(st.when(Progress{InfoHash: hash, Want: 5, Peers: 1}))
}

func TestCompletedBeforeTheSocketIsOpen(t *testing.T) {
	st := tell(t)
	st.when(fetcher())
	st.expect(st.when(Progress{InfoHash: hash, Want: 5}))
	st.expect(st.when(Opened{Tracker: one}), "announce started left 0 offers 0")
}

func TestOneSocketForAllTorrentsOfATracker(t *testing.T) {
	st := tell(t)
	st.expect(st.when(seeder()), "Open")
	st.expect(st.when(Add{InfoHash: hash2, Trackers: []string{one}}))
	st.expect(st.when(Opened{Tracker: one}), "announce started left 0 offers 0", "announce started left 0 offers 0")
	// A torrent that comes later announces at once.
	st.expect(st.when(Add{InfoHash: id.ID{3}, Trackers: []string{one}, Left: 5}),
		"announce started left 5 offers 0", "MakeOffers")
	// Who leaves says so; the last one closes the socket, after that.
	st.expect(st.when(Remove{InfoHash: hash}), "announce stopped left 0 offers 0")
	st.expect(st.when(Remove{InfoHash: hash2}), "announce stopped left 0 offers 0")
	st.expect(st.when(Remove{InfoHash: id.ID{3}}), "announce stopped left 5 offers 0", "Close")
	st.expect(st.when(Closed{Tracker: one}))
	if _, waits := st.a.Deadline(); waits {
		t.Fatal("nothing is left to wait for")
	}
}

func TestAddingAgainGainsTrackers(t *testing.T) {
	st := tell(t)
	st.when(seeder())
	effects := st.when(Add{InfoHash: hash, Trackers: []string{one, two}, Left: 5})
	if want := []Effect{Open{Tracker: two}}; !reflect.DeepEqual(effects, want) {
		t.Fatalf("got %+v", effects)
	}
	// A slash at the end does not make another tracker.
	st.expect(st.when(Add{InfoHash: hash, Trackers: []string{one + "/", two + "/"}}))
}

func TestRemoveBeforeTheSocketIsOpen(t *testing.T) {
	st := tell(t)
	st.when(fetcher())
	st.expect(st.when(Remove{InfoHash: hash}), "Close")
	// What is still on its way comes to nothing.
	st.expect(st.when(offers(one, hash, 2), Opened{Tracker: one}, counts(one, hash, 1, 1)))
	// When it is added again meanwhile, then the socket opens once the old is gone.
	st.expect(st.when(seeder()))
	st.expect(st.when(Closed{Tracker: one}), "Open")
	st.expect(st.when(Opened{Tracker: one}), "announce started left 0 offers 0")
}

func TestRemoveWhileTheTrackerIsDown(t *testing.T) {
	st := tell(t)
	st.when(seeder(), Closed{Tracker: one})
	st.expect(st.when(Remove{InfoHash: hash}))
	if _, waits := st.a.Deadline(); waits {
		t.Fatal("nothing is left to wait for")
	}
}

func TestOfferAndAnswerAreRelayed(t *testing.T) {
	st := tell(t)
	st.when(seeder(), Opened{Tracker: one})
	// When a peer's offer comes, then it is handed on
	effects := st.when(says(one, `{"action":"announce","info_hash":%s,"peer_id":%s,"offer_id":%s,"offer":{"type":"offer","sdp":"v=0"}}`,
		text(hash), text(peerA), text(peerB)))
	if want := []Effect{Offered{InfoHash: hash, Tracker: one, From: peerA, Offer: Offer{ID: peerB, SDP: "v=0"}}}; !reflect.DeepEqual(effects, want) {
		t.Fatalf("got %+v", effects)
	}
	// and our answer goes back, with what the tracker wants to see again
	st.when(says(one, `{"action":"announce","info_hash":%s,"tracker id":"T<1>"}`, text(hash)))
	data := st.when(Answer{InfoHash: hash, Tracker: one, To: peerA, OfferID: peerB, SDP: "v=1"})[0].(Send).Data
	var m answerMessage
	if err := json.Unmarshal(data, &m); err != nil {
		t.Fatal(err)
	}
	if m.ToPeerID != binary(peerA) || m.OfferID != binary(peerB) || m.PeerID != binary(me) ||
		m.Answer != (description{"answer", "v=1"}) || m.TrackerID != "T<1>" {
		t.Fatalf("got %+v", m)
	}
	// When a peer answers us, then that is handed on
	effects = st.when(says(one, `{"action":"announce","info_hash":%s,"peer_id":%s,"offer_id":%s,"answer":{"type":"answer","sdp":"v=2"}}`,
		text(hash), text(peerA), text(peerB)))
	if want := []Effect{Answered{InfoHash: hash, Tracker: one, From: peerA, OfferID: peerB, SDP: "v=2"}}; !reflect.DeepEqual(effects, want) {
		t.Fatalf("got %+v", effects)
	}
}

func TestAnswerWithoutTrackerIsDropped(t *testing.T) {
	st := tell(t)
	st.when(seeder())
	ours := Answer{InfoHash: hash, Tracker: one, To: peerA, OfferID: peerB, SDP: "v=1"}
	st.expect(st.when(ours))
	st.when(Opened{Tracker: one})
	ours.InfoHash = hash2
	st.expect(st.when(ours))
	ours.InfoHash, ours.Tracker = hash, two
	st.expect(st.when(ours))
	ours.Tracker, ours.SDP = one, strings.Repeat("x", maxSDP+1)
	st.expect(st.when(ours))
}

func TestWhatConcernsNobodyIsIgnored(t *testing.T) {
	st := tell(t)
	st.when(seeder(), Opened{Tracker: one})
	offer := `"offer_id":"12345678901234567890","offer":{"type":"offer","sdp":"v=0"}`
	for _, m := range []string{
		fmt.Sprintf(`{"action":"announce","info_hash":%s,"complete":1}`, text(hash2)),
		fmt.Sprintf(`{"action":"announce","info_hash":%s,"peer_id":%s,%s}`, text(hash), text(me), offer),
		fmt.Sprintf(`{"action":"announce","info_hash":%s,"peer_id":"short",%s}`, text(hash), offer),
		fmt.Sprintf(`{"action":"announce","info_hash":%s,"peer_id":%s,"offer_id":7,"offer":{"type":"offer","sdp":"v=0"}}`, text(hash), text(peerA)),
		fmt.Sprintf(`{"action":"announce","info_hash":%s,"peer_id":%s,"offer_id":%s,"offer":["v=0"]}`, text(hash), text(peerA), text(peerB)),
		fmt.Sprintf(`{"action":"announce","info_hash":%s,"peer_id":%s,"offer_id":%s,"offer":{"type":"answer","sdp":"v=0"}}`, text(hash), text(peerA), text(peerB)),
		fmt.Sprintf(`{"action":"announce","info_hash":%s,"peer_id":%s,"offer_id":%s,"answer":{"type":"answer","sdp":""}}`, text(hash), text(peerA), text(peerB)),
		fmt.Sprintf(`{"action":"announce","failure reason":"no","info_hash":%s}`, text(hash2)),
		`{"action":"scrape","files":{}}`,
		`{"action":"dance"}`,
	} {
		if effects := st.when(says(one, "%s", m)); len(effects) > 0 {
			t.Errorf("%s: got %+v", m, effects)
		}
	}
	st.expect(st.when(counts(two, hash, 1, 1), OffersMade{InfoHash: hash, Tracker: two}, offers(one, hash2, 1), Closed{Tracker: two}, Remove{InfoHash: hash2}))
}

// warning returns the only effect, which is a warning.
func (st *story) warning(effects []Effect) Warned {
	st.t.Helper()
	w, ok := effects[0].(Warned)
	if !ok {
		st.t.Fatalf("got %+v", effects)
	}
	return w
}

func TestBadURLsAreWarnedAboutOnceAndLeftOut(t *testing.T) {
	st := tell(t)
	bad := []string{"udp://tracker.example:80", "http://tracker.example", "wss://", "://", "", "wss://[", "wss://a/" + strings.Repeat("b", 3000)}
	effects := st.when(Add{InfoHash: hash, Trackers: append(bad, one), Left: 0})
	for i, url := range bad {
		if w := st.warning(effects[i:]); !errors.Is(w.Err, ErrURL) || w.Tracker != url || w.InfoHash != hash {
			t.Fatalf("got %+v", w)
		}
	}
	st.expect(effects[len(bad):], "Open")
	st.expect(st.when(Add{InfoHash: hash, Trackers: bad}))
}

func TestTrackersOfATorrentAreBounded(t *testing.T) {
	st := tell(t)
	add := Add{InfoHash: hash}
	for i := range 1000 {
		add.Trackers = append(add.Trackers, fmt.Sprintf("ws://tracker%d", i))
	}
	if effects := st.when(add); len(effects) != maxTrackers {
		t.Fatalf("%d sockets", len(effects))
	}
}

func TestUnreachableTrackerIsTriedAgainAndWarnedAboutOnce(t *testing.T) {
	st := tell(t)
	st.when(seeder())
	cause := errors.New("connection refused")
	w := st.warning(st.when(Closed{Tracker: one, Err: cause}))
	if !errors.Is(w.Err, ErrUnreachable) || !errors.Is(w.Err, cause) || w.Tracker != one || w.InfoHash != hash {
		t.Fatalf("got %+v", w)
	}
	for i, most := range []int{2, 4, 8, 16, 32, 64, 120, 120, 120} {
		at, _ := st.a.Deadline()
		if wait := at.Sub(st.now); wait > time.Duration(most)*time.Second || wait < time.Duration(most)*time.Second/2 {
			t.Fatalf("wait %d is %v", i, wait)
		}
		st.expect(st.next(), "Open")
		st.expect(st.when(Closed{Tracker: one, Err: cause}))
	}
	// When it is back, and gone again for good, then that is worth a word.
	st.expect(st.next(), "Open")
	st.when(Opened{Tracker: one}, counts(one, hash, 1, 0))
	st.expect(st.when(Closed{Tracker: one}))
	st.expect(st.next(), "Open")
	st.expect(st.when(Closed{Tracker: one}), "Warned")
}

func TestBackOffIsForgottenAfterAGoodSession(t *testing.T) {
	st := tell(t)
	st.when(seeder())
	for range 5 {
		st.when(Closed{Tracker: one})
		st.expect(st.next(), "Open")
	}
	// A socket that closes soon is not good, even if it has answered:
	st.when(Opened{Tracker: one}, counts(one, hash, 1, 0), Closed{Tracker: one})
	if at, _ := st.a.Deadline(); at.Sub(st.now) < 30*time.Second {
		t.Fatalf("waits only %v", at.Sub(st.now))
	}
	// one that lives is.
	st.expect(st.next(), "Open")
	st.when(Opened{Tracker: one}, Progress{InfoHash: hash, Peers: 1}, counts(one, hash, 1, 0))
	st.later(31*time.Second, nil)
	st.when(Closed{Tracker: one})
	if at, _ := st.a.Deadline(); at.Sub(st.now) > 2*time.Second {
		t.Fatalf("waits %v", at.Sub(st.now))
	}
	// The torrent is announced as new when the socket is back.
	st.expect(st.later(2*time.Second, nil), "Open")
	st.expect(st.when(Opened{Tracker: one}), "announce started left 0 offers 0")
}

func TestTrackerThatDoesNotOpenOrAnswer(t *testing.T) {
	t.Run("the socket does not open", func(t *testing.T) {
		st := tell(t)
		st.when(seeder())
		st.expect(st.later(30*time.Second, nil), "Warned", "Close")
		st.expect(st.when(Closed{Tracker: one}))
		st.expect(st.later(2*time.Second, nil), "Open")
	})
	t.Run("nothing is answered", func(t *testing.T) {
		st := tell(t)
		st.when(seeder(), Opened{Tracker: one}, Progress{InfoHash: hash, Peers: 1})
		effects := st.later(time.Minute, nil)
		st.expect(effects, "Warned", "Close")
		if w := st.warning(effects); !errors.Is(w.Err, ErrUnreachable) {
			t.Fatalf("got %+v", w)
		}
		// Nothing is sent to a socket that closes.
		st.expect(st.when(Progress{InfoHash: hash, Left: 5}, Progress{InfoHash: hash}))
		st.expect(st.later(time.Hour, nil))
	})
}

func TestTrackerThatTalksNonsense(t *testing.T) {
	nonsense := []string{
		"", "<!DOCTYPE html><html>502</html>", "null", "[]", "7", `"announce"`, "{", "{}",
		`{"action":7}`, `{"action":"announce"}`, `{"action":"announce","info_hash":"short"}`,
		`{"action":"announce","info_hash":"aaaaaaaaaaaaaaaaaaaĀ"}`,
		fmt.Sprintf(`{"action":"announce","info_hash":%s,"interval":"soon"}`, text(hash)),
		fmt.Sprintf(`{"action":"announce","info_hash":%s,"interval":1e300}`, text(hash)),
		fmt.Sprintf(`{"action":"announce","info_hash":%s,"complete":-1}`, text(hash)),
		fmt.Sprintf(`{"action":"announce","info_hash":%s,"complete":1e999}`, text(hash)),
		strings.Repeat("[", 100_000), "\xff\xfe",
	}
	for _, m := range nonsense {
		t.Run(m[:min(len(m), 60)], func(t *testing.T) {
			st := tell(t)
			st.when(seeder(), Opened{Tracker: one})
			// When it says nothing else, then it is warned about and given up
			effects := st.when(says(one, "%s", m))
			st.expect(effects, "Warned", "Close")
			if w := st.warning(effects); !errors.Is(w.Err, ErrProtocol) || w.Tracker != one {
				t.Fatalf("got %+v", w)
			}
			// for a while; and it is not warned about at every try.
			st.expect(st.when(Closed{Tracker: one}))
			st.expect(st.later(2*time.Second, nil), "Open")
			st.when(Opened{Tracker: one})
			st.expect(st.when(says(one, "%s", m)), "Close")
		})
	}
}

func TestTrackerThatTalksNonsenseNowAndThen(t *testing.T) {
	st := tell(t)
	st.when(seeder(), Opened{Tracker: one}, counts(one, hash, 1, 0))
	st.expect(st.when(says(one, "?")), "Warned")
	st.expect(st.when(says(one, "?")))
	st.expect(st.when(counts(one, hash, 1, 0)), "Announced")
	st.expect(st.when(says(one, "?")), "Warned")
	st.expect(st.when(says(one, "?")))
	st.expect(st.when(says(one, "?")), "Close")
}

func TestMessageThatIsTooLong(t *testing.T) {
	// A peer may have written it, so the tracker is kept.
	st := tell(t)
	st.when(seeder(), Opened{Tracker: one})
	long := Message{Tracker: one, Data: make([]byte, maxResponse+1)}
	effects := st.when(long)
	st.expect(effects, "Warned")
	if w := st.warning(effects); !errors.Is(w.Err, ErrProtocol) {
		t.Fatalf("got %+v", w)
	}
	st.expect(st.when(long, long, long))
}

func TestATorrentThatComesLaterHearsThatItsTrackerIsDown(t *testing.T) {
	st := tell(t)
	later := id.ID([]byte("a torrent of later.."))
	st.when(seeder(), Closed{Tracker: one, Err: errors.New("connection refused")})
	w := st.warning(st.when(Add{InfoHash: later, Trackers: []string{one}}))
	if !errors.Is(w.Err, ErrUnreachable) || w.InfoHash != later {
		t.Fatalf("got %+v", w)
	}
}

func TestRefusalIsWarnedAboutOnce(t *testing.T) {
	st := tell(t)
	st.when(seeder(), Opened{Tracker: one})
	refusal := says(one, `{"failure reason":"not\nhere\u0007 %s","action":"announce","info_hash":%s}`, strings.Repeat("é", 500), text(hash))
	w := st.warning(st.when(refusal))
	if !errors.Is(w.Err, ErrRefused) || w.InfoHash != hash || len(w.Err.Error()) > 200 || !strings.Contains(w.Err.Error(), "not here é") {
		t.Fatalf("got %+v", w)
	}
	st.expect(st.when(refusal, refusal))
	// one that names no torrent concerns all
	w = st.warning(st.when(says(one, `{"failure reason":"Invalid request"}`)))
	if w.InfoHash != hash || w.Err.Error() != "refuses: Invalid request" {
		t.Fatalf("got %+v", w)
	}
	// After a good answer it is news again.
	st.expect(st.when(counts(one, hash, 1, 0), refusal), "Announced", "Warned")
	// Announcing goes on.
	st.when(Progress{InfoHash: hash, Peers: 1})
	st.expect(st.later(2*time.Minute, nil), "announce  left 0 offers 0")
}

func TestAnnouncesStayShort(t *testing.T) {
	// Given offers of 5 KB each, as with many network interfaces
	st := tell(t)
	st.when(fetcher(), Opened{Tracker: one}, offers(one, hash, 2), counts(one, hash, 9, 9))
	made := offers(one, hash, 5)
	for i := range made.Offers {
		made.Offers[i].SDP = strings.Repeat("a=candidate\r\n", 400)
	}
	made.Offers[4].SDP = strings.Repeat("x", 20_000)
	made.Offers = append(made.Offers, Offer{SDP: "one too many"})
	// When they come, then they go in several announces, none too long
	effects := st.when(made)
	st.expect(effects, "announce  left 1000 offers 2", "announce  left 1000 offers 2", "announce  left 1000 offers 1")
	for _, e := range effects[:2] {
		if n := len(e.(Send).Data); n > maxAnnounce {
			t.Fatalf("%d bytes", n)
		}
	}
	// What no peer would take is left out.
	st.when(counts(one, hash, 9, 9))
	st.expect(st.next(), "MakeOffers")
	made.Offers = []Offer{{SDP: ""}, {SDP: strings.Repeat("x", maxSDP+1)}, {SDP: "v=0"}}
	st.expect(st.when(made), "announce  left 1000 offers 1")
}

func TestTwoRunsWithOneSeedAreOne(t *testing.T) {
	run := func() []Effect {
		st := tell(t)
		effects := st.when(fetcher(), Add{InfoHash: hash2, Trackers: []string{one, two}, Left: 3})
		effects = append(effects, st.when(Opened{Tracker: one}, Closed{Tracker: two})...)
		return append(effects, st.later(time.Hour, tracks(3, 3))...)
	}
	if a, b := run(), run(); len(a) < 50 || !reflect.DeepEqual(a, b) {
		t.Fatalf("%d and %d effects differ", len(a), len(b))
	}
}

func TestATorrentLeavesOneOfItsTrackers(t *testing.T) {
	st := tell(t)
	st.when(Add{InfoHash: hash, Trackers: []string{one, two}, Left: 10}, Opened{Tracker: one}, Opened{Tracker: two})
	// When it leaves one, written with a slash, and one that is none of its
	got := st.when(Leave{InfoHash: hash, Trackers: []string{two + "/", "ws://elsewhere.example"}})
	// Then that one hears of it and, as nobody needs it any more, is closed
	st.expect(got, "announce stopped left 10 offers 0", "Close")
	st.when(Closed{Tracker: two})
	// And only the other hears of it from then on
	for _, e := range st.later(time.Hour, nil) {
		if s, ok := e.(Send); ok && s.Tracker != one {
			t.Fatalf("%s still hears of it", s.Tracker)
		}
	}
}

// A turn of the announcer must not cost more for the torrents that wait.
func BenchmarkATickForNothing(b *testing.B) {
	for _, torrents := range []int{1, 1000} {
		b.Run(fmt.Sprint(torrents), func(b *testing.B) {
			a := New(Config{PeerID: me}, rand.New(rand.NewPCG(1, 2)))
			for i := range torrents {
				a.Handle(begin, Add{InfoHash: id.ID{byte(i), byte(i >> 8)}, Trackers: []string{one}})
			}
			a.Handle(begin, Opened{Tracker: one})
			for b.Loop() {
				a.Deadline()
				a.Handle(begin, Tick{})
			}
		})
	}
}
