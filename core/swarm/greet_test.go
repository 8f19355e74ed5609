package swarm

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/id"
	"github.com/shoal-p2p/shoal/core/picker"
	"github.com/shoal-p2p/shoal/core/wire"
)

// kinds names messages by their kind, those of extensions by what they are.
func kinds(t *testing.T, p *puppet) (names []string) {
	t.Helper()
	for _, m := range p.got {
		name := fmt.Sprintf("%T", m)
		if m, ok := m.(wire.Extended); ok {
			switch m.ID {
			case wire.HandshakeID:
				hello, err := wire.ParseExtendedHandshake(m.Payload)
				if err != nil {
					t.Fatal(err)
				}
				name = "hello of " + hello.Client
			case ourMetadata:
				name = "asks for metadata"
			}
		}
		names = append(names, name)
	}
	return names
}

func TestWhoIsSaidToBeOfOurKindIsToldAllAtOnce(t *testing.T) {
	all := []string{"wire.Handshake", "hello of ", "wire.HaveNone", "wire.Interested", "asks for metadata"}
	tor := newTorrent(16*kib, 160*kib)
	stock := id.ID([]byte("-WW0300-............"))
	for _, c := range []struct {
		name    string
		claimed id.ID
		before  []Event
		want    []string
	}{
		{"a Shoal peer", peerID("p"), nil, all},
		{"a stock peer", stock, nil, all[:1]},
		{"nobody in particular", id.ID{}, nil, all[:1]},
		{"while we are paused", peerID("p"), []Event{Pause{}}, all[:1]},
		{"where the metadata is known", peerID("p"), []Event{Learn{tor.info}}, all[:1]},
		{"where we may want nothing", peerID("p"), []Event{Select{Priority: []picker.Priority{picker.Skip}}}, slices.Concat(all[:3], all[4:])},
	} {
		t.Run(c.name, func(t *testing.T) {
			// Given a torrent of which only the info hash is known
			n := newNetwork(t)
			h := n.leech("leech", tor)
			for _, ev := range c.before {
				h.handle(ev)
			}
			// When a channel opens to a peer under this name
			n.claimed = c.claimed
			p := n.silent(h)
			n.pass(n.latency + time.Millisecond)
			// Then this is what it hears before it has said anything
			if got := kinds(t, p); !slices.Equal(got, c.want) {
				t.Errorf("it is told %q, want %q", got, c.want)
			}
		})
	}
}

func TestAnEarlyGreetingIsNotSaidTwice(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(16*kib, 160*kib)
	h := n.leech("leech", tor)
	n.claimed = peerID("p")
	p := n.puppet(h, hand(tor, "p"))
	n.pass(time.Second)
	// When its handshake comes, it is told who we are, and nothing else again
	want := []string{"wire.Handshake", "hello of ", "wire.HaveNone", "wire.Interested", "asks for metadata", "hello of " + version}
	if got := kinds(t, p); !slices.Equal(got, want) {
		t.Errorf("it is told %q, want %q", got, want)
	}
	// When it then says that it has nothing, the interest is taken back
	p.send(greeting(wire.ExtendedHandshake{M: map[string]uint8{wire.NameMetadata: 7}}), wire.HaveNone{})
	n.pass(time.Second)
	if count[wire.NotInterested](p) != 1 {
		t.Error("it is not told that it has nothing for us")
	}
}

func TestFirstRequestLeavesARoundTripAfterTheChannelOpened(t *testing.T) {
	// Given a seed, and a peer that knows the info hash alone, over a long way
	n := newNetwork(t)
	n.latency = 100 * time.Millisecond
	tor := newTorrent(16*kib, 160*kib)
	a, b := n.seedOf("a", tor), n.leech("b", tor)
	n.connect(a, b)
	opened, asked := n.now, time.Time{}
	n.watch = func(h *host, e Effect) {
		if m, is := e.(Send); is && h == b && asked.IsZero() {
			if _, is := m.Msg.(wire.Request); is {
				asked = n.now
			}
		}
	}
	// When the metadata has come and the store is there, then it asks at once
	n.run(time.Second, func() bool { return !asked.IsZero() })
	if took := asked.Sub(opened); took > 2*n.latency+storeDelay+5*time.Millisecond {
		t.Errorf("the first request left %v after the channel opened, with %v each way", took, n.latency)
	}
	n.run(5*time.Second, allDone(b))
	n.holds(b, tor)
	// And how long the way is both know from what answered their handshakes
	for _, h := range []*host{a, b} {
		for _, p := range h.peers {
			if trip := p.down.trip; trip < 2*n.latency || trip > 2*n.latency+20*time.Millisecond {
				t.Errorf("%s takes the way there and back for %v", h.name, trip)
			}
		}
	}
}

func TestFewAreAskedForMetadataBeforeTheySayThatTheyHaveIt(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(16*kib, 160*kib)
	h := n.leech("leech", tor)
	asked := 0
	for i := range 5 {
		n.claimed = peerID(string(rune('a' + i)))
		p := n.silent(h)
		p.on = func(m wire.Message) {
			if m, is := m.(wire.Extended); is && m.ID == ourMetadata {
				asked++
			}
		}
	}
	n.pass(n.latency + time.Millisecond)
	if asked != metadataRace {
		t.Errorf("%d of five are asked at once, want %d", asked, metadataRace)
	}
}

// Who was asked early and has no metadata is asked as soon as it has.
func TestAnEarlyRefusalIsNotHeldAgainstAPeer(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(16*kib, 160*kib)
	h := n.leech("leech", tor)
	n.claimed = peerID("p")
	p := n.puppet(h, hand(tor, "p"))
	hello := wire.ExtendedHandshake{M: map[string]uint8{wire.NameMetadata: 7}, Client: "p"}
	p.send(greeting(hello), wire.HaveNone{}, wire.Metadata{Type: wire.MetadataReject}.Message(ourMetadata))
	n.pass(time.Second)
	before := count[wire.Extended](p)
	hello.MetadataSize = int64(len(tor.info.Bytes))
	p.send(greeting(hello))
	n.pass(100 * time.Millisecond)
	if got := all[wire.Extended](p)[before:]; len(got) != 1 || got[0].ID != 7 {
		t.Errorf("when it has the metadata it is told %v", got)
	}
}

// What we came to have between an early greeting and the peer's handshake is told.
func TestWhatIsLearntAfterAnEarlyGreetingIsTold(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(16*kib, 64*kib)
	h := n.leech("leech", tor)
	n.claimed = peerID("p")
	p := n.silent(h)
	n.connect(h, n.seedOf("seed", tor))
	n.run(5*time.Second, allDone(h))
	n.pass(time.Second)
	if got := count[wire.Have](p); got != tor.info.Layout.Pieces() {
		t.Errorf("it was told of %d pieces of %d", got, tor.info.Layout.Pieces())
	}
}

// A peer that was asked early for metadata, and whose handshake comes when the
// metadata is known already, is taken to transfer for ever.
func TestAPeerAskedEarlyIsNotBusyForEver(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(16*kib, 64*kib)
	h := n.leech("leech", tor)
	n.claimed = peerID("p")
	p := n.silent(h)
	n.connect(h, n.seedOf("seed", tor))
	n.run(5*time.Second, allDone(h))
	p.send(hand(tor, "p"), greeting(wire.ExtendedHandshake{M: map[string]uint8{wire.NameMetadata: 7}}), wire.HaveNone{})
	n.pass(90 * time.Second)
	for _, q := range h.order {
		if q.id == p.peer && h.busy(q) {
			t.Errorf("after 90 s it is still asked for %v of the metadata that is known, and never makes room", q.metadata.asked)
		}
	}
}
