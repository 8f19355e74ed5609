package node

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/id"
	"github.com/shoal-p2p/shoal/core/swarm"
	"github.com/shoal-p2p/shoal/core/tracker"
)

var seed = flag.Uint64("seed", 1, "the seed of the node's randomness")

const url = "ws://tracker.test"

var infoHash = id.ID([]byte(strings.Repeat("i", 20)))

// lab is a node, its clock, and what it has asked for and was not given yet.
type lab struct {
	*testing.T
	node *Node
	now  time.Time
	all  []Effect // that it ever had
}

func newLab(t *testing.T, budget int) *lab {
	t.Logf("-seed=%d", *seed)
	cfg := Config{PeerID: id.ID([]byte("-SH0010-aaaaaaaaaaaa")), MaxConnections: budget, Key: keyOf("us")}
	return &lab{T: t, node: New(cfg, rand.New(rand.NewPCG(*seed, 1))), now: time.Unix(1e9, 0)}
}

// handle gives the node events, one after the other, and returns all effects.
func (l *lab) handle(events ...Event) []Effect {
	var all []Effect
	for _, ev := range events {
		l.node.Handle(l.now, ev)
		for e, ok := l.node.Poll(); ok; e, ok = l.node.Poll() {
			all = append(all, e)
		}
	}
	l.all = append(l.all, all...)
	return all
}

// pass lets time go by, tick by tick.
func (l *lab) pass(d time.Duration) []Effect {
	var all []Effect
	for end := l.now.Add(d); ; {
		at, ok := l.node.Deadline()
		if !ok || at.After(end) {
			l.now = end
			return all
		}
		if at.After(l.now) {
			l.now = at
		}
		all = append(all, l.handle(Tick{})...)
	}
}

// of picks the effects of one type.
func of[E Effect](effects []Effect) []E {
	var found []E
	for _, e := range effects {
		if e, ok := e.(E); ok {
			found = append(found, e)
		}
	}
	return found
}

// sent is what the node says to its tracker.
func sent(effects []Effect) string {
	var all strings.Builder
	for _, e := range of[ToTracker](effects) {
		if s, ok := e.Effect.(tracker.Send); ok {
			all.Write(s.Data)
		}
	}
	return all.String()
}

func offerFrom(peer, offerID string) Event { return offerFor(infoHash, peer, offerID) }

func offerFor(infoHash id.ID, peer, offerID string) Event {
	return Socket{tracker.Message{Tracker: url, Data: []byte(`{"action":"announce","info_hash":"` + latin1(infoHash[:]) +
		`","peer_id":"` + peer + `","offer_id":"` + offerID + `","offer":{"type":"offer","sdp":"v=0"}}`)}}
}

func peerID(i int) string {
	return "-WW0300-aaaaaaaaaa" + string(rune('a'+i/26)) + string(rune('a'+i%26))
}

func TestAnOfferBeyondTheBudgetIsNotAnswered(t *testing.T) {
	l := newLab(t, 4)
	l.handle(Add{InfoHash: infoHash, Trackers: []string{url}}, Socket{tracker.Opened{Tracker: url}})
	var accepted []Accept
	for i := range 10 {
		accepted = append(accepted, of[Accept](l.handle(offerFrom(peerID(i), "offer-id-abcdefgh-"+peerID(i)[18:])))...)
	}
	if n := l.node.Connections(); n != 4 {
		t.Errorf("%d connections with a budget of 4", n)
	}
	if len(accepted) == 0 || len(accepted) > 4 {
		t.Errorf("%d offers accepted", len(accepted))
	}

	// When a connection ends, its place is free again.
	l.handle(Closed{accepted[0].Conn})
	again := of[Accept](l.handle(offerFrom(peerID(20), "offer-id-abcdefgh-zz")))
	if len(again) != 1 {
		t.Errorf("after a close %d offers were accepted, want 1", len(again))
	}
}

func TestOwnOffersLeaveHalfOfTheBudgetToOthers(t *testing.T) {
	l := newLab(t, 6)
	var trackers []string
	for _, host := range []string{"a", "b", "c", "d"} {
		trackers = append(trackers, "ws://"+host+".test")
	}
	offers := len(of[Offer](l.handle(Add{InfoHash: infoHash, Trackers: trackers})))
	for _, tr := range trackers {
		offers += len(of[Offer](l.handle(Socket{tracker.Opened{Tracker: tr}})))
	}
	if offers == 0 || offers > 3 {
		t.Errorf("%d own offers with a budget of 6", offers)
	}
}

func TestManyTrackersDoNotOverdrawTheBudgetTogether(t *testing.T) {
	const budget = 9
	l := newLab(t, budget)
	l.handle(Add{InfoHash: infoHash, Trackers: []string{url}}, Socket{tracker.Opened{Tracker: url}})
	for i := 0; l.node.Connections() < budget-1; i++ {
		l.handle(offerFrom(peerID(i), "offer-id-abcdefgh-"+peerID(i)[18:]))
	}
	var trackers []string
	for i := range 12 {
		trackers = append(trackers, "ws://"+string(rune('a'+i))+".test")
	}
	l.handle(Add{InfoHash: infoHash, Trackers: trackers})
	if n := l.node.Connections(); n > budget {
		t.Errorf("%d connections with a budget of %d", n, budget)
	}
}

func TestRemovingATorrentClosesItsConnectionsAndTellsItsTracker(t *testing.T) {
	l := newLab(t, 0)
	l.handle(Add{InfoHash: infoHash, Trackers: []string{url}}, Socket{tracker.Opened{Tracker: url}})
	accepted := of[Accept](l.handle(offerFrom(peerID(1), "offer-id-abcdefgh-00")))
	if len(accepted) != 1 {
		t.Fatal("the offer was not accepted")
	}
	before := l.node.Connections()
	effects := l.handle(Remove{infoHash})
	if closes := of[Close](effects); len(closes) != before {
		t.Errorf("%d of %d connections closed", len(closes), before)
	}
	if !strings.Contains(sent(effects), `"stopped"`) {
		t.Errorf("the tracker was told %q", sent(effects))
	}
	if l.node.Swarm(infoHash) != nil {
		t.Error("the swarm is still there")
	}
	// What comes late is ignored.
	effects = l.handle(
		Described{Conn: accepted[0].Conn, SDP: "v=0"}, Opened{Conn: accepted[0].Conn}, Received{accepted[0].Conn, []byte("x")},
		Torrent{infoHash, swarm.Opened{}},
	)
	if len(of[Send](effects)) != 0 || len(of[ToStore](effects)) != 0 {
		t.Errorf("a removed torrent did %v", effects)
	}
}

func TestALonelyTorrentWarnsAgainAndAgain(t *testing.T) {
	l := newLab(t, 0)
	l.handle(Add{InfoHash: infoHash})
	if early := of[Warned](l.pass(9 * time.Second)); len(early) != 0 {
		t.Errorf("warned after nine seconds: %v", early)
	}
	warnings := of[Warned](l.pass(2 * time.Minute))
	if len(warnings) != 2 {
		t.Fatalf("%d warnings in two minutes", len(warnings))
	}
	for _, w := range warnings {
		if !errors.Is(w.Err, ErrNoPeers) || w.InfoHash != infoHash {
			t.Errorf("warned of %v for %v", w.Err, w.InfoHash)
		}
	}
}

func TestAnOpenChannelGetsTheHandshakeOfItsTorrent(t *testing.T) {
	l := newLab(t, 0)
	l.handle(Add{InfoHash: infoHash, Trackers: []string{url}}, Socket{tracker.Opened{Tracker: url}})
	conn := of[Accept](l.handle(offerFrom(peerID(1), "offer-id-abcdefgh-00")))[0].Conn
	answer := sent(l.handle(Described{Conn: conn, SDP: "v=0 answer"}))
	if !strings.Contains(answer, "v=0 answer") || !strings.Contains(answer, `"to_peer_id":"`+peerID(1)) {
		t.Errorf("the tracker was given %q", answer)
	}
	sends := of[Send](l.handle(Opened{Conn: conn}))
	if len(sends) != 1 || sends[0].Conn != conn {
		t.Fatalf("sent %v", sends)
	}
}

func TestAnOfferThatHangsDoesNotKeepTheOthersOfItsAnnounce(t *testing.T) {
	l := newLab(t, 0)
	offers := of[Offer](l.handle(Add{InfoHash: infoHash, Trackers: []string{url}}))
	offers = append(offers, of[Offer](l.handle(Socket{tracker.Opened{Tracker: url}}))...)
	if len(offers) < 2 {
		t.Fatalf("%d offers", len(offers))
	}
	// Given all offers but one
	hanging, others := offers[0], offers[1:]
	for _, o := range others {
		l.handle(Described{Conn: o.Conn, SDP: "v=0 quick"})
	}
	// When it does not come, then the others travel before the announcer gives up
	said := sent(l.pass(9 * time.Second))
	if n := strings.Count(said, "v=0 quick"); n != len(others) {
		t.Errorf("%d of %d offers were sent: %q", n, len(others), said)
	}
	// and the late one is closed, although the next announce waits for its own
	l.handle(Socket{tracker.Closed{Tracker: url}})
	l.pass(10 * time.Second)
	if next := of[Offer](l.handle(Socket{tracker.Opened{Tracker: url}})); len(next) == 0 {
		t.Fatal("no offers for a second announce")
	}
	late := l.handle(Described{Conn: hanging.Conn, SDP: "v=0 late"})
	if closes := of[Close](late); len(closes) != 1 || closes[0].Conn != hanging.Conn {
		t.Errorf("the late offer did %v", late)
	}
	if strings.Contains(sent(append(late, l.pass(time.Minute)...)), "v=0 late") {
		t.Error("the late offer was sent")
	}
}

func TestATrackerCannotFloodTheOwnerWithWarnings(t *testing.T) {
	l := newLab(t, 0)
	l.handle(Add{InfoHash: infoHash, Trackers: []string{url}}, Socket{tracker.Opened{Tracker: url}})
	refuse := func(times int) (warned int) {
		for i := range times {
			warned += len(of[Warned](l.handle(Socket{tracker.Message{Tracker: url,
				Data: fmt.Appendf(nil, `{"failure reason":"no %d"}`, i)}})))
		}
		return warned
	}
	if warned := refuse(1000); warned != maxWarnings {
		t.Errorf("warned %d times", warned)
	}
	// but it may warn again later
	l.now = l.now.Add(time.Minute)
	if warned := refuse(2); warned != 2 {
		t.Errorf("a minute later warned %d times", warned)
	}
}

func TestAPausedTorrentIsNotLonely(t *testing.T) {
	l := newLab(t, 10)
	l.handle(Add{InfoHash: infoHash, Trackers: []string{url}}, Torrent{infoHash, swarm.Pause{}})
	for _, w := range of[Warned](l.pass(5 * time.Minute)) {
		if errors.Is(w.Err, ErrNoPeers) {
			t.Error(w.Err)
		}
	}
}
