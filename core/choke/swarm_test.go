package choke

import (
	"math/rand/v2"
	"testing"
	"time"
)

// market is a swarm of which each knows each and wants what each has: nothing
// counts but who serves whom. Its uplinks are alike; how they are shared varies by a half each second.
type market struct {
	rng     *rand.Rand
	members []*member
	now     time.Duration
}

type member struct {
	choker *Choker
	rides  bool    // takes and gives nothing
	peers  []*Peer // of each member what this one knows, nil for itself
	known  []*Peer // the same, without itself
	phase  time.Duration
	had    [][20]float64 // from each, in each of the last 20 s
	got    float64       // in all, in uplinks
}

func newMarket(t *testing.T, honest, riders int) *market {
	rng := rand.New(rand.NewPCG(*seed, uint64(honest)))
	t.Logf("seed %d", *seed)
	m := &market{rng: rng}
	n := honest + riders
	for i := range n {
		a := &member{choker: New(0, rng), rides: i >= honest, had: make([][20]float64, n)}
		a.phase = time.Duration(rng.IntN(10)) * time.Second
		for j := range n {
			a.peers = append(a.peers, &Peer{ID: uint64(j), Interested: i != j, Since: start})
			if i != j {
				a.known = append(a.known, a.peers[j])
			}
		}
		m.members = append(m.members, a)
	}
	return m
}

// step lets a second go by.
func (m *market) step() {
	for _, a := range m.members {
		if !a.rides && m.now%Round == a.phase {
			for j, p := range a.peers {
				sum := 0.0
				for _, had := range a.had[j] {
					sum += had
				}
				p.Gives = int64(sum * 1e6 / 20)
			}
			a.choker.Measured(1e6, true)
			a.choker.Rechoke(at(m.now), a.known, leeching)
		}
	}
	slot := int(m.now/time.Second) % 20
	for i, a := range m.members {
		served := float64(max(len(unchoked(a.known)), 1))
		for j, b := range m.members {
			b.had[i][slot] = 0
			if i != j && a.peers[j].Unchoked {
				share := (0.5 + m.rng.Float64()) / served
				b.had[i][slot] = share
				b.got += share
			}
		}
	}
	m.now += time.Second
}

// run returns what an honest member and a rider get, in uplinks.
func (m *market) run(d time.Duration) (honest, rider float64) {
	h, r := 0, 0
	for m.now < d {
		m.step()
	}
	for _, a := range m.members {
		if got := a.got / d.Seconds(); a.rides {
			rider, r = rider+got, r+1
		} else {
			honest, h = honest+got, h+1
		}
	}
	return honest / float64(h), rider / float64(max(r, 1))
}

func TestFreeRidersGetLittle(t *testing.T) {
	honest, rider := newMarket(t, 35, 15).run(5 * time.Minute)
	t.Logf("an honest peer gets %.3f of an uplink, a free rider %.3f", honest, rider)
	if honest < 1/1.15 {
		t.Errorf("an honest peer gets %.3f of what it would without free riders, want %.3f", honest, 1/1.15)
	}
	if rider > honest/2 {
		t.Errorf("a free rider gets %.3f, an honest peer %.3f", rider, honest)
	}
}

func TestEqualPeersGetAlike(t *testing.T) {
	m := newMarket(t, 50, 0)
	m.run(10 * time.Minute)
	for i, a := range m.members {
		if got := a.got / m.now.Seconds(); got < 0.7 || got > 1.3 {
			t.Errorf("%d gets %.2f of an uplink for one that it gives", i, got)
		}
	}
}

func TestOneSeedGivesOneRun(t *testing.T) {
	a, b := newMarket(t, 20, 5), newMarket(t, 20, 5)
	a.run(2 * time.Minute)
	b.run(2 * time.Minute)
	for i := range a.members {
		if a.members[i].got != b.members[i].got {
			t.Fatalf("%d got %v, and %v the second time", i, a.members[i].got, b.members[i].got)
		}
	}
}

func BenchmarkRechokeOfFifty(b *testing.B) {
	c, peers := New(0, rand.New(rand.NewPCG(1, 0))), interested(make([]int64, 50)...)
	b.ReportAllocs()
	for i := range b.N {
		peers[i%50].Gives = int64(i)
		c.Rechoke(at(time.Duration(i)*Round), peers, leeching)
	}
}
