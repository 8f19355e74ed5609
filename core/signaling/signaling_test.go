package signaling

import (
	"errors"
	"flag"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/id"
)

var seed = flag.Uint64("seed", 1, "of the random tests")

var (
	start   = time.Unix(1_000_000, 0)
	torrent = id.ID{19: 7}
	route   = Route{InfoHash: torrent, Relay: "wss://one"}

	me      = shoal('M')
	smaller = shoal('A')
	bigger  = shoal('Z')
	stock   = peer("-WW0300-abcdefghijkl")
)

func peer(s string) id.ID   { return id.ID([]byte(s)) }
func shoal(last byte) id.ID { return peer(id.PeerPrefix + strings.Repeat(string(last), 12)) }

// story drives one Signaling and remembers the time.
type story struct {
	t   *testing.T
	s   *Signaling
	now time.Time
}

func tell(t *testing.T) *story {
	return tellWith(t, Config{PeerID: me})
}

func tellWith(t *testing.T, cfg Config) *story {
	return &story{t: t, s: New(cfg, rand.New(rand.NewPCG(1, 2))), now: start}
}

func (st *story) when(ev Event) []Effect {
	st.s.Handle(st.now, ev)
	var effects []Effect
	for e, ok := st.s.Poll(); ok; e, ok = st.s.Poll() {
		effects = append(effects, e)
	}
	return effects
}

// later passes time and ticks as often as the deadlines ask.
func (st *story) later(d time.Duration) []Effect {
	end := st.now.Add(d)
	var effects []Effect
	for {
		at, ok := st.s.Deadline()
		if !ok || at.After(end) {
			st.now = end
			return effects
		}
		st.now = at
		effects = append(effects, st.when(Tick{})...)
	}
}

func (st *story) expect(got []Effect, want ...Effect) {
	st.t.Helper()
	if len(got) == 0 && len(want) == 0 {
		return
	}
	if !reflect.DeepEqual(got, want) {
		st.t.Fatalf("effects:\n got %+v\nwant %+v", got, want)
	}
}

// offer makes an offer that travels by the route.
func (st *story) offer(r Route) SendOffer {
	st.t.Helper()
	made := st.when(MakeOffer{Route: r})[0].(Offer)
	return st.when(Described{Conn: made.Conn, SDP: "our offer"})[0].(SendOffer)
}

// accept takes a peer's offer up to the answer.
func (st *story) accept(from, offerID id.ID) Conn {
	st.t.Helper()
	effects := st.when(Offered{Route: route, From: from, OfferID: offerID, SDP: "its offer"})
	if len(effects) == 0 {
		st.t.Fatalf("the offer of %s was not accepted", from)
	}
	c := effects[0].(Accept).Conn
	st.expect(st.when(Described{Conn: c, SDP: "our answer"}),
		SendAnswer{Route: route, To: from, OfferID: offerID, SDP: "our answer"})
	return c
}

// answer is the peer's answer to our offer.
func (st *story) answer(o SendOffer, from id.ID) []Effect {
	return st.when(Answered{Route: o.Route, From: from, OfferID: o.OfferID, SDP: "its answer"})
}

// connected is an open connection, met, that we offered.
func (st *story) connected(from id.ID) Conn {
	st.t.Helper()
	o := st.offer(route)
	st.expect(st.answer(o, from), Apply{Conn: o.Conn, SDP: "its answer"})
	st.expect(st.when(Opened{Conn: o.Conn}), Ready{Conn: o.Conn, InfoHash: torrent, Claimed: from})
	st.expect(st.when(Met{Conn: o.Conn, Peer: from}))
	return o.Conn
}

func TestOfferIsAnsweredAndOpens(t *testing.T) {
	st := tell(t)
	// Given an offer that travels
	st.expect(st.when(MakeOffer{Route: route}), Offer{Conn: 1, Route: route})
	if st.s.Unanswered() != 1 {
		t.Fatal("an offer in the making counts as unanswered")
	}
	o := st.when(Described{Conn: 1, SDP: "our offer"})[0].(SendOffer)
	if o.SDP != "our offer" || o.OfferID.IsZero() || o.Err != nil {
		t.Fatalf("bad offer %+v", o)
	}
	// When a peer answers, then the answer is applied
	st.expect(st.answer(o, stock), Apply{Conn: 1, SDP: "its answer"})
	if st.s.Unanswered() != 0 || st.s.Pending(torrent) != 1 {
		t.Fatal("an answered offer is pending, not unanswered")
	}
	// When its channel opens, then it is ready, once
	st.expect(st.when(Opened{Conn: 1}), Ready{Conn: 1, InfoHash: torrent, Claimed: stock})
	st.expect(st.when(Opened{Conn: 1}))
	if st.s.Pending(torrent) != 0 || st.s.Live(torrent) != 1 || st.s.Len() != 1 {
		t.Fatal("one connection is open")
	}
	// and nothing waits any more
	if _, waits := st.s.Deadline(); waits {
		t.Fatal("an open connection has no deadline")
	}
	st.when(Closed{Conn: 1})
	if st.s.Len() != 0 {
		t.Fatal("a closed connection counts no more")
	}
}

func TestOfferIdsAreRandomAndReplayable(t *testing.T) {
	a, b := tell(t), tell(t)
	first, second := a.offer(route), a.offer(route)
	if first.OfferID == second.OfferID {
		t.Fatal("two offers have one id")
	}
	if b.offer(route).OfferID != first.OfferID {
		t.Fatal("two runs with one seed differ")
	}
}

func TestRemoteOfferIsAnswered(t *testing.T) {
	st := tell(t)
	c := st.accept(stock, id.ID{1})
	st.expect(st.when(Opened{Conn: c}), Ready{Conn: c, InfoHash: torrent, Claimed: stock})
}

func TestUnansweredOfferLivesFiftySeconds(t *testing.T) {
	st := tell(t)
	o := st.offer(route)
	st.expect(st.later(49 * time.Second))
	st.expect(st.later(time.Second), Close{Conn: o.Conn, Reason: "nobody answered"})
	// Its answer comes too late, before Closed and after.
	st.expect(st.answer(o, stock))
	st.when(Closed{Conn: o.Conn})
	st.expect(st.answer(o, stock))
}

func TestConnectingEndsAfterTwentyFiveSeconds(t *testing.T) {
	const tooLong = "connecting took too long"
	st := tell(t)
	c := st.accept(stock, id.ID{1})
	o := st.offer(route)
	st.answer(o, bigger)
	st.expect(st.later(25*time.Second), Close{Conn: c, Reason: tooLong}, Close{Conn: o.Conn, Reason: tooLong})
	st.expect(st.when(Opened{Conn: c}))
}

func TestOfferThatCannotBeMade(t *testing.T) {
	broken := errors.New("no more of them")
	cases := []struct {
		name    string
		ev      Event
		want    error
		isClose bool
	}{
		{"the dialer says so", Described{Conn: 1, Err: broken}, broken, true},
		{"it is empty", Described{Conn: 1}, ErrTooLong, true},
		{"it is too long", Described{Conn: 1, SDP: strings.Repeat("x", maxSDP+1)}, ErrTooLong, true},
		{"its connection closes", Closed{Conn: 1}, ErrClosed, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			st := tell(t)
			st.when(MakeOffer{Route: route})
			effects := st.when(c.ev)
			last := effects[len(effects)-1].(SendOffer)
			if !errors.Is(last.Err, c.want) || last.Conn != 1 || last.Route != route {
				t.Fatalf("got %+v", last)
			}
			if _, isClose := effects[0].(Close); isClose != c.isClose {
				t.Fatalf("got %+v", effects)
			}
		})
	}
	t.Run("it takes too long", func(t *testing.T) {
		st := tell(t)
		st.when(MakeOffer{Route: route})
		effects := st.later(25 * time.Second)
		if o := effects[1].(SendOffer); !errors.Is(o.Err, ErrTimeout) {
			t.Fatalf("got %+v", o)
		}
		st.expect(st.when(Closed{Conn: 1}))
	})
}

func TestAnswerThatCannotBeMadeClosesQuietly(t *testing.T) {
	st := tell(t)
	st.when(Offered{Route: route, From: stock, OfferID: id.ID{1}, SDP: "garbage"})
	st.expect(st.when(Described{Conn: 1, Err: errors.New("not a description")}),
		Close{Conn: 1, Reason: "it could not be described"})
	// and the peer may offer again
	st.accept(stock, id.ID{2})
}

func TestOfferThatIsNotAnswered(t *testing.T) {
	from := func(p id.ID) Offered {
		return Offered{Route: route, From: p, OfferID: id.ID{9}, SDP: "its offer"}
	}
	cases := []struct {
		name  string
		given func(*story)
		when  Offered
	}{
		{"our own", func(*story) {}, from(me)},
		{"nobody's", func(*story) {}, from(id.ID{})},
		{"without description", func(*story) {}, Offered{Route: route, From: stock}},
		{"too long", func(*story) {}, Offered{Route: route, From: stock, SDP: strings.Repeat("x", maxSDP+1)}},
		{"of a peer with an open connection", func(st *story) { st.connected(stock) }, from(stock)},
		{"of a peer that answered us", func(st *story) { st.answer(st.offer(route), stock) }, from(stock)},
		{"of a peer whose offer we answered", func(st *story) { st.accept(stock, id.ID{1}) }, from(stock)},
		{"of a peer whose offer we are about to answer", func(st *story) { st.when(from(stock)) }, from(stock)},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			st := tell(t)
			c.given(st)
			st.expect(st.when(c.when))
		})
	}
}

func TestOfferForAnotherTorrentIsAnother(t *testing.T) {
	st := tell(t)
	st.connected(stock)
	other := Route{InfoHash: id.ID{1}, Relay: route.Relay}
	st.expect(st.when(Offered{Route: other, From: stock, OfferID: id.ID{1}, SDP: "its offer"}),
		Accept{Conn: 2, Route: other, SDP: "its offer"})
}

func TestAnswerThatIsIgnored(t *testing.T) {
	st := tell(t)
	o := st.offer(route)
	wrongRoute := o
	wrongRoute.Route.Relay = "wss://two"
	wrongTorrent := o
	wrongTorrent.Route.InfoHash = id.ID{}
	unknown := o
	unknown.OfferID = id.ID{1}

	st.expect(st.answer(wrongRoute, stock))
	st.expect(st.answer(wrongTorrent, stock))
	st.expect(st.answer(unknown, stock))
	st.expect(st.answer(o, me))
	st.expect(st.when(Answered{Route: route, From: stock, OfferID: o.OfferID}))
	// The right one is still welcome, and only once.
	st.expect(st.answer(o, stock), Apply{Conn: o.Conn, SDP: "its answer"})
	st.expect(st.answer(o, stock))
	st.expect(st.answer(o, bigger))
}

func TestAnswerOfAPeerWithAnOpenConnection(t *testing.T) {
	st := tell(t)
	o := st.offer(route)
	st.connected(stock)
	st.expect(st.answer(o, stock), Close{Conn: o.Conn, Reason: "another connection to this peer stays"})
}

func TestGlare(t *testing.T) {
	t.Run("a Shoal peer with a bigger id: our offer stays", func(t *testing.T) {
		st := tell(t)
		o := st.offer(route)
		theirs := st.accept(bigger, id.ID{1})
		st.expect(st.answer(o, bigger), Close{Conn: theirs, Reason: "glare"}, Apply{Conn: o.Conn, SDP: "its answer"})
	})
	t.Run("a Shoal peer with a smaller id: its offer stays", func(t *testing.T) {
		st := tell(t)
		o := st.offer(route)
		st.accept(smaller, id.ID{1})
		st.expect(st.answer(o, smaller), Close{Conn: o.Conn, Reason: "another connection to this peer stays"})
	})
	t.Run("a stock peer: both go on, the first to open stays", func(t *testing.T) {
		st := tell(t)
		o := st.offer(route)
		theirs := st.accept(stock, id.ID{1})
		st.expect(st.answer(o, stock), Apply{Conn: o.Conn, SDP: "its answer"})
		st.expect(st.when(Opened{Conn: theirs}), Ready{Conn: theirs, InfoHash: torrent, Claimed: stock},
			Close{Conn: o.Conn, Reason: "another connection to this peer is open"})
		st.expect(st.when(Opened{Conn: o.Conn}))
	})
}

func TestPeerThatAnswersTwoOffers(t *testing.T) {
	st := tell(t)
	first, second := st.offer(route), st.offer(route)
	st.expect(st.answer(first, smaller), Apply{Conn: first.Conn, SDP: "its answer"})
	st.expect(st.answer(second, smaller), Apply{Conn: second.Conn, SDP: "its answer"})
	st.expect(st.when(Opened{Conn: second.Conn}), Ready{Conn: second.Conn, InfoHash: torrent, Claimed: smaller},
		Close{Conn: first.Conn, Reason: "another connection to this peer is open"})
}

func TestMetTwice(t *testing.T) {
	// Given connections that two claims, x and y, brought: one that we offered
	// and one that was offered to us
	both := func(st *story) (ours, theirs Conn) {
		o := st.offer(route)
		theirs = st.accept(peer("-WW0300-yyyyyyyyyyyy"), id.ID{1})
		st.answer(o, peer("-WW0300-xxxxxxxxxxxx"))
		st.when(Opened{Conn: o.Conn})
		st.when(Opened{Conn: theirs})
		return o.Conn, theirs
	}
	t.Run("the one offered by the smaller id stays, in whichever order they are met", func(t *testing.T) {
		st := tell(t)
		ours, theirs := both(st)
		st.expect(st.when(Met{Conn: ours, Peer: bigger}))
		st.expect(st.when(Met{Conn: theirs, Peer: bigger}), Close{Conn: theirs, Reason: "met twice"})

		st = tell(t)
		ours, theirs = both(st)
		st.expect(st.when(Met{Conn: ours, Peer: smaller}))
		st.expect(st.when(Met{Conn: theirs, Peer: smaller}), Close{Conn: ours, Reason: "met twice"})
	})
	t.Run("of two by one side the smaller offer id stays", func(t *testing.T) {
		st := tell(t)
		low := st.accept(peer("-WW0300-xxxxxxxxxxxx"), id.ID{1})
		high := st.accept(peer("-WW0300-yyyyyyyyyyyy"), id.ID{2})
		st.when(Opened{Conn: low})
		st.when(Opened{Conn: high})
		st.expect(st.when(Met{Conn: high, Peer: smaller}))
		st.expect(st.when(Met{Conn: low, Peer: smaller}), Close{Conn: high, Reason: "met twice"})
	})
	t.Run("an old acquaintance always stays", func(t *testing.T) {
		st := tell(t)
		ours, theirs := both(st)
		st.when(Met{Conn: ours, Peer: smaller})
		st.later(26 * time.Second)
		st.expect(st.when(Met{Conn: theirs, Peer: smaller}), Close{Conn: theirs, Reason: "met twice"})
	})
}

func TestMeetingOurselves(t *testing.T) {
	st := tell(t)
	c := st.connected(stock)
	st.expect(st.when(Met{Conn: c, Peer: me}), Close{Conn: c, Reason: "this is ourselves"})
}

func TestForget(t *testing.T) {
	st := tell(t)
	// Given one torrent with a connection in every state, and another torrent
	st.connected(stock)
	st.accept(bigger, id.ID{1})
	st.offer(route)
	st.when(MakeOffer{Route: route})
	other := st.offer(Route{InfoHash: id.ID{1}})
	// When it is forgotten
	effects := st.when(Forget{InfoHash: torrent})
	// Then all of its connections close, and who waits for an offer is told
	if len(effects) != 5 || st.s.Live(torrent) != 0 || st.s.Len() != 5 {
		t.Fatalf("got %+v", effects)
	}
	if o := effects[4].(SendOffer); !errors.Is(o.Err, ErrClosed) {
		t.Fatalf("got %+v", o)
	}
	st.expect(st.when(Forget{InfoHash: torrent}))
	for c := Conn(1); c <= 4; c++ {
		st.expect(st.when(Closed{Conn: c}))
	}
	// and the other torrent's offer is still there
	st.expect(st.answer(other, stock), Apply{Conn: other.Conn, SDP: "its answer"})
}

func TestBounds(t *testing.T) {
	t.Run("one relay cannot open more than its share", func(t *testing.T) {
		st := tell(t)
		for i := range 100 {
			st.when(Offered{Route: route, From: shoal(byte('!' + i)), OfferID: id.ID{1}, SDP: "its offer"})
		}
		if st.s.Len() != maxAccepting {
			t.Fatalf("%d connections", st.s.Len())
		}
		other := Route{InfoHash: torrent, Relay: "wss://two"}
		if len(st.when(Offered{Route: other, From: stock, OfferID: id.ID{1}, SDP: "its offer"})) == 0 {
			t.Fatal("the other relay has its own share")
		}
	})
	t.Run("there are never more than MaxConns", func(t *testing.T) {
		st := tellWith(t, Config{PeerID: me, MaxConns: 2})
		st.offer(route)
		st.offer(route)
		full := st.when(MakeOffer{Route: route})[0].(SendOffer)
		if !errors.Is(full.Err, ErrFull) || full.Conn != 3 {
			t.Fatalf("got %+v", full)
		}
		st.expect(st.when(Offered{Route: route, From: stock, OfferID: id.ID{1}, SDP: "its offer"}))
	})
}

func TestOffersThatLeadNowhereKeepNobodyOutForLong(t *testing.T) {
	st := tell(t)
	// Given a relay that has used up its room with offers of nobody
	for i := range maxAccepting {
		st.accept(shoal(byte('!'+i)), id.ID{1})
		st.later(time.Millisecond)
	}
	honest := Offered{Route: route, From: stock, OfferID: id.ID{2}, SDP: "its offer"}
	st.expect(st.when(honest))
	// When they had the time that an answer may take
	st.later(staleAfter)
	// Then the oldest makes room for an honest one, and that for one more
	effects := st.when(honest)
	if len(effects) != 2 || effects[0].(Close).Conn != 1 || effects[1].(Accept).SDP != "its offer" {
		t.Fatalf("got %+v", effects)
	}
	honest.From = peer("-WW0300-another.one.")
	if effects := st.when(honest); len(effects) != 2 || effects[0].(Close).Conn != 2 {
		t.Fatalf("got %+v", effects)
	}
	// and there are never more of them.
	if n := st.s.Pending(torrent); n != maxAccepting {
		t.Fatalf("%d on their way", n)
	}
}

func TestEventsOfUnknownConnectionsAreIgnored(t *testing.T) {
	st := tell(t)
	for _, ev := range []Event{
		Described{Conn: 9, SDP: "x"}, Opened{Conn: 9}, Met{Conn: 9, Peer: stock}, Closed{Conn: 9}, Tick{},
	} {
		st.expect(st.when(ev))
	}
}

func TestAnswerThatWasLostIsNotWaitedForLong(t *testing.T) {
	again := func(from id.ID) Offered {
		return Offered{Route: route, From: from, OfferID: id.ID{2}, SDP: "its offer"}
	}
	t.Run("a Shoal peer's next offer takes the place of the first", func(t *testing.T) {
		st := tell(t)
		dead := st.accept(bigger, id.ID{1})
		st.later(staleAfter)
		st.expect(st.when(again(bigger))) // the first may still open
		st.later(time.Millisecond)
		st.expect(st.when(Offered{Route: route, From: bigger, OfferID: id.ID{1}, SDP: "its offer"}))
		st.expect(st.when(again(bigger)), Close{Conn: dead, Reason: "its peer offers anew"},
			Accept{Conn: 2, Route: route, SDP: "its offer"})
		// and now that one is waited for
		st.when(Described{Conn: 2, SDP: "our answer"})
		st.expect(st.when(Offered{Route: route, From: bigger, OfferID: id.ID{3}, SDP: "its offer"}))
	})
	t.Run("a stock peer's goes on beside it, as it may keep the first", func(t *testing.T) {
		st := tell(t)
		first := st.accept(stock, id.ID{1})
		st.later(6 * time.Second)
		second := st.accept(stock, id.ID{2})
		st.expect(st.when(Opened{Conn: first}), Ready{Conn: first, InfoHash: torrent, Claimed: stock},
			Close{Conn: second, Reason: "another connection to this peer is open"})
	})
	t.Run("its answer to our offer takes the place of it too", func(t *testing.T) {
		st := tell(t)
		dead := st.accept(smaller, id.ID{1})
		st.later(6 * time.Second)
		o := st.offer(route)
		st.expect(st.answer(o, smaller), Close{Conn: dead, Reason: "glare"}, Apply{Conn: o.Conn, SDP: "its answer"})
	})
	t.Run("what we are still describing is not lost", func(t *testing.T) {
		st := tell(t)
		st.when(Offered{Route: route, From: bigger, OfferID: id.ID{1}, SDP: "its offer"})
		st.later(20 * time.Second)
		st.expect(st.when(again(bigger)))
	})
}

func TestNobodyIsPushedOutByAnotherUnderItsId(t *testing.T) {
	for _, ours := range []bool{false, true} {
		for _, first := range []bool{false, true} {
			st := tell(t)
			// Given a peer that came under its own id, and another by an offer id that
			// would win
			var o SendOffer
			var victim Conn
			if ours {
				o = st.offer(route)
				victim = o.Conn
				st.answer(o, bigger)
			} else {
				victim = st.accept(bigger, id.ID{2})
			}
			imposter := st.accept(stock, id.ID{1})
			st.when(Opened{Conn: victim})
			st.when(Opened{Conn: imposter})
			// When both shake hands as the first, in either order
			one, two := victim, imposter
			if first {
				one, two = two, one
			}
			st.expect(st.when(Met{Conn: one, Peer: bigger}))
			st.expect(st.when(Met{Conn: two, Peer: bigger}), Close{Conn: imposter, Reason: "met twice"})
		}
	}
}

// direct is a route to one peer by a neighbour.
func direct(to id.ID) Route { return Route{InfoHash: torrent, Relay: "peer:7", To: to} }

func TestAnOfferToOnePeer(t *testing.T) {
	t.Run("leads to it from the start, until it is refused", func(t *testing.T) {
		st := tell(t)
		if st.s.Knows(torrent, bigger) {
			t.Fatal("nobody is known yet")
		}
		st.when(MakeOffer{Route: direct(bigger)})
		if !st.s.Knows(torrent, bigger) || st.s.Knows(id.ID{1}, bigger) || st.s.Knows(torrent, smaller) {
			t.Fatal("it is on its way to one peer for one torrent")
		}
		o := st.when(Described{Conn: 1, SDP: "our offer"})[0].(SendOffer)
		st.expect(st.when(Answered{Route: o.Route, From: bigger, OfferID: o.OfferID}),
			Close{Conn: o.Conn, Reason: "the offer was refused"})
		if st.s.Knows(torrent, bigger) {
			t.Fatal("what closes is not on its way")
		}
	})
	t.Run("is answered by no one else", func(t *testing.T) {
		st := tell(t)
		o := st.offer(direct(bigger))
		st.expect(st.answer(o, smaller))
		st.expect(st.answer(o, bigger), Apply{Conn: o.Conn, SDP: "its answer"})
	})
	t.Run("is not made to one who is known", func(t *testing.T) {
		for name, given := range map[string]func(*story){
			"connected":            func(st *story) { st.connected(bigger) },
			"answered us":          func(st *story) { st.answer(st.offer(route), bigger) },
			"offered itself":       func(st *story) { st.accept(bigger, id.ID{1}) },
			"is offered to":        func(st *story) { st.offer(direct(bigger)) },
			"is being offered to":  func(st *story) { st.when(MakeOffer{Route: direct(bigger)}) },
			"connected by itself,": func(st *story) { st.when(Opened{Conn: st.accept(bigger, id.ID{1})}) },
		} {
			st := tell(t)
			given(st)
			got := st.when(MakeOffer{Route: direct(bigger)})
			if o := got[0].(SendOffer); len(got) != 1 || !errors.Is(o.Err, ErrKnown) || o.Route != direct(bigger) {
				t.Errorf("%s: %+v", name, got)
			}
			if st.s.Len() != 1 {
				t.Errorf("%s: %d connections", name, st.s.Len())
			}
		}
		st := tell(t)
		if o := st.when(MakeOffer{Route: direct(me)})[0].(SendOffer); !errors.Is(o.Err, ErrKnown) {
			t.Errorf("ourselves: %+v", o)
		}
	})
	t.Run("stays when a bigger peer's comes, and goes when a smaller's does", func(t *testing.T) {
		its := func(from id.ID) Offered {
			return Offered{Route: route, From: from, OfferID: id.ID{1}, SDP: "its offer"}
		}
		st := tell(t)
		o := st.offer(direct(bigger))
		st.expect(st.when(its(bigger)))
		st.expect(st.answer(o, bigger), Apply{Conn: o.Conn, SDP: "its answer"})

		st = tell(t)
		o = st.offer(direct(smaller))
		st.expect(st.when(its(smaller)), Close{Conn: o.Conn, Reason: "glare"},
			Accept{Conn: 2, Route: route, SDP: "its offer"})
		st.expect(st.answer(o, smaller))

		// One that is still being made is given up as well, and its relay told.
		st = tell(t)
		st.when(MakeOffer{Route: direct(smaller)})
		if o := st.when(its(smaller))[1].(SendOffer); !errors.Is(o.Err, ErrKnown) {
			t.Fatalf("%+v", o)
		}

		// A stock peer's goes on beside ours.
		st = tell(t)
		st.offer(direct(stock))
		st.expect(st.when(its(stock)), Accept{Conn: 2, Route: route, SDP: "its offer"})
	})
}

func TestIdentityIsWhoSigned(t *testing.T) {
	one, two := id.Identity{1}, id.Identity{2}
	st := tell(t)
	o := st.offer(direct(bigger))
	if !st.s.Identity(o.Conn).IsZero() {
		t.Fatal("nobody has signed yet")
	}
	st.when(Answered{Route: o.Route, From: bigger, Identity: one, OfferID: o.OfferID, SDP: "its answer"})
	st.when(Offered{Route: route, From: stock, Identity: two, OfferID: id.ID{1}, SDP: "its offer"})
	if st.s.Identity(o.Conn) != one || st.s.Identity(2) != two {
		t.Fatal("who signed is forgotten")
	}
	st.when(Closed{Conn: o.Conn})
	if !st.s.Identity(o.Conn).IsZero() {
		t.Fatal("the connection is gone")
	}
}

func TestANeighbourMayIntroduceEightAtATime(t *testing.T) {
	st := tell(t)
	for i := range 100 {
		st.when(Offered{Route: Route{InfoHash: torrent, Relay: "peer:7"}, From: shoal(byte('!' + i)),
			Identity: id.Identity{1}, OfferID: id.ID{1}, SDP: "its offer"})
	}
	if st.s.Len() != maxIntroduced {
		t.Fatalf("%d connections", st.s.Len())
	}
}

func TestTheCensusAgreesWithTheConnections(t *testing.T) {
	rng := rand.New(rand.NewPCG(*seed, 0))
	t.Logf("-seed=%d", *seed)
	st := tell(t)
	peers := []id.ID{smaller, bigger, stock, me}
	for range 20_000 {
		st.now = st.now.Add(time.Duration(rng.IntN(400)) * time.Millisecond)
		r := Route{InfoHash: id.ID{byte(rng.IntN(3))}, Relay: "wss://one"}
		p := peers[rng.IntN(len(peers))]
		any := st.s.last - min(st.s.last, Conn(rng.IntN(30)))
		switch rng.IntN(9) {
		case 0:
			r.To = p
			st.when(MakeOffer{Route: r})
		case 1:
			st.when(MakeOffer{Route: r})
		case 2, 3:
			st.when(Described{Conn: any, SDP: "x"})
		case 4:
			st.when(Offered{Route: r, From: p, OfferID: id.ID{byte(rng.IntN(5))}, SDP: "x"})
		case 5:
			if c := st.s.find(any); c != nil {
				st.when(Answered{Route: c.route, From: p, OfferID: c.offerID, SDP: "x"})
			}
		case 6:
			st.when(Opened{Conn: any})
			st.when(Met{Conn: any, Peer: p})
		case 7:
			st.when(Closed{Conn: any})
		case 8:
			st.when(Tick{})
		}
		recount := newCensus()
		for _, c := range st.s.conns {
			recount.add(c)
		}
		at, _ := st.s.Deadline()
		if recount.deadline(st.s.conns) != at || recount.unanswered != st.s.Unanswered() {
			t.Fatalf("%d unanswered, first at %v", st.s.Unanswered(), at)
		}
		if !reflect.DeepEqual(recount.torrents, st.s.census.torrents) || len(recount.peers) != len(st.s.census.peers) {
			t.Fatalf("%v, counted %v", st.s.census.torrents, recount.torrents)
		}
	}
}

func BenchmarkCounts(b *testing.B) {
	s := New(Config{PeerID: me}, rand.New(rand.NewPCG(1, 2)))
	for range maxConns {
		s.Handle(start, MakeOffer{Route: route})
	}
	for b.Loop() {
		s.Deadline()
		if s.Len()+s.Pending(torrent)+s.Unanswered()+s.Live(torrent) == 0 || s.find(250) == nil || s.Knows(torrent, bigger) {
			b.Fatal("they are all there")
		}
	}
}
