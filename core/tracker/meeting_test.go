package tracker

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/id"
)

// net joins announcers to one registry in virtual time. Every message takes
// latency; offers take gathering.
type net struct {
	t         *testing.T
	now       time.Time
	registry  *Registry
	announcer map[Client]*Announcer
	order     []Client
	coming    []arrival // by time, then by order of sending
	met       []string
	offered   map[Client]int // offers made
}

type arrival struct {
	at time.Time
	do func()
}

const (
	latency   = 20 * time.Millisecond
	gathering = 300 * time.Millisecond
)

func newNet(t *testing.T) *net {
	return &net{t: t, now: begin, registry: NewRegistry(RegistryConfig{}, rand.New(rand.NewPCG(1, 1))),
		announcer: map[Client]*Announcer{}, offered: map[Client]int{}}
}

func (n *net) after(d time.Duration, do func()) {
	at := n.now.Add(d)
	i := len(n.coming)
	for i > 0 && n.coming[i-1].at.After(at) {
		i--
	}
	n.coming = append(n.coming, arrival{})
	copy(n.coming[i+1:], n.coming[i:])
	n.coming[i] = arrival{at, do}
}

// add lets a peer with one torrent appear.
func (n *net) add(c Client, left int64) {
	n.announcer[c] = New(Config{PeerID: memberID(int(c))}, rand.New(rand.NewPCG(uint64(c), 2)))
	n.order = append(n.order, c)
	n.tell(c, Add{InfoHash: hash, Trackers: []string{one}, Left: left})
}

func (n *net) tell(c Client, ev Event) {
	a := n.announcer[c]
	a.Handle(n.now, ev)
	for e, ok := a.Poll(); ok; e, ok = a.Poll() {
		n.carryOut(c, e)
	}
}

func (n *net) serve(ev RegistryEvent) {
	n.registry.Handle(n.now, ev)
	for e, ok := n.registry.Poll(); ok; e, ok = n.registry.Poll() {
		switch e := e.(type) {
		case Reply:
			n.after(latency, func() { n.tell(e.Client, Message{Tracker: one, Data: e.Data}) })
		case Disconnect:
			n.t.Fatalf("%+v", e)
		}
	}
}

func (n *net) carryOut(c Client, effect Effect) {
	switch e := effect.(type) {
	case Open:
		n.after(3*latency, func() {
			n.serve(Joined{Client: c})
			n.tell(c, Opened{Tracker: one})
		})
	case Send:
		n.after(latency, func() { n.serve(Said{Client: c, Data: e.Data}) })
	case Close:
		n.after(latency, func() {
			n.serve(Left{Client: c})
			n.tell(c, Closed{Tracker: one})
		})
	case MakeOffers:
		n.offered[c] += e.Count
		made := OffersMade{InfoHash: e.InfoHash, Tracker: e.Tracker}
		for i := range e.Count {
			made.Offers = append(made.Offers, Offer{ID: id.ID{byte(c), byte(n.offered[c]), byte(i)}, SDP: "v=0"})
		}
		n.after(gathering, func() { n.tell(c, made) })
	case Offered:
		n.after(gathering, func() {
			n.tell(c, Answer{InfoHash: hash, Tracker: one, To: e.From, OfferID: e.Offer.ID, SDP: "v=1"})
		})
	case Answered:
		n.met = append(n.met, fmt.Sprintf("%v: %d by %s", n.now.Sub(begin), c, e.From[8:]))
	case Warned:
		n.t.Fatalf("%+v", e)
	}
}

// run lets time pass.
func (n *net) run(d time.Duration) {
	end := n.now.Add(d)
	for {
		at, tick := n.nextDeadline()
		if len(n.coming) > 0 && (tick == nil || !n.coming[0].at.After(at)) {
			at, tick = n.coming[0].at, n.coming[0].do
			if !at.After(end) {
				n.coming = n.coming[1:]
			}
		}
		if tick == nil || at.After(end) {
			n.now = end
			return
		}
		n.now = at
		tick()
	}
}

func (n *net) nextDeadline() (at time.Time, tick func()) {
	for _, c := range n.order {
		if t, ok := n.announcer[c].Deadline(); ok && (tick == nil || t.Before(at)) {
			at, tick = t, func() { n.tell(c, Tick{}) }
		}
	}
	if t, ok := n.registry.Deadline(); ok && (tick == nil || t.Before(at)) {
		at, tick = t, func() { n.serve(RegistryTick{}) }
	}
	return at, tick
}

func TestPeersMeetThroughTheRegistry(t *testing.T) {
	// From its first wish until it holds a peer's answer, a fetcher needs: its
	// offers made or the socket open, whatever takes longer; an offer's way to
	// the peer; the peer's answer made; the answer's way back.
	soon := begin.Add(2*gathering + 4*latency)

	t.Run("a seeder is there, a fetcher comes", func(t *testing.T) {
		n := newNet(t)
		n.add(1, 0)
		n.run(time.Minute)
		was := n.now
		n.add(2, 1000)
		n.run(soon.Sub(begin))
		if len(n.met) != 1 {
			t.Fatalf("met after %v: %v", n.now.Sub(was), n.met)
		}
		if n.offered[1] != 0 || n.offered[2] != 2 {
			t.Fatalf("offers: %v", n.offered)
		}
	})
	t.Run("a fetcher waits, a seeder comes", func(t *testing.T) {
		n := newNet(t)
		n.add(1, 1000)
		n.run(100 * time.Second)
		n.add(2, 0)
		n.run(time.Second)
		if len(n.met) != 1 || n.offered[2] != 1 {
			t.Fatalf("met %v, offers %v", n.met, n.offered)
		}
	})
	t.Run("both come at once", func(t *testing.T) {
		n := newNet(t)
		n.add(1, 1000)
		n.add(2, 1000)
		n.run(soon.Sub(begin))
		if len(n.met) == 0 {
			t.Fatal("they have not met")
		}
	})
	t.Run("who leaves is gone", func(t *testing.T) {
		n := newNet(t)
		n.add(1, 0)
		n.add(2, 1000)
		n.run(time.Second)
		n.tell(2, Remove{InfoHash: hash})
		n.run(time.Second)
		if s := n.registry.Stats(); s.Clients != 1 || s.Peers != 1 || s.Seeds != 1 {
			t.Fatalf("%+v", s)
		}
	})
	t.Run("satisfied peers ask for no more", func(t *testing.T) {
		n := newNet(t)
		for c := Client(1); c <= 20; c++ {
			n.add(c, 1000)
			n.run(time.Second)
			n.tell(c, Progress{InfoHash: hash, Left: 1000, Want: 0, Peers: 5})
		}
		n.run(10 * time.Second)
		before, messages := fmt.Sprint(n.offered), n.registry.Stats().Messages
		n.run(20 * time.Minute)
		if after := fmt.Sprint(n.offered); after != before {
			t.Fatalf("offers went from %s to %s", before, after)
		}
		// Each announces every two minutes, and that is all.
		if got := n.registry.Stats().Messages - messages; got != 200 {
			t.Fatalf("%d messages", got)
		}
	})
}
