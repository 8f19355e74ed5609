package exchange

import (
	"errors"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/id"
)

// story drives one Exchange, peer 0, with neighbours whose keys the test has:
// connection c leads to peer c.
type story struct {
	t     *testing.T
	x     *Exchange
	now   time.Time
	offer byte
}

func tellStory(t *testing.T) *story {
	x := New(Config{PeerID: peerID(0), Key: keyPair(0)}, rand.New(rand.NewPCG(1, 2)))
	return &story{t: t, x: x, now: start}
}

func (st *story) when(ev Event) []Effect {
	st.x.Handle(st.now, ev)
	var effects []Effect
	for e, ok := st.x.Poll(); ok; e, ok = st.x.Poll() {
		effects = append(effects, e)
	}
	return effects
}

func (st *story) join(conns ...int) {
	for _, c := range conns {
		st.when(Joined{Conn: Conn(c), InfoHash: swarm, Peer: peerID(c), Identity: keyPair(c).Identity()})
	}
}

func (st *story) says(c int, m message) []Effect { return st.when(Said{Conn(c), m.encode()}) }

// later passes time and ticks as often as the deadlines ask.
func (st *story) later(d time.Duration) []Effect {
	end := st.now.Add(d)
	var effects []Effect
	for {
		at, ok := st.x.Deadline()
		if !ok || at.After(end) {
			st.now = end
			return effects
		}
		st.now = at
		effects = append(effects, st.when(Tick{})...)
	}
}

// of lists the effects of one sort.
func of[E Effect](effects []Effect) []E {
	var some []E
	for _, e := range effects {
		if e, ok := e.(E); ok {
			some = append(some, e)
		}
	}
	return some
}

// said lists the messages of one kind to a neighbour.
func (st *story) said(effects []Effect, to int, k kind) []message {
	var some []message
	for _, e := range of[Tell](effects) {
		m, err := parse(e.Payload)
		if err != nil {
			st.t.Fatal(err)
		}
		if e.Conn == Conn(to) && m.kind == k {
			some = append(some, m)
		}
	}
	return some
}

// made is a peer's new offer to another, signed.
func (st *story) made(from, to int) message {
	st.offer++
	m := message{kind: offer, from: peerID(from), to: peerID(to), offerID: id.ID{byte(from), st.offer}, sdp: "an offer"}
	return signedBy(from, m, digest{})
}

// answered is a peer's answer to an offer, signed.
func answered(by int, o message) message {
	m := message{kind: answer, from: peerID(by), to: o.from, offerID: o.offerID, sdp: "an answer"}
	return signedBy(by, m, digestOf(o.sdp))
}

func signedBy(i int, m message, offered digest) message {
	m.key = keyPair(i).Identity()
	m.sig = keyPair(i).Sign(statement(swarm, m, offered))
	return m
}

func TestNeighboursAreToldOfEachOther(t *testing.T) {
	st := tellStory(t)
	st.join(1)
	// When another joins, then it is told at once, and the first in its turn
	effects := st.when(Joined{Conn: 2, InfoHash: swarm, Peer: peerID(2), Identity: keyPair(2).Identity()})
	if got := st.said(effects, 2, tell); len(got) != 1 || !slices.Equal(got[0].added, []id.ID{peerID(1)}) {
		t.Fatalf("the new one was told %+v", got)
	}
	if got := st.said(effects, 1, tell); len(got) != 0 {
		t.Fatalf("five seconds have not passed: %+v", got)
	}
	effects = st.later(5 * time.Second)
	if got := st.said(effects, 1, tell); len(got) != 1 || !slices.Equal(got[0].added, []id.ID{peerID(2)}) {
		t.Fatalf("the first was told %+v", got)
	}
	// When one leaves, then that is told, and nothing more while nothing changes
	st.now = st.now.Add(time.Minute)
	effects = st.when(Left{2})
	if got := st.said(effects, 1, tell); len(got) != 1 || !slices.Equal(got[0].dropped, []id.ID{peerID(2)}) {
		t.Fatalf("the first was told %+v", got)
	}
	if effects := st.later(time.Hour); len(effects) != 0 {
		t.Fatalf("nothing has changed: %+v", effects)
	}
	if _, waits := st.x.Deadline(); waits {
		t.Fatal("nothing is waited for")
	}
}

func TestManyChangesAreToldAtMostEveryFiveSeconds(t *testing.T) {
	st := tellStory(t)
	st.join(1)
	n := 0
	for i := range 100 {
		st.join(2)
		st.when(Left{2})
		n += len(st.said(st.later(100*time.Millisecond), 1, tell))
		if i == 99 && n > 3 {
			t.Fatalf("%d tells in ten seconds", n)
		}
	}
}

func TestNobodyIsToldOfMoreThanFifty(t *testing.T) {
	st := tellStory(t)
	st.join(1)
	for c := 2; c < 100; c++ {
		st.join(c)
	}
	known := map[id.ID]bool{}
	take := func(effects []Effect) {
		for _, m := range st.said(effects, 1, tell) {
			for _, p := range m.dropped {
				delete(known, p)
			}
			for _, p := range m.added {
				known[p] = true
			}
		}
	}
	take(st.later(time.Minute))
	if len(known) != maxTold {
		t.Fatalf("it knows %d", len(known))
	}
	// When some of them leave, then others take their places.
	for c := 2; c < 50; c++ {
		take(st.when(Left{Conn(c)}))
	}
	take(st.later(time.Minute))
	if len(known) != maxTold || known[peerID(2)] {
		t.Fatalf("it knows %d", len(known))
	}
}

func TestAnotherTorrentsNeighboursAreNobodysBusiness(t *testing.T) {
	st := tellStory(t)
	st.join(1)
	effects := st.when(Joined{Conn: 2, InfoHash: id.ID{1}, Peer: peerID(2), Identity: keyPair(2).Identity()})
	effects = append(effects, st.later(time.Minute)...)
	if len(effects) != 0 {
		t.Fatalf("%+v", effects)
	}
	if got := st.said(st.says(1, st.made(1, 2)), 1, gone); len(got) != 1 {
		t.Fatal("an offer went to another torrent's neighbour")
	}
}

func TestARelayCarriesAnOfferAndItsAnswer(t *testing.T) {
	st := tellStory(t)
	st.join(1, 2)
	o := st.made(1, 2)
	if got := st.said(st.says(1, o), 2, offer); len(got) != 1 || got[0].sig != o.sig {
		t.Fatalf("carried %+v", got)
	}
	a := answered(2, o)
	if got := st.said(st.says(2, a), 1, answer); len(got) != 1 || got[0].sig != a.sig {
		t.Fatalf("carried back %+v", got)
	}
	// Once is enough.
	if effects := st.says(2, a); len(effects) != 0 {
		t.Fatalf("a second time: %+v", effects)
	}
}

func TestWhatARelayRefuses(t *testing.T) {
	for _, c := range []struct {
		name  string
		given func(st *story) (by int, m message)
		says  kind // to peer 1; 0 where nothing
		fault bool
	}{
		{"an offer to nobody", func(st *story) (int, message) { return 1, st.made(1, 9) }, gone, false},
		{"an offer in another's name", func(st *story) (int, message) { return 1, st.made(3, 2) }, 0, true},
		{"an offer in another's name, signed by itself", func(st *story) (int, message) {
			return 1, signedBy(1, st.made(3, 2), digest{})
		}, 0, true},
		{"an offer to its maker", func(st *story) (int, message) { return 1, st.made(1, 1) }, 0, true},
		{"an offer with a wrong signature", func(st *story) (int, message) {
			m := st.made(1, 2)
			m.sdp += "!"
			return 1, m
		}, 0, true},
		{"an offer signed by another identity", func(st *story) (int, message) {
			m := st.made(1, 2)
			return 1, signedBy(7, m, digest{})
		}, 0, true},
		{"a second offer within ten seconds", func(st *story) (int, message) {
			st.says(1, st.made(1, 2))
			st.now = st.now.Add(9 * time.Second)
			return 1, st.made(1, 2)
		}, busy, false},
		{"an answer that nobody waits for", func(st *story) (int, message) { return 2, answered(2, st.made(1, 2)) }, 0, false},
		{"an answer of whom the offer did not go to", func(st *story) (int, message) {
			o := st.made(1, 2)
			st.says(1, o)
			return 3, answered(3, o)
		}, 0, false},
		{"an answer in another's name", func(st *story) (int, message) {
			o := st.made(1, 2)
			st.says(1, o)
			return 3, answered(2, o)
		}, 0, true},
		{"an answer to another offer", func(st *story) (int, message) {
			o := st.made(1, 2)
			st.says(1, o)
			o.sdp = "another"
			return 2, answered(2, o)
		}, gone, true},
		{"an answer that is late", func(st *story) (int, message) {
			o := st.made(1, 2)
			st.says(1, o)
			st.now = st.now.Add(circuitFor)
			return 2, answered(2, o)
		}, 0, false},
		{"a refusal carried back", func(st *story) (int, message) {
			o := st.made(1, 2)
			st.says(1, o)
			return 2, message{kind: busy, from: o.from, to: o.to, offerID: o.offerID}
		}, busy, false},
		{"another's refusal", func(st *story) (int, message) {
			o := st.made(1, 2)
			st.says(1, o)
			return 3, message{kind: busy, from: o.from, to: o.to, offerID: o.offerID}
		}, 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			st := tellStory(t)
			st.join(1, 2, 3)
			by, m := c.given(st)
			effects := st.says(by, m)
			if faults := of[Fault](effects); (len(faults) == 1) != c.fault {
				t.Fatalf("faults: %+v", faults)
			}
			if got := st.said(effects, 2, offer); len(got) != 0 {
				t.Fatalf("it was carried: %+v", got)
			}
			if got := st.said(effects, 1, answer); len(got) != 0 {
				t.Fatalf("it was carried back: %+v", got)
			}
			for _, k := range []kind{gone, busy} {
				if got := st.said(effects, 1, k); (len(got) == 1) != (c.says == k) {
					t.Fatalf("refusals of kind %d: %+v", k, got)
				}
			}
		})
	}
}

func TestWhoseOfferWentToSomeoneWhoLeavesIsTold(t *testing.T) {
	st := tellStory(t)
	st.join(1, 2)
	st.says(1, st.made(1, 2))
	if got := st.said(st.when(Left{2}), 1, gone); len(got) != 1 {
		t.Fatalf("told %+v", got)
	}
}

func TestAnOfferToUsIsTakenOnce(t *testing.T) {
	st := tellStory(t)
	st.join(1, 2)
	o := st.made(5, 0)
	got := of[Offered](st.says(1, o))
	want := Offered{InfoHash: swarm, Relay: 1, From: peerID(5), Identity: keyPair(5).Identity(), OfferID: o.offerID, SDP: o.sdp}
	if len(got) != 1 || got[0] != want {
		t.Fatalf("got %+v", got)
	}
	for _, relay := range []int{1, 2} {
		st.now = st.now.Add(time.Hour)
		if effects := of[Offered](st.says(relay, o)); len(effects) != 0 {
			t.Fatalf("replayed by %d: %+v", relay, effects)
		}
	}
}

func TestOurAnswerGoesTheWayTheOfferCame(t *testing.T) {
	st := tellStory(t)
	st.join(1, 2)
	o := st.made(5, 0)
	st.says(1, o)
	ours := Answer{InfoHash: swarm, Relay: 1, To: peerID(5), OfferID: o.offerID, SDP: "ours"}
	astray := ours
	astray.Relay = 2
	if effects := st.when(astray); len(effects) != 0 {
		t.Fatalf("by another way: %+v", effects)
	}
	got := st.said(st.when(ours), 1, answer)
	if len(got) != 1 || !signed(swarm, got[0], digestOf(o.sdp)) || got[0].key != keyPair(0).Identity() {
		t.Fatalf("got %+v", got)
	}
	// An empty answer declines.
	o = st.made(6, 0)
	st.says(1, o)
	if got := st.said(st.when(Answer{InfoHash: swarm, Relay: 1, To: peerID(6), OfferID: o.offerID}), 1, busy); len(got) != 1 {
		t.Fatal("the offer was not declined")
	}
}

func TestAPeerWeKnowUnderAnotherIdentityIsRefused(t *testing.T) {
	st := tellStory(t)
	st.join(1, 2)
	// As an offer
	m := signedBy(7, st.made(2, 0), digest{})
	if effects := st.says(1, m); len(effects) != 0 {
		t.Fatalf("%+v", effects)
	}
	// and as a neighbour
	st.when(Joined{Conn: 9, InfoHash: swarm, Peer: peerID(2), Identity: keyPair(7).Identity()})
	if st.x.conns[9] != nil {
		t.Fatal("it has become a neighbour")
	}
}

// wanting is a story in which the bigger peer 5 was told of by neighbours.
func wanting(t *testing.T, tellers ...int) *story {
	st := tellStory(t)
	st.join(tellers...)
	for _, c := range tellers {
		st.says(c, message{kind: tell, added: []id.ID{peerID(5)}})
	}
	return st
}

// sent takes an attempt up to the offer that travels.
func (st *story) sent(effects []Effect) (MakeOffer, message) {
	st.t.Helper()
	made := of[MakeOffer](effects)
	if len(made) != 1 {
		st.t.Fatalf("offers begun: %+v", made)
	}
	st.offer++
	effects = st.when(OfferMade{InfoHash: swarm, Relay: made[0].Relay, To: made[0].To, OfferID: id.ID{st.offer}, SDP: "ours"})
	got := st.said(effects, int(made[0].Relay), offer)
	if len(got) != 1 || !signed(swarm, got[0], digest{}) || got[0].to != made[0].To {
		st.t.Fatalf("sent %+v", got)
	}
	return made[0], got[0]
}

func TestACandidateIsTriedAndAnswers(t *testing.T) {
	st := wanting(t, 1)
	if effects := st.later(time.Minute); len(of[MakeOffer](effects)) != 0 {
		t.Fatal("no peers are wanted")
	}
	made, o := st.sent(st.when(Want{swarm, 1}))
	if made.To != peerID(5) || made.Relay != 1 {
		t.Fatalf("%+v", made)
	}
	a := answered(5, o)
	got := of[Answered](st.says(1, a))
	want := Answered{InfoHash: swarm, Relay: 1, From: peerID(5), Identity: keyPair(5).Identity(), OfferID: o.offerID, SDP: a.sdp}
	if len(got) != 1 || got[0] != want {
		t.Fatalf("got %+v", got)
	}
	// It joins, and is no candidate while it is a neighbour.
	st.join(5)
	if effects := st.later(time.Hour); len(of[MakeOffer](effects)) != 0 {
		t.Fatalf("%+v", effects)
	}
}

func TestWhatAnswersOurOfferIsChecked(t *testing.T) {
	for _, c := range []struct {
		name  string
		by    int
		a     func(o message) message
		fault bool
	}{
		{"by another relay", 2, func(o message) message { return answered(5, o) }, false},
		{"to another offer", 1, func(o message) message { o.sdp = "another"; return answered(5, o) }, true},
		{"from another peer", 1, func(o message) message { return answered(6, o) }, false},
		{"of a peer that we know under another identity", 1, func(o message) message {
			return signedBy(7, message{kind: answer, from: peerID(5), to: peerID(0), offerID: o.offerID, sdp: "x"}, digestOf(o.sdp))
		}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			st := wanting(t, 1)
			_, o := st.sent(st.when(Want{swarm, 1}))
			st.join(2)
			st.when(Joined{Conn: 8, InfoHash: id.ID{1}, Peer: peerID(5), Identity: keyPair(5).Identity()})
			effects := st.says(c.by, c.a(o))
			for _, a := range of[Answered](effects) {
				if a.SDP != "" {
					t.Fatalf("taken: %+v", a)
				}
			}
			if (len(of[Fault](effects)) == 1) != c.fault {
				t.Fatalf("%+v", effects)
			}
		})
	}
}

func TestAnotherRelayIsTriedWhenOneFails(t *testing.T) {
	for _, c := range []struct {
		name string
		fail func(st *story, made MakeOffer, o message) []Effect
	}{
		{"knows nothing", func(st *story, made MakeOffer, o message) []Effect {
			return st.says(int(made.Relay), message{kind: gone, from: o.from, to: o.to, offerID: o.offerID})
		}},
		{"stays silent", func(st *story, _ MakeOffer, _ message) []Effect { return st.later(answerTimeout) }},
		{"leaves", func(st *story, made MakeOffer, _ message) []Effect { return st.when(Left{made.Relay}) }},
		{"lies", func(st *story, made MakeOffer, o message) []Effect {
			o.sdp = "another"
			return st.says(int(made.Relay), answered(5, o))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			st := wanting(t, 1, 2)
			first, o := st.sent(st.when(Want{swarm, 1}))
			effects := c.fail(st, first, o)
			refused := of[Answered](effects)
			if len(refused) != 1 || refused[0].SDP != "" || refused[0].OfferID != o.offerID {
				t.Fatalf("the connection is to be given up: %+v", effects)
			}
			second, _ := st.sent(effects)
			if second.Relay == first.Relay || second.To != first.To {
				t.Fatalf("%+v and %+v", first, second)
			}
		})
	}
}

func TestACandidateRestsForTwiceAsLongEachTime(t *testing.T) {
	st := wanting(t, 1)
	effects := st.when(Want{swarm, 1})
	rest := firstRest
	for range 8 {
		made, o := st.sent(effects)
		effects = st.says(1, message{kind: busy, from: o.from, to: o.to, offerID: o.offerID})
		if early := st.later(rest - time.Millisecond); len(of[MakeOffer](append(effects, early...))) != 0 {
			t.Fatalf("%s was tried before %v had passed", made.To, rest)
		}
		effects = st.later(time.Millisecond)
		rest = min(2*rest, maxRest)
	}
}

func TestABusyPeerIsNotTriedByAnotherRelayAtOnce(t *testing.T) {
	st := wanting(t, 1, 2)
	made, o := st.sent(st.when(Want{swarm, 1}))
	effects := st.says(int(made.Relay), message{kind: busy, from: o.from, to: o.to, offerID: o.offerID})
	if effects = append(effects, st.later(firstRest-time.Second)...); len(of[MakeOffer](effects)) != 0 {
		t.Fatalf("%+v", effects)
	}
}

func TestEachRelayIsTriedOnce(t *testing.T) {
	st := wanting(t, 1, 2, 3, 4, 5+100)
	tried := map[Conn]bool{}
	for range 5 {
		made, o := st.sent(st.when(Want{swarm, 1}))
		if tried[made.Relay] {
			t.Fatalf("%d was tried twice", made.Relay)
		}
		tried[made.Relay] = true
		// Given that it has rested when the next is chosen
		st.when(Want{swarm, 0})
		st.says(int(made.Relay), message{kind: gone, from: o.from, to: o.to, offerID: o.offerID})
		st.later(2 * time.Second)
	}
	if effects := st.when(Want{swarm, 1}); len(effects) != 0 {
		t.Fatalf("none is left: %+v", effects)
	}
}

func TestASilentRelayRests(t *testing.T) {
	st := tellStory(t)
	st.join(1)
	var all []id.ID
	for i := range 9 {
		all = append(all, peerID(100+i))
	}
	st.says(1, message{kind: tell, added: all})
	effects := st.when(Want{swarm, 1})
	rest := relayRest
	for range 8 {
		st.sent(effects)
		if early := st.later(answerTimeout + rest - time.Millisecond); len(of[MakeOffer](early)) != 0 {
			t.Fatalf("it was used before it had rested %v", rest)
		}
		effects = st.later(time.Millisecond)
		rest = min(2*rest, maxRelayRest)
	}
}

func TestARelayThatOnlyRefusesRestsForTwiceAsLongEachTime(t *testing.T) {
	for _, c := range []struct {
		name string
		says kind
		most time.Duration
	}{{"gone", gone, maxRelayRest}, {"busy", busy, maxBusyRest}} {
		t.Run(c.name, func(t *testing.T) {
			// Given a relay that tells of ever new peers, and of each that it is not
			// to be had
			st := tellStory(t)
			st.join(1)
			fresh := func(i int) []Effect {
				m := message{kind: tell, added: []id.ID{peerID(101 + i)}, dropped: []id.ID{peerID(100 + i)}}
				return st.says(1, m)
			}
			st.when(Want{swarm, 1})
			effects, rest := fresh(0), relayRest
			for i := range 8 {
				_, o := st.sent(effects)
				early := st.says(1, message{kind: c.says, from: o.from, to: o.to, offerID: o.offerID})
				// When it tells of the next, then that waits until the relay has rested
				early = append(early, fresh(i+1)...)
				if early = append(early, st.later(rest-time.Millisecond)...); len(of[MakeOffer](early)) != 0 {
					t.Fatalf("it was used before it had rested %v", rest)
				}
				effects = st.later(time.Millisecond)
				rest = min(2*rest, c.most)
			}
			// When it brings an answer, then all is forgotten
			_, o := st.sent(effects)
			st.says(1, answered(109, o))
			_, o = st.sent(fresh(9))
			st.says(1, message{kind: c.says, from: o.from, to: o.to, offerID: o.offerID})
			fresh(10)
			st.sent(st.later(relayRest))
		})
	}
}

func TestAPeerThatWasANeighbourHasAFreshStart(t *testing.T) {
	st := wanting(t, 1)
	effects := st.when(Want{swarm, 1})
	for i := range 3 {
		_, o := st.sent(effects)
		st.says(1, message{kind: busy, from: o.from, to: o.to, offerID: o.offerID})
		effects = st.later(firstRest << i)
	}
	st.join(5)
	st.when(Left{5})
	c := st.x.torrents[swarm].candidate(peerID(0), peerID(5))
	if c.failures != 0 || !c.readyAt.Equal(st.now.Add(firstRest)) {
		t.Fatalf("%+v", c)
	}
}

func TestWeWaitForTheOfferOfASmallerPeer(t *testing.T) {
	x := New(Config{PeerID: peerID(9), Key: keyPair(9)}, rand.New(rand.NewPCG(1, 2)))
	st := &story{t: t, x: x, now: start}
	st.join(1)
	st.says(1, message{kind: tell, added: []id.ID{peerID(5)}})
	if effects := st.when(Want{swarm, 1}); len(of[MakeOffer](effects)) != 0 {
		t.Fatal("the smaller peer's offer would take the place of ours")
	}
	if effects := st.later(courtesy); len(of[MakeOffer](effects)) != 1 {
		t.Fatal("it did not come")
	}
}

func TestOnlyAFewAreTriedAtATime(t *testing.T) {
	st := tellStory(t)
	st.join(1, 2, 3)
	var all []id.ID
	for i := range maxTold {
		all = append(all, peerID(100+i))
	}
	st.says(1, message{kind: tell, added: all})
	made := of[MakeOffer](st.when(Want{swarm, 40}))
	if len(made) != maxByRelay {
		t.Fatalf("%d by one relay", len(made))
	}
	made = append(made, of[MakeOffer](st.says(2, message{kind: tell, added: all}))...)
	made = append(made, of[MakeOffer](st.says(3, message{kind: tell, added: all}))...)
	if len(made) != maxAttempts {
		t.Fatalf("%d in all", len(made))
	}
	for i := range made[1:] {
		if priority(peerID(0), made[i].To) > priority(peerID(0), made[i+1].To) {
			t.Fatal("not in the order of priority")
		}
	}
}

func TestAnOfferThatCannotBeMadeIsNotAskedForAtOnceAgain(t *testing.T) {
	st := tellStory(t)
	st.join(1)
	st.says(1, message{kind: tell, added: []id.ID{peerID(5), peerID(6), peerID(7)}})
	made := of[MakeOffer](st.when(Want{swarm, 1}))
	full := OfferMade{InfoHash: swarm, Relay: 1, To: made[0].To, Err: errors.New("no room")}
	if effects := st.when(full); len(effects) != 0 {
		t.Fatalf("%+v", effects)
	}
	if again := of[MakeOffer](st.later(ownRest)); len(again) != 1 || again[0].To == made[0].To {
		t.Fatalf("%+v", again)
	}
}

func TestAPeerThatIsKnownAlreadyKeepsNoOtherWaiting(t *testing.T) {
	// Given three candidates and an attempt at one of them
	st := tellStory(t)
	st.join(1)
	st.says(1, message{kind: tell, added: []id.ID{peerID(5), peerID(6), peerID(7)}})
	first := of[MakeOffer](st.when(Want{swarm, 1}))[0]
	// When a connection to it turns out to be on its way, then another is next
	known := OfferMade{InfoHash: swarm, Relay: 1, To: first.To, Err: errors.New("known"), Known: true}
	next := of[MakeOffer](st.when(known))
	if len(next) != 1 || next[0].To == first.To {
		t.Fatalf("%+v", next)
	}
	// Then it alone rests
	c := st.x.torrents[swarm].candidate(peerID(0), first.To)
	if !c.readyAt.Equal(st.now.Add(firstRest)) {
		t.Fatalf("%+v", c)
	}
}

func TestAnOfferThatWasMadeTooLateIsGivenUp(t *testing.T) {
	st := wanting(t, 1)
	st.when(Want{swarm, 1})
	st.when(Left{1})
	got := of[Answered](st.when(OfferMade{InfoHash: swarm, Relay: 1, To: peerID(5), OfferID: id.ID{1}, SDP: "late"}))
	if len(got) != 1 || got[0].SDP != "" || got[0].OfferID != (id.ID{1}) {
		t.Fatalf("%+v", got)
	}
}

func TestPriorityIsTheSameAtBothEnds(t *testing.T) {
	rng := rand.New(rand.NewPCG(*seed, 0))
	t.Logf("-seed=%d", *seed)
	for range 100 {
		a, b := id.NewPeer(rng), id.NewPeer(rng)
		if priority(a, b) != priority(b, a) {
			t.Fatalf("%s and %s", a, b)
		}
	}
}

func TestAFloodOfOffersIsAtFault(t *testing.T) {
	// Given a hostile neighbour that makes 10,000 offers a second, each well made
	st := tellStory(t)
	st.join(1, 2, 3)
	flood := make([][]byte, 10_000)
	for i := range flood {
		if i >= 400 { // nobody looks at a signature any more
			flood[i] = flood[i%400]
			continue
		}
		m := message{kind: offer, from: peerID(1), to: peerID(2 + i%2), offerID: id.ID{1, byte(i >> 8), byte(i)}, sdp: "x"}
		flood[i] = signedBy(1, m, digest{}).encode()
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	// When they come
	var effects []Effect
	for _, payload := range flood {
		st.now = st.now.Add(100 * time.Microsecond)
		effects = append(effects, st.when(Said{1, payload})...)
	}
	// Then it is at fault once, few were carried or refused, and nothing is kept
	if faults := of[Fault](effects); len(faults) != 1 || faults[0].Conn != 1 {
		t.Fatalf("faults: %+v", faults)
	}
	if n := len(of[Tell](effects)); n > 40 {
		t.Fatalf("%d messages were sent for it", n)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 256<<10 {
		t.Fatalf("%d bytes were kept", grown)
	}
	runtime.KeepAlive(flood)
}

func TestOffersWithinTheMessageRateAreBounded(t *testing.T) {
	crowd := func(t *testing.T) *story {
		st := tellStory(t)
		for c := 1; c <= 100; c++ {
			st.join(c)
		}
		return st
	}
	carried := func(st *story, effects []Effect) (n int) {
		for c := 1; c <= 100; c++ {
			n += len(st.said(effects, c, offer))
		}
		return n
	}
	t.Run("from one neighbour", func(t *testing.T) {
		st, n, refused := crowd(t), 0, 0
		for i := range 40 {
			effects := st.says(1, st.made(1, 2+i))
			n += carried(st, effects)
			refused += len(st.said(effects, 1, busy))
		}
		if n != 20 || refused != 10 {
			t.Fatalf("at once %d were carried, %d refused aloud", n, refused)
		}
		st.now = st.now.Add(time.Second)
		for i := range 40 {
			n += carried(st, st.says(1, st.made(1, 50+i)))
		}
		if n != 25 {
			t.Fatalf("with those of the next second, %d were carried", n)
		}
	})
	t.Run("to one neighbour", func(t *testing.T) {
		st, n := crowd(t), 0
		for c := 2; c <= 100; c++ {
			n += carried(st, st.says(c, st.made(c, 1)))
		}
		if n != 20 {
			t.Fatalf("%d were carried", n)
		}
	})
	t.Run("under way", func(t *testing.T) {
		st, n := crowd(t), 0
		for i := range 80 {
			st.now = st.now.Add(200 * time.Millisecond)
			n += carried(st, st.says(1, st.made(1, 2+i)))
		}
		if n != maxCircuits || len(st.x.conns[1].circuits) != maxCircuits {
			t.Fatalf("%d were carried", n)
		}
	})
}

func TestOffersToUsAreBounded(t *testing.T) {
	st := tellStory(t)
	st.join(1)
	offers := 0
	for i := range 30 {
		offers += len(of[Offered](st.says(1, st.made(100+i, 0))))
	}
	if offers != 20 {
		t.Fatalf("%d at once", offers)
	}
	for i := range 50 {
		st.now = st.now.Add(200 * time.Millisecond)
		offers += len(of[Offered](st.says(1, st.made(200+i, 0))))
	}
	if offers != maxWaiting {
		t.Fatalf("%d wait for an answer", offers)
	}
}

func TestATorrentHasSoManyNeighboursAndNoMore(t *testing.T) {
	st := tellStory(t)
	for c := 1; c <= maxNeighbours+10; c++ {
		st.join(c)
	}
	if n := len(st.x.conns); n != maxNeighbours {
		t.Fatalf("%d", n)
	}
}

func TestTheMemoryOfOffersIsBounded(t *testing.T) {
	m := memory{known: map[id.ID]bool{}}
	for i := range 2 * maxTaken {
		m.add(peerID(i))
	}
	if len(m.known) != maxTaken || m.has(peerID(maxTaken-1)) || !m.has(peerID(maxTaken)) {
		t.Fatalf("%d are known", len(m.known))
	}
}

func TestANeighbourThatTellsOfTooMany(t *testing.T) {
	t.Run("at a time", func(t *testing.T) {
		st := tellStory(t)
		st.join(1)
		var faults []Fault
		for i := range 20_000 { // a million peers
			var some []id.ID
			for j := range maxTold {
				some = append(some, peerID(1000+50*i+j))
			}
			faults = append(faults, of[Fault](st.says(1, message{kind: tell, added: some}))...)
			if i == 1 && len(faults) != 1 {
				t.Fatal("one more is too many")
			}
			if i == 0 && (len(faults) != 0 || len(st.x.torrents[swarm].candidates) != maxTold) {
				t.Fatal("fifty are welcome")
			}
		}
		if len(faults) != 1 || len(st.x.torrents[swarm].candidates) != 0 {
			t.Fatalf("%+v, %d candidates", faults, len(st.x.torrents[swarm].candidates))
		}
	})
	t.Run("too often", func(t *testing.T) {
		st := tellStory(t)
		st.join(1)
		var faults []Fault
		for i := range 30 {
			m := message{kind: tell, added: []id.ID{peerID(1001 + i)}, dropped: []id.ID{peerID(1000 + i)}}
			faults = append(faults, of[Fault](st.says(1, m))...)
		}
		if len(faults) != 1 {
			t.Fatalf("%+v", faults)
		}
	})
}

func TestAnythingMayCome(t *testing.T) {
	// Given neighbours that say whatever comes to their minds, rightly signed or not
	t.Logf("-seed=%d", *seed)
	rng := rand.New(rand.NewPCG(*seed, 0))
	st := tellStory(t)
	for range 5_000 {
		st.now = st.now.Add(time.Duration(rng.IntN(200)) * time.Millisecond)
		c := 1 + rng.IntN(6)
		m := message{kind: kind(rng.IntN(7)), from: peerID(rng.IntN(8)), to: peerID(rng.IntN(8)), offerID: id.ID{byte(rng.IntN(4))}, sdp: "x"}
		for range rng.IntN(4) {
			m.added = append(m.added, peerID(rng.IntN(60)))
			m.dropped = append(m.dropped, peerID(rng.IntN(60)))
		}
		if rng.IntN(4) > 0 {
			m = signedBy(c, m, digest{})
		}
		switch rng.IntN(12) {
		case 0:
			st.when(Left{Conn(c)})
		case 1:
			st.when(Want{swarm, rng.IntN(6)})
		case 2:
			st.when(OfferMade{InfoHash: swarm, Relay: Conn(c), To: m.to, OfferID: m.offerID, SDP: "x"})
		case 3:
			st.when(Answer{InfoHash: swarm, Relay: Conn(c), To: m.from, OfferID: m.offerID, SDP: "x"})
		case 4:
			st.when(Tick{})
		case 5, 6:
			st.join(c)
		case 7:
			st.when(Said{Conn(c), m.encode()[:rng.IntN(40)]})
		default:
			st.says(c, m)
		}
		// Then what is kept agrees with itself
		checkTorrent(t, st.x)
	}
}

// checkTorrent checks what must hold between events.
func checkTorrent(t *testing.T, x *Exchange) {
	t.Helper()
	s := x.torrents[swarm]
	if s == nil {
		return
	}
	tellers := 0
	for _, c := range s.candidates {
		tellers += len(c.tellers)
		if len(c.tellers) == 0 {
			t.Fatal("a candidate of whom nobody tells")
		}
	}
	told, trying := 0, 0
	for _, n := range s.neighbours {
		told += len(n.told)
		trying += n.trying
	}
	if told != tellers || trying != len(s.attempts) || len(s.neighbours) != len(x.conns) || len(s.attempts) > maxAttempts {
		t.Fatalf("told %d by %d, trying %d of %d", told, tellers, trying, len(s.attempts))
	}
}

func TestForget(t *testing.T) {
	st := wanting(t, 1, 2)
	st.when(Want{swarm, 1})
	st.when(Forget{swarm})
	if len(st.x.conns)+len(st.x.torrents)+len(st.x.active) != 0 {
		t.Fatal("something was kept")
	}
	for _, ev := range []Event{Left{1}, Said{2, nil}, Tick{}, OfferMade{InfoHash: swarm, Relay: 1, To: peerID(5), SDP: "x"}} {
		if effects := st.when(ev); len(effects) != 0 {
			t.Fatalf("%T: %+v", ev, effects)
		}
	}
}

func TestWithoutAKeyThereAreNoNeighbours(t *testing.T) {
	st := &story{t: t, x: New(Config{PeerID: peerID(0)}, rand.New(rand.NewPCG(1, 2))), now: start}
	st.join(1, 2)
	if effects := st.says(1, st.made(1, 2)); len(effects) != 0 || len(st.x.conns) != 0 {
		t.Fatalf("%+v", effects)
	}
}

func TestNamesOfRelays(t *testing.T) {
	for _, c := range []Conn{0, 1, 1<<64 - 1} {
		if got, is := Relay(Name(c)); !is || got != c {
			t.Errorf("%d: %d, %v", c, got, is)
		}
	}
	for _, name := range []string{"", "wss://tracker", "peer:", "peer:x", "peer:-1"} {
		if _, is := Relay(name); is {
			t.Errorf("%q is no neighbour", name)
		}
	}
}

func BenchmarkCarry(b *testing.B) {
	x := New(Config{PeerID: peerID(0), Key: keyPair(0)}, rand.New(rand.NewPCG(1, 2)))
	now := start
	for c := 1; c <= 2; c++ {
		x.Handle(now, Joined{Conn: Conn(c), InfoHash: swarm, Peer: peerID(c), Identity: keyPair(c).Identity()})
	}
	payload := signedBy(1, message{kind: offer, from: peerID(1), to: peerID(2), sdp: "v=0"}, digest{}).encode()
	for b.Loop() {
		now = now.Add(pairEvery)
		x.Handle(now, Said{1, payload})
		for _, ok := x.Poll(); ok; _, ok = x.Poll() {
			continue
		}
	}
}

func TestAnAttemptThatYieldsLeavesItsTurnToAnother(t *testing.T) {
	x := New(Config{PeerID: peerID(10), Key: keyPair(10)}, rand.New(rand.NewPCG(1, 2)))
	st := &story{t: t, x: x, now: start}
	st.join(11)
	st.when(Want{InfoHash: swarm, Count: 1})
	// Given an offer of ours to peer 3 that travels, while 12 waits for its turn
	st.says(11, message{kind: tell, added: []id.ID{peerID(3)}})
	st.sent(st.later(3 * time.Second))
	st.says(11, message{kind: tell, added: []id.ID{peerID(12)}})
	// When 3 offers itself, and is declined, as it is banned or there is no room
	effects := st.says(11, st.made(3, 10))
	offers := of[Offered](effects)
	if len(offers) != 1 {
		t.Fatal("the offer was not taken")
	}
	effects = append(effects, st.when(Answer{InfoHash: swarm, Relay: 11, To: peerID(3), OfferID: offers[0].OfferID})...)
	// Then 12 is tried, as one more peer is wanted still
	effects = append(effects, st.later(time.Hour)...)
	if got := of[MakeOffer](effects); len(got) == 0 || got[0].To != peerID(12) {
		t.Errorf("begun within an hour: %+v", got)
	}
}

func TestACandidateDoesNotPayForOurOwnBudget(t *testing.T) {
	st := tellStory(t)
	st.join(1)
	st.says(1, message{kind: tell, added: []id.ID{peerID(5)}})
	made := of[MakeOffer](st.when(Want{swarm, 1}))
	// Given a budget that is full for ten minutes
	for end := st.now.Add(10 * time.Minute); st.now.Before(end); {
		for len(made) > 0 {
			made = append(made[1:], of[MakeOffer](st.when(OfferMade{InfoHash: swarm, Relay: 1, To: made[0].To, Err: errors.New("no room")}))...)
		}
		made = of[MakeOffer](st.later(time.Second))
	}
	// When there is room, then the candidate, who has done nothing, is tried soon
	if len(made) == 0 {
		made = of[MakeOffer](st.later(30 * time.Second))
	}
	if len(made) == 0 {
		c := st.x.torrents[swarm].candidate(peerID(0), peerID(5))
		t.Errorf("it rests for %v more, after %d failures", c.readyAt.Sub(st.now), c.failures)
	}
}
