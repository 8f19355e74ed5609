package signaling

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/id"
)

// Two peers, two relays between them, and every order in which what happens
// can happen.

// neighbour is the relay by which an offer goes to one peer.
const neighbour = "a neighbour"

// side is one of the two peers: a Signaling, or a model of a stock peer.
type side interface {
	handle(now time.Time, ev Event) []Effect
	clone() side
	key() string
	open() []Conn
}

type shoalSide struct{ *Signaling }

func (s shoalSide) handle(now time.Time, ev Event) []Effect {
	s.Handle(now, ev)
	var effects []Effect
	for e, ok := s.Poll(); ok; e, ok = s.Poll() {
		effects = append(effects, e)
	}
	return effects
}

func (s shoalSide) clone() side {
	twin := *s.Signaling
	twin.conns, twin.census = nil, newCensus()
	for _, c := range s.conns {
		c := *c
		twin.conns = append(twin.conns, &c)
		twin.census.add(&c)
	}
	return shoalSide{&twin}
}

func (s shoalSide) key() string {
	var b strings.Builder
	for _, c := range s.conns {
		fmt.Fprint(&b, *c)
	}
	return b.String()
}

func (s shoalSide) open() []Conn {
	var conns []Conn
	for _, c := range s.conns {
		if c.state == open {
			conns = append(conns, c.handle)
		}
	}
	return conns
}

// stockSide behaves as WebTorrent 3 does: it answers every offer and registers
// the connection under the id of who offered; a connection whose peer id is
// registered already is destroyed; it never looks at the handshake's peer id.
type stockSide struct {
	last  Conn
	conns []stockConn
}

type stockConn struct {
	handle  Conn
	route   Route
	ours    bool
	offerID id.ID
	peer    id.ID // zero until registered
	isOpen  bool
}

func (s *stockSide) clone() side {
	return &stockSide{last: s.last, conns: slices.Clone(s.conns)}
}

func (s *stockSide) key() string { return fmt.Sprint(s.conns) }

func (s *stockSide) open() []Conn {
	var conns []Conn
	for _, c := range s.conns {
		if c.isOpen {
			conns = append(conns, c.handle)
		}
	}
	return conns
}

func (s *stockSide) index(is func(stockConn) bool) int { return slices.IndexFunc(s.conns, is) }

func (s *stockSide) registered(p id.ID) bool {
	return s.index(func(c stockConn) bool { return c.peer == p }) >= 0
}

func (s *stockSide) remove(i int) Effect {
	c := s.conns[i].handle
	s.conns = slices.Delete(s.conns, i, i+1)
	return Close{Conn: c}
}

func (s *stockSide) handle(_ time.Time, ev Event) []Effect {
	switch ev := ev.(type) {
	case MakeOffer:
		s.last++
		s.conns = append(s.conns, stockConn{handle: s.last, route: ev.Route, ours: true, offerID: id.ID{0xee, byte(s.last)}})
		return []Effect{Offer{Conn: s.last, Route: ev.Route}}
	case Offered:
		if s.registered(ev.From) {
			return nil
		}
		s.last++
		s.conns = append(s.conns, stockConn{handle: s.last, route: ev.Route, offerID: ev.OfferID, peer: ev.From})
		return []Effect{Accept{Conn: s.last, Route: ev.Route, SDP: ev.SDP}}
	case Answered:
		i := s.index(func(c stockConn) bool { return c.ours && c.offerID == ev.OfferID && c.peer.IsZero() })
		if i < 0 {
			return nil
		}
		if s.registered(ev.From) {
			return []Effect{s.remove(i)}
		}
		s.conns[i].peer = ev.From
		return []Effect{Apply{Conn: s.conns[i].handle, SDP: ev.SDP}}
	case Described:
		i := s.index(func(c stockConn) bool { return c.handle == ev.Conn })
		if i < 0 {
			return nil
		}
		c := s.conns[i]
		if c.ours {
			return []Effect{SendOffer{Conn: c.handle, Route: c.route, OfferID: c.offerID, SDP: ev.SDP}}
		}
		return []Effect{SendAnswer{Route: c.route, To: c.peer, OfferID: c.offerID, SDP: ev.SDP}}
	case Opened:
		if i := s.index(func(c stockConn) bool { return c.handle == ev.Conn }); i >= 0 {
			s.conns[i].isOpen = true
		}
	case Closed:
		if i := s.index(func(c stockConn) bool { return c.handle == ev.Conn }); i >= 0 {
			s.conns = slices.Delete(s.conns, i, i+1)
		}
	case Tick: // its timeouts have passed
		var effects []Effect
		for i := len(s.conns) - 1; i >= 0; i-- {
			if !s.conns[i].isOpen {
				effects = append(effects, s.remove(i))
			}
		}
		return effects
	}
	return nil
}

// link is one connection as the network sees it: an end at each side.
type link struct {
	ends    [2]Conn
	dead    [2]bool
	applied bool
}

// coming is something that will happen to a side.
type coming struct {
	to   int
	ev   Event
	conn Conn // whose events keep their order; 0 where the order is free
}

type world struct {
	ids     [2]id.ID
	sides   [2]side
	links   []link
	pending []coming
	now     time.Time
}

func (w *world) clone() *world {
	twin := *w
	twin.sides = [2]side{w.sides[0].clone(), w.sides[1].clone()}
	twin.links = slices.Clone(w.links)
	twin.pending = slices.Clone(w.pending)
	return &twin
}

func (w *world) key() string {
	return fmt.Sprint(w.sides[0].key(), "|", w.sides[1].key(), "|", w.links, w.pending)
}

func (w *world) later(to int, c Conn, ev Event) {
	w.pending = append(w.pending, coming{to: to, ev: ev, conn: c})
}

// linkOf finds the link whose end at a side is c.
func (w *world) linkOf(at int, c Conn) int {
	return slices.IndexFunc(w.links, func(l link) bool { return l.ends[at] == c })
}

func (w *world) handle(at int, ev Event) {
	for _, e := range w.sides[at].handle(w.now, ev) {
		w.carryOut(at, e)
	}
}

func (w *world) carryOut(at int, effect Effect) {
	other := 1 - at
	switch e := effect.(type) {
	case Offer:
		l := link{}
		l.ends[at] = e.Conn
		w.links = append(w.links, l)
		w.later(at, e.Conn, Described{Conn: e.Conn, SDP: fmt.Sprint(len(w.links) - 1)})
	case Accept:
		var n int
		fmt.Sscan(e.SDP, &n)
		w.links[n].ends[at] = e.Conn
		w.later(at, e.Conn, Described{Conn: e.Conn, SDP: e.SDP})
	case SendOffer:
		if e.Err == nil {
			came := Route{InfoHash: e.Route.InfoHash, Relay: e.Route.Relay}
			w.later(other, 0, Offered{Route: came, From: w.ids[at], OfferID: e.OfferID, SDP: e.SDP})
		}
	case SendAnswer:
		back := e.Route
		if back.Relay == neighbour {
			back.To = w.ids[at]
		}
		w.later(other, 0, Answered{Route: back, From: w.ids[at], OfferID: e.OfferID, SDP: e.SDP})
	case Apply:
		n := w.linkOf(at, e.Conn)
		w.links[n].applied = true
		if w.links[n].dead == [2]bool{} {
			w.later(at, e.Conn, Opened{Conn: e.Conn})
			w.later(other, w.links[n].ends[other], Opened{Conn: w.links[n].ends[other]})
		}
	case Close:
		n := w.linkOf(at, e.Conn)
		w.links[n].dead[at] = true
		w.later(at, e.Conn, Closed{Conn: e.Conn})
		if w.links[n].applied && !w.links[n].dead[other] {
			w.links[n].dead[other] = true
			w.later(other, w.links[n].ends[other], Closed{Conn: w.links[n].ends[other]})
		}
	case Ready:
		w.later(at, e.Conn, Met{Conn: e.Conn, Peer: w.ids[other]})
	}
}

// mayCome reports whether nothing earlier concerns the same connection.
func (w *world) mayCome(i int) bool {
	p := w.pending[i]
	return p.conn == 0 || !slices.ContainsFunc(w.pending[:i], func(q coming) bool { return q.to == p.to && q.conn == p.conn })
}

func (w *world) step(i int) {
	p := w.pending[i]
	w.pending = slices.Delete(w.pending, i, i+1)
	w.handle(p.to, p.ev)
}

// explore goes through every order and calls end for every end of one.
func explore(w *world, seen map[string]bool, end func(*world)) {
	if len(w.pending) == 0 {
		end(w)
		return
	}
	for i := range w.pending {
		if !w.mayCome(i) {
			continue
		}
		next := w.clone()
		next.step(i)
		if key := next.key(); !seen[key] {
			seen[key] = true
			explore(next, seen, end)
		}
	}
}

// settle lets every timeout pass and everything happen that follows.
func (w *world) settle() {
	for range 3 {
		w.now = w.now.Add(time.Minute)
		w.handle(0, Tick{})
		w.handle(1, Tick{})
		for len(w.pending) > 0 {
			w.step(0)
		}
	}
}

// joined lists the links that are open at both ends.
func (w *world) joined() []int {
	var links []int
	for n, l := range w.links {
		if slices.Contains(w.sides[0].open(), l.ends[0]) && slices.Contains(w.sides[1].open(), l.ends[1]) {
			links = append(links, n)
		}
	}
	return links
}

func newShoal(peer id.ID) side {
	return shoalSide{New(Config{PeerID: peer}, rand.New(rand.NewPCG(uint64(peer[19]), 1)))}
}

func TestTwoPeersMeetInEveryOrder(t *testing.T) {
	one, two := "wss://one", "wss://two"
	cases := []struct {
		name   string
		ids    [2]id.ID
		sides  [2]func() side
		offers [2][]string // by which relays each side offers
	}{
		{"only one offers", [2]id.ID{smaller, bigger}, shoals(smaller, bigger), [2][]string{{one}, {}}},
		{"one offers by two relays", [2]id.ID{smaller, bigger}, shoals(smaller, bigger), [2][]string{{one, two}, {}}},
		{"glare", [2]id.ID{smaller, bigger}, shoals(smaller, bigger), [2][]string{{one}, {one}}},
		{"glare, the smaller by two relays", [2]id.ID{smaller, bigger}, shoals(smaller, bigger), [2][]string{{one, two}, {one}}},
		{"glare, the bigger by two relays", [2]id.ID{smaller, bigger}, shoals(smaller, bigger), [2][]string{{one}, {one, two}}},
		{"glare by two relays", [2]id.ID{smaller, bigger}, shoals(smaller, bigger), [2][]string{{one, two}, {one, two}}},
		{"a stock peer answers", [2]id.ID{me, stock}, withStock(me), [2][]string{{one}, {}}},
		{"a stock peer offers", [2]id.ID{me, stock}, withStock(me), [2][]string{{}, {one}}},
		{"glare with a stock peer", [2]id.ID{me, stock}, withStock(me), [2][]string{{one}, {one}}},
		{"glare with a stock peer, we by two relays", [2]id.ID{me, stock}, withStock(me), [2][]string{{one, two}, {one}}},
		{"glare with a stock peer, it by two relays", [2]id.ID{me, stock}, withStock(me), [2][]string{{one}, {one, two}}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if testing.Short() && len(c.offers[0])+len(c.offers[1]) > 2 {
				t.Skip("thousands of states")
			}
			w := &world{ids: c.ids, sides: [2]side{c.sides[0](), c.sides[1]()}, now: start}
			for at, relays := range c.offers {
				for _, relay := range relays {
					w.handle(at, MakeOffer{Route: Route{InfoHash: torrent, Relay: relay}})
				}
			}
			seen, ends := map[string]bool{}, 0
			explore(w, seen, func(w *world) {
				ends++
				if got := w.joined(); len(got) != 1 {
					t.Fatalf("before any timeout the links %v are open\n%s", got, w.key())
				}
				w.settle()
				if got := w.joined(); len(got) != 1 {
					t.Fatalf("in the end the links %v are open\n%s", got, w.key())
				}
				for at, s := range w.sides {
					if got := s.open(); len(got) != 1 {
						t.Fatalf("in the end side %d has %v open\n%s", at, got, w.key())
					}
				}
			})
			t.Logf("%d states, %d ends", len(seen), ends)
			if ends == 0 {
				t.Fatal("no order came to an end")
			}
		})
	}
}

func TestTwoPeersMeetInEveryOrderWhenANeighbourIntroducesThem(t *testing.T) {
	tracker := "wss://one"
	for _, c := range []struct {
		name   string
		ids    [2]id.ID
		sides  [2]func() side
		offers [2][]string
	}{
		{"only one offers", [2]id.ID{smaller, bigger}, shoals(smaller, bigger), [2][]string{{neighbour}, {}}},
		{"both offer", [2]id.ID{smaller, bigger}, shoals(smaller, bigger), [2][]string{{neighbour}, {neighbour}}},
		{"the smaller by the neighbour, the bigger by a tracker", [2]id.ID{smaller, bigger}, shoals(smaller, bigger), [2][]string{{neighbour}, {tracker}}},
		{"the bigger by the neighbour, the smaller by a tracker", [2]id.ID{smaller, bigger}, shoals(smaller, bigger), [2][]string{{tracker}, {neighbour}}},
		{"the smaller by both", [2]id.ID{smaller, bigger}, shoals(smaller, bigger), [2][]string{{tracker, neighbour}, {neighbour}}},
		{"the bigger by both", [2]id.ID{smaller, bigger}, shoals(smaller, bigger), [2][]string{{neighbour}, {tracker, neighbour}}},
		{"both by both", [2]id.ID{smaller, bigger}, shoals(smaller, bigger), [2][]string{{tracker, neighbour}, {tracker, neighbour}}},
		{"a stock peer offers by a tracker", [2]id.ID{me, stock}, withStock(me), [2][]string{{neighbour}, {tracker}}},
		{"a stock peer and we by a tracker", [2]id.ID{me, stock}, withStock(me), [2][]string{{neighbour, tracker}, {tracker}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if testing.Short() && len(c.offers[0])+len(c.offers[1]) > 2 {
				t.Skip("thousands of states")
			}
			// Given offers that begin when they like, or where that would be millions
			// of states, at once
			few := len(c.offers[0])+len(c.offers[1]) < 3
			w := &world{ids: c.ids, sides: [2]side{c.sides[0](), c.sides[1]()}, now: start}
			for at, relays := range c.offers {
				for _, relay := range relays {
					route := Route{InfoHash: torrent, Relay: relay}
					if relay == neighbour {
						route.To = c.ids[1-at]
					}
					if few {
						w.later(at, 0, MakeOffer{Route: route})
						continue
					}
					w.handle(at, MakeOffer{Route: route})
				}
			}
			// Then one connection stays, in every order
			seen, ends := map[string]bool{}, 0
			explore(w, seen, func(w *world) {
				ends++
				if got := w.joined(); len(got) != 1 {
					t.Fatalf("before any timeout the links %v are open\n%s", got, w.key())
				}
				w.settle()
				for at, s := range w.sides {
					if got := s.open(); len(got) != 1 {
						t.Fatalf("in the end side %d has %v open\n%s", at, got, w.key())
					}
				}
			})
			t.Logf("%d states, %d ends", len(seen), ends)
			if ends == 0 {
				t.Fatal("no order came to an end")
			}
		})
	}
}

func shoals(a, b id.ID) [2]func() side {
	return [2]func() side{func() side { return newShoal(a) }, func() side { return newShoal(b) }}
}

func withStock(a id.ID) [2]func() side {
	return [2]func() side{func() side { return newShoal(a) }, func() side { return &stockSide{} }}
}

// drop loses what would come to a side.
func (w *world) drop(to int) {
	w.pending = slices.DeleteFunc(w.pending, func(c coming) bool { return c.to == to })
}

func TestTwoPeersMeetInEveryOrderAfterAnAnswerWasLost(t *testing.T) {
	relay := Route{InfoHash: torrent, Relay: "wss://one"}
	for _, c := range []struct {
		name   string
		ids    [2]id.ID
		sides  [2]func() side
		offers [2]int // after the loss
	}{
		{"the smaller offers again", [2]id.ID{smaller, bigger}, shoals(smaller, bigger), [2]int{1, 0}},
		{"the bigger offers again", [2]id.ID{bigger, smaller}, shoals(bigger, smaller), [2]int{1, 0}},
		{"the smaller's was lost, the bigger offers", [2]id.ID{smaller, bigger}, shoals(smaller, bigger), [2]int{0, 1}},
		{"the bigger's was lost, the smaller offers", [2]id.ID{bigger, smaller}, shoals(bigger, smaller), [2]int{0, 1}},
		{"the smaller's was lost, both offer", [2]id.ID{smaller, bigger}, shoals(smaller, bigger), [2]int{1, 1}},
		{"the bigger's was lost, both offer", [2]id.ID{bigger, smaller}, shoals(bigger, smaller), [2]int{1, 1}},
		{"a stock peer's was lost, it offers again", [2]id.ID{stock, me}, stockWith(me), [2]int{1, 0}},
		{"a stock peer's was lost, we offer", [2]id.ID{stock, me}, stockWith(me), [2]int{0, 1}},
		{"a stock peer's was lost, both offer", [2]id.ID{stock, me}, stockWith(me), [2]int{1, 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			// Given an offer of side 0 whose answer never came
			w := &world{ids: c.ids, sides: [2]side{c.sides[0](), c.sides[1]()}, now: start}
			w.handle(0, MakeOffer{Route: relay})
			for len(w.pending) > 0 {
				if _, ok := w.pending[0].ev.(Answered); ok {
					w.drop(0)
					break
				}
				w.step(0)
			}
			// When they offer six seconds later
			w.now = w.now.Add(staleAfter + time.Second)
			for at, n := range c.offers {
				for range n {
					w.handle(at, MakeOffer{Route: relay})
				}
			}
			// Then they meet in every order
			ends := 0
			explore(w, map[string]bool{}, func(w *world) {
				ends++
				if got := w.joined(); len(got) != 1 {
					t.Fatalf("before any timeout the links %v are open\n%s", got, w.key())
				}
			})
			t.Logf("%d ends", ends)
		})
	}
}

func stockWith(a id.ID) [2]func() side {
	sides := withStock(a)
	return [2]func() side{sides[1], sides[0]}
}
