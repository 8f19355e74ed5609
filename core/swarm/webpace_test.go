package swarm

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/webseed"
)

const slowURL = "https://slow.example/story"

// slowly is servers that send at a rate, after so many good answers each; but for
// the one at serverURL, which is quick.
func slowly(tor torrent, rate int64, good int) func(webseed.Request) answer {
	served := map[string]int{}
	return func(r webseed.Request) answer {
		a := serving(tor)(r)
		if served[r.URL]++; r.URL != serverURL && served[r.URL] > good {
			a.rate = rate
		}
		return a
	}
}

func TestASlowServerDoesNotKeepTheOnlyPiece(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(256*kib, 256<<10)
	b := n.learner("b", tor)
	b.web = slowly(tor, 500, 0)
	b.handle(AddWebSeeds{[]string{slowURL}})
	n.pass(time.Second)
	n.connect(n.seedOf("a", tor), b)
	n.connect(n.seedOf("c", tor), b)
	n.run(15*time.Second, allDone(b))
	n.holds(b, tor)
	if len(b.failed) != 1 || !errors.Is(b.failed[0].Err, errSlow) {
		t.Errorf("failed: %v", b.failed)
	}
}

func TestAReaderDoesNotWaitForASlowServer(t *testing.T) {
	for _, rate := range []int64{500, 4 << 10, 40 << 10} {
		n := newNetwork(t)
		n.bandwidth = 1 << 20
		tor := newTorrent(256*kib, 60<<20)
		b := n.learner("b", tor)
		b.web = slowly(tor, rate, 0)
		b.handle(AddWebSeeds{[]string{slowURL}})
		b.handle(Window{Reader: 1, First: 0, Last: 20})
		n.pass(time.Second)
		n.connect(n.seedOf("a", tor), b)
		if took := n.arrives(b, 0, 0); took > 5*time.Second {
			t.Errorf("beside a server of %d bytes/s the first piece took %v", rate, took)
		}
		if took := n.arrives(b, 1, 20); took > 10*time.Second {
			t.Errorf("and the next twenty %v", took)
		}
	}
}

func TestThreeSlowServersDoNotShutAPeerOut(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(256*kib, 4<<20)
	b := n.learner("b", tor)
	b.web = slowly(tor, 100, 1)
	b.handle(AddWebSeeds{[]string{"https://x0.example/story", "https://x1.example/story", "https://x2.example/story"}})
	n.pass(30 * time.Second)
	n.connect(n.seedOf("a", tor), b)
	n.run(20*time.Second, allDone(b))
	n.holds(b, tor)
}

func TestSlowServersLeaveRoomForAGoodOne(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(256*kib, 16<<20)
	b := n.learner("b", tor)
	b.web = slowly(tor, 500, 0)
	var urls []string
	for i := range maxRuns {
		urls = append(urls, fmt.Sprintf("https://slow%d.example/story", i))
	}
	b.handle(AddWebSeeds{append(urls, serverURL)})
	n.run(40*time.Second, allDone(b))
	n.holds(b, tor)
}

func TestSlowServersAreNotGivenUpForEachOther(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(256*kib, 16<<20)
	b := n.learner("b", tor)
	b.web = slowly(tor, 500, 0)
	var urls []string
	for i := range maxRuns + 1 {
		urls = append(urls, fmt.Sprintf("https://slow%d.example/story", i))
	}
	b.handle(AddWebSeeds{urls})
	n.pass(3 * time.Minute)
	// For the ninth, of whom nothing was known, one was given up, and again when one
	// had brought a range after all; but they do not take turns.
	if len(b.failed) < 1 || len(b.failed) > maxRuns {
		t.Errorf("failed: %v", b.failed)
	}
}

// A film of 256 KiB a second, from a peer of four times that and a server that
// comes back again and again.
func TestAFilmDoesNotStopForASlowServer(t *testing.T) {
	n := newNetwork(t)
	n.bandwidth = 1 << 20
	tor := newTorrent(256*kib, 200<<20)
	b := n.learner("b", tor)
	b.web = slowly(tor, 4<<10, 0)
	n.connect(n.seedOf("a", tor), b)
	n.pass(2 * time.Second)
	b.handle(AddWebSeeds{[]string{slowURL}})
	stopped := time.Duration(0)
	for i := range 110 {
		b.handle(Window{Reader: 1, First: metainfo.PieceIndex(i), Last: metainfo.PieceIndex(i + 8)})
		due := n.now.Add(time.Second)
		if n.arrives(b, i, i); n.now.After(due) {
			stopped += n.now.Sub(due)
		}
		n.pass(due.Sub(n.now))
	}
	if stopped > 5*time.Second || len(b.failed) == 0 {
		t.Errorf("it stood still for %v; failed %v", stopped, b.failed)
	}
}

func TestASlowServerIsLeftAloneWhereNobodyIsBetter(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(64*kib, 256<<10)
	b := n.learner("b", tor)
	b.web = slowly(tor, 2<<10, 0)
	b.handle(AddWebSeeds{[]string{slowURL, "https://slower.example/story"}})
	b.handle(Window{Reader: 1, First: 0, Last: 3})
	n.run(2*time.Minute, allDone(b))
	n.holds(b, tor)
	if len(b.failed) != 0 {
		t.Errorf("failed: %v", b.failed)
	}
}

func TestAServerAboveTheFloorKeepsWhatNobodyWaitsFor(t *testing.T) {
	n := newNetwork(t)
	n.bandwidth = 1 << 20
	tor := newTorrent(256*kib, 40<<20)
	b := n.learner("b", tor)
	b.web = slowly(tor, 64<<10, 0)
	n.connect(n.seedOf("a", tor), b)
	b.handle(AddWebSeeds{[]string{slowURL}})
	n.pass(30 * time.Second)
	if len(b.aborted) != 0 || len(b.failed) != 0 || b.Swarm.web.in.total < 1<<20 {
		t.Errorf("%d ranges were given up, failed %v, %d bytes from the web", len(b.aborted), b.failed, b.Swarm.web.in.total)
	}
}

// Whether a server is quick is known when it is asked: a request may wait for
// others to the same host.
func TestAServerThatIsNotAskedYetIsNotSlow(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(256*kib, 256<<10)
	b := n.learner("b", tor)
	b.handle(Learn{tor.info})
	b.web = serving(tor)
	var asked []Fetch
	b.site.queue = func(e Fetch) { asked = append(asked, e) }
	b.handle(AddWebSeeds{[]string{serverURL}})
	n.connect(n.seedOf("a", tor), b)
	n.pass(time.Minute)
	if len(asked) == 0 || len(b.aborted) != 0 || len(b.failed) != 0 {
		t.Errorf("asked %d times, given up %d, failed %v", len(asked), len(b.aborted), b.failed)
	}
}
