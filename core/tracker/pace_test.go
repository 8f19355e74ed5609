package tracker

import (
	bigendian "encoding/binary"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/id"
)

// hall is an announcer and our own registry, and a socket between them.
type hall struct {
	t           *testing.T
	a           *Announcer
	r           *Registry
	now         time.Time
	socket      Client
	up          bool
	disconnects int
	warnings    []Warned
	said        []time.Time // when the announcer sent a message
	offers      int         // of those that were asked for, how many are made
}

func newHall(t *testing.T) *hall {
	rng := rand.New(rand.NewPCG(1, 1))
	return &hall{t: t, a: New(Config{PeerID: id.NewPeer(rng)}, rng), r: NewRegistry(RegistryConfig{}, rng), now: begin}
}

func numbered(i int) (hash id.ID) {
	bigendian.BigEndian.PutUint32(hash[:], uint32(i+1))
	return hash
}

func (h *hall) add(from, to int, left int64) {
	for i := from; i < to; i++ {
		h.a.Handle(h.now, Add{InfoHash: numbered(i), Trackers: []string{one}, Left: left})
	}
}

// pass lets time pass until it is over, or met.
func (h *hall) pass(d time.Duration, met func() bool) (took time.Duration) {
	since, end := h.now, h.now.Add(d)
	for h.settle(); !met(); h.settle() {
		next, ok := h.a.Deadline()
		if sweep, is := h.r.Deadline(); is && (!ok || sweep.Before(next)) {
			next, ok = sweep, true
		}
		if !ok || next.After(end) {
			h.now = end
			break
		}
		h.now = next
		h.a.Handle(h.now, Tick{})
		h.r.Handle(h.now, RegistryTick{})
	}
	return h.now.Sub(since)
}

func (h *hall) settle() {
	for moved := true; moved; {
		moved = false
		for e, ok := h.a.Poll(); ok; e, ok = h.a.Poll() {
			moved = true
			h.carryOut(e)
		}
		for e, ok := h.r.Poll(); ok; e, ok = h.r.Poll() {
			moved = true
			switch e := e.(type) {
			case Reply:
				h.a.Handle(h.now, Message{Tracker: one, Data: e.Data})
			case Disconnect:
				h.disconnects++
				h.up = false
				h.a.Handle(h.now, Closed{Tracker: one})
			}
		}
	}
}

func (h *hall) carryOut(e Effect) {
	switch e := e.(type) {
	case Open:
		h.socket, h.up = h.socket+1, true
		h.r.Handle(h.now, Joined{Client: h.socket})
		h.a.Handle(h.now, Opened{Tracker: one})
	case Send:
		h.said = append(h.said, h.now)
		h.r.Handle(h.now, Said{Client: h.socket, Data: e.Data})
	case MakeOffers:
		made := min(e.Count, h.offers)
		h.a.Handle(h.now, OffersMade{InfoHash: e.InfoHash, Tracker: one, Offers: fiveOffers()[:made]})
	case Close:
		h.r.Handle(h.now, Left{Client: h.socket})
		h.a.Handle(h.now, Closed{Tracker: one})
	case Warned:
		h.warnings = append(h.warnings, e)
	}
}

// fine fails the test where the tracker was told too much at once.
func (h *hall) fine() {
	h.t.Helper()
	if h.disconnects > 0 || len(h.warnings) > 0 {
		h.t.Errorf("%d disconnects, warnings: %v", h.disconnects, h.warnings)
	}
	from, most := 0, 0
	for i, at := range h.said {
		for at.Sub(h.said[from]) > 10*time.Second {
			from++
		}
		most = max(most, i-from+1)
	}
	if most > int(pace.burst+10*pace.perSecond)+5 {
		h.t.Errorf("%d messages within ten seconds", most)
	}
}

func TestAThousandTorrentsAreAnnouncedAtOurOwnTracker(t *testing.T) {
	for _, c := range []struct {
		name   string
		left   int64
		offers int
		within time.Duration
	}{
		{"as seeds", 0, 0, 90 * time.Second},
		{"as leechers", 1000, 0, 90 * time.Second},
		{"as leechers with offers", 1000, 2, 200 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			if testing.Short() && c.left > 0 {
				t.Skip("the native run does all")
			}
			h := newHall(t)
			h.offers = c.offers
			h.add(0, 1000, c.left)
			took := h.pass(30*time.Minute, func() bool { return h.r.Stats().Swarms == 1000 })
			if took > c.within {
				t.Errorf("all are known after %v", took)
			}
			t.Logf("all are known after %v", took)
			// and stay it, though each wants a peer and has none
			h.pass(10*time.Minute, func() bool { return h.r.Stats().Swarms < 1000 })
			if s := h.r.Stats(); s.Swarms != 1000 {
				t.Errorf("%d are known later", s.Swarms)
			}
			h.fine()
		})
	}
}

func TestANewTorrentDoesNotWaitForAThousandOthers(t *testing.T) {
	h := newHall(t)
	h.add(0, 1000, 1000)
	h.pass(5*time.Minute, func() bool { return false })
	h.add(1000, 1001, 1000)
	took := h.pass(time.Minute, func() bool { return h.r.Stats().Swarms == 1001 })
	if took > time.Second {
		t.Errorf("it is known after %v", took)
	}
	// Nor when it is complete
	h.a.Handle(h.now, Progress{InfoHash: numbered(1000), Left: 0, Want: 5})
	if took := h.pass(time.Minute, func() bool { return h.r.Stats().Seeds == 1 }); took > time.Second {
		t.Errorf("it is known as a seed after %v", took)
	}
	h.fine()
}

func TestAThousandTorrentsThatGoSayGoodbye(t *testing.T) {
	h := newHall(t)
	h.add(0, 1001, 1000)
	h.pass(5*time.Minute, func() bool { return false })
	// When all but one are removed at once, and some come back
	for i := range 1000 {
		h.a.Handle(h.now, Remove{InfoHash: numbered(i)})
	}
	h.add(0, 10, 1000)
	h.pass(2*time.Minute, func() bool { return false })
	// Then the tracker hears of it, in a while.
	if s := h.r.Stats(); s.Swarms != 11 {
		t.Errorf("%d are known", s.Swarms)
	}
	h.fine()
}

func TestAThousandTorrentsThatWereHereAllAlong(t *testing.T) {
	h := newHall(t)
	// Given a thousand that are verified while they are being announced
	h.add(0, 1000, -1)
	h.settle()
	for i := range 1000 {
		h.a.Handle(h.now, Progress{InfoHash: numbered(i), Left: 0, Want: 5})
	}
	if took := h.pass(10*time.Minute, func() bool { return h.r.Stats().Seeds == 1000 }); took > 2*time.Minute {
		t.Errorf("all are known as seeds after %v", took)
	}
	h.fine()
}

func TestAnswersToStrangersDoNotKeepUsFromAnnouncing(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	a := New(Config{PeerID: id.NewPeer(rng)}, rng)
	said := func() (n int) {
		for e, ok := a.Poll(); ok; e, ok = a.Poll() {
			if _, is := e.(Send); is {
				n++
			}
		}
		return n
	}
	a.Handle(begin, Add{InfoHash: numbered(0), Trackers: []string{one}})
	a.Handle(begin, Opened{one})
	said()
	// Given that strangers have made a thousand offers, and each got its answer
	for range 1000 {
		a.Handle(begin, Answer{InfoHash: numbered(0), Tracker: one, To: id.NewPeer(rng), OfferID: numbered(7), SDP: "v=0"})
	}
	if n := said(); n != 1000 {
		t.Fatalf("%d answers", n)
	}
	// then what is new is announced at once.
	a.Handle(begin, Add{InfoHash: numbered(1), Trackers: []string{one}})
	if n := said(); n != 1 {
		t.Errorf("a torrent that is new was announced %d times", n)
	}
}
