package exchange

import (
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/id"
)

func TestTwoPeersMeetThroughTheOneBetweenThem(t *testing.T) {
	// Given A, B and C in a line, without tracker
	w := given(t, 3, 10)
	w.join(w.nodes[0], w.nodes[1])
	w.join(w.nodes[1], w.nodes[2])
	// When time passes, then they become a triangle
	took := w.run(20*time.Second, func() bool { return w.fewest() == 2 })
	if w.fewest() != 2 {
		t.Fatal("A and C have not met")
	}
	t.Logf("after %v", took)
	if made := w.nodes[0].made + w.nodes[2].made; made != 1 {
		t.Errorf("it took %d offers: glare was to be avoided", made)
	}
}

func TestAChainGrowsIntoAMesh(t *testing.T) {
	// Given twenty peers of which each knows the next
	w := given(t, 20, 10)
	for i := range w.nodes[1:] {
		w.join(w.nodes[i], w.nodes[i+1])
	}
	// When time passes, then each has eight neighbours within a minute
	took := w.run(time.Minute, func() bool { return w.fewest() >= 8 })
	if w.fewest() < 8 {
		t.Fatalf("somebody has %d neighbours", w.fewest())
	}
	t.Logf("after %v", took)
	for _, p := range w.nodes {
		if len(p.faults) > 0 {
			t.Errorf("peer %d found fault with honest ones: %v", p.i, p.faults)
		}
	}
}

func TestARunIsReplayable(t *testing.T) {
	trace := func() (made []int) {
		w := given(t, 12, 6)
		for i := range w.nodes[1:] {
			w.join(w.nodes[i], w.nodes[i+1])
		}
		w.run(time.Minute, nil)
		for _, p := range w.nodes {
			made = append(made, p.made, len(p.links))
		}
		return made
	}
	one, two := trace(), trace()
	for i := range one {
		if one[i] != two[i] {
			t.Fatalf("%v and %v from one seed", one, two)
		}
	}
}

func TestLiarsAmongRelays(t *testing.T) {
	// Given A and C with a liar between them, who is its only way, or with an
	// honest peer as the second way
	for _, c := range []struct {
		name  string
		liar  func(to *node, m *message) bool
		found bool // the lie is proved, and the liar is at fault
	}{
		{"changes an offer", func(to *node, m *message) bool {
			if m.kind == offer {
				m.sdp = "another offer"
			}
			return true
		}, true},
		{"changes an answer", func(to *node, m *message) bool {
			if m.kind == answer {
				m.sdp = "another answer"
			}
			return true
		}, true},
		{"changes who offers", func(to *node, m *message) bool {
			if m.kind == offer {
				m.from = peerID(99)
			}
			return true
		}, true},
		{"signs an offer in another's name", func(to *node, m *message) bool {
			if m.kind == offer {
				m.key = keyPair(50).Identity()
			}
			return true
		}, true},
		{"gives an offer another id", func(to *node, m *message) bool {
			if m.kind == offer {
				m.offerID = id.ID{99}
			}
			return true
		}, true},
		{"drops offers", func(to *node, m *message) bool { return m.kind != offer }, false},
		{"drops answers", func(to *node, m *message) bool { return m.kind != answer }, false},
		{"says gone instead of answers", func(to *node, m *message) bool {
			if m.kind == answer {
				*m = message{kind: gone, from: m.to, to: m.from, offerID: m.offerID}
			}
			return true
		}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := given(t, 4, 10)
			a, liar, b, honest := w.nodes[0], w.nodes[1], w.nodes[2], w.nodes[3]
			liar.liar = c.liar
			liar.goal, honest.goal = 0, 0
			w.join(a, liar)
			w.join(liar, b)
			w.run(10*time.Second, nil)
			// When it is the only way, then no lie joins them
			if a.linkTo(b) != 0 {
				t.Fatal("they met by a lie")
			}
			if found := len(a.faults)+len(b.faults) > 0; found != c.found {
				t.Fatalf("faults %v and %v", a.faults, b.faults)
			}
			// When an honest peer is the second way, then they meet
			w.join(a, honest)
			w.join(honest, b)
			w.run(3*time.Minute, func() bool { return a.linkTo(b) != 0 })
			if a.linkTo(b) == 0 {
				t.Fatal("they have not met by the honest peer")
			}
			if len(honest.faults) > 0 {
				t.Fatalf("the honest relay found fault: %v", honest.faults)
			}
		})
	}
}
