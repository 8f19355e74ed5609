package swarm

import (
	"fmt"
	"testing"
	"time"
)

// TestChurn cuts and makes connections at random while a swarm trades, several
// between the same two as well, and pauses and resumes whom it likes. When that
// ends all must finish, and nobody may have been taken for an evil-doer.
func TestChurn(t *testing.T) {
	n := newNetwork(t)
	n.cut = func(left int) int { return 1 + n.rng.IntN(left) }
	tor := newTorrent(32*kib, 4<<20+100)
	hosts := []*host{n.seedOf("seed", tor)}
	for i := range 6 {
		hosts = append(hosts, n.leech(fmt.Sprint("leech", i), tor))
	}
	type link struct {
		a, b   *host
		pa, pb Peer
	}
	var links []link
	churn := func() {
		a, b := hosts[n.rng.IntN(len(hosts))], hosts[n.rng.IntN(len(hosts))]
		switch k := n.rng.IntN(10); {
		case k < 6 && a != b:
			pa, pb := n.connect(a, b)
			links = append(links, link{a, b, pa, pb})
		case k < 8 && len(links) > 0:
			at := n.rng.IntN(len(links))
			if l := links[at]; !l.a.ends[l.pa].gone {
				l.a.cutOff(l.pa)
			}
			links = append(links[:at], links[at+1:]...)
		case k == 8:
			a.handle(Pause{})
		default:
			a.handle(Resume{})
		}
	}
	for range 300 {
		churn()
		n.pass(time.Duration(n.rng.IntN(30)) * time.Millisecond)
	}
	for i, a := range hosts {
		a.handle(Resume{})
		for _, b := range hosts[:i] {
			n.connect(a, b)
		}
	}
	n.run(time.Minute, allDone(hosts...))
	var wasted, fetched int64
	for _, h := range hosts {
		n.holds(h, tor)
		for _, reason := range h.drops { // order-free: each is judged alone
			if reason != "both have all they want" {
				t.Errorf("%s dropped a peer: %s, although nobody did wrong", h.name, reason)
			}
		}
		wasted += h.Stats().Wasted
		fetched += h.Stats().Downloaded
	}
	t.Logf("%.1f %% of %d KiB came twice", 100*float64(wasted)/float64(fetched), fetched>>10)
}
