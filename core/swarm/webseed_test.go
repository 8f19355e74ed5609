package swarm

import (
	"bytes"
	"crypto/sha1"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/limit"
	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/webseed"
	"github.com/shoal-p2p/shoal/core/wire"
)

const serverURL = "https://web.example/story"

var errWeb = errors.New("the server says no")

// surfer is a host that knows the metadata and a web seed.
func (n *network) surfer(tor torrent, web func(webseed.Request) answer) *host {
	b := n.learner("b", tor)
	b.web = web
	b.handle(AddWebSeeds{[]string{serverURL}})
	return b
}

func TestSwarmWithoutPeersDownloadsFromTheWeb(t *testing.T) {
	for _, before := range []bool{true, false} {
		n := newNetwork(t)
		tor := newTorrent(64*kib, 20<<20+5)
		b := n.leech("b", tor)
		b.web = serving(tor)
		// Given a URL that is known before or after the metadata, and twice
		if before {
			b.handle(AddWebSeeds{[]string{serverURL, serverURL}})
		}
		b.handle(Learn{tor.info})
		if !before {
			b.handle(AddWebSeeds{[]string{serverURL, serverURL}})
		}
		n.run(10*time.Second, allDone(b))
		n.holds(b, tor)
		if stats := b.Stats(); stats.Downloaded != int64(len(tor.data)) || stats.Wasted != 0 || len(b.failed) != 0 {
			t.Errorf("%+v, failed %v", stats, b.failed)
		}
		// Ranges grow, so there are few of them
		longest := slices.MaxFunc(b.fetches, func(x, y Fetch) int { return int(x.Request.Length - y.Request.Length) })
		if longest.Request.Length != lastRun || len(b.fetches) > 20 {
			t.Errorf("%d ranges, the longest of %d bytes", len(b.fetches), longest.Request.Length)
		}
	}
}

func TestFilesAndPaddingFromTheWeb(t *testing.T) {
	n := newNetwork(t)
	tor := padded(32*kib, 50*kib, 14*kib, 0, 0, 70*kib, 200*kib)
	b := n.learner("b", tor)
	b.web = func(r webseed.Request) answer {
		for _, f := range tor.info.Files {
			if r.URL == serverURL+"/story/"+escaped(f) {
				return answer{data: tor.data[f.Offset+r.Offset:][:r.Length]}
			}
		}
		return answer{how: webseed.Refused, err: errWeb}
	}
	b.handle(AddWebSeeds{[]string{serverURL}})
	n.run(10*time.Second, allDone(b))
	n.holds(b, tor)
	if len(b.failed) != 0 {
		t.Errorf("failed: %v", b.failed)
	}
}

func escaped(f metainfo.File) string {
	return string(bytes.ReplaceAll([]byte(f.Path[0]), []byte(" "), []byte("%20")))
}

// padded is a torrent whose every second file is padding.
func padded(pieceLength int64, lengths ...int64) torrent {
	var files, pieces string
	var data []byte
	for i, length := range lengths {
		if i%2 == 0 {
			files += fmt.Sprintf("d6:lengthi%de4:pathl6:file %dee", length, i)
			data = append(data, bytes.Repeat([]byte{byte('a' + i)}, int(length))...)
		} else {
			files += fmt.Sprintf("d4:attr1:p6:lengthi%de4:pathl1:pee", length)
			data = append(data, make([]byte, length)...)
		}
	}
	for piece := range slices.Chunk(data, int(pieceLength)) {
		sum := sha1.Sum(piece)
		pieces += string(sum[:])
	}
	info, err := metainfo.ParseInfo(fmt.Appendf(nil, "d5:filesl%se4:name5:story12:piece lengthi%de6:pieces%d:%se", files, pieceLength, len(pieces), pieces))
	if err != nil {
		panic(err)
	}
	return torrent{data, info}
}

func TestPaddingIsAskedOfNobody(t *testing.T) {
	n := newNetwork(t)
	// Given a file, padding of five pieces and three blocks, and a file
	tor := padded(32*kib, 16*kib, 16*kib+5*32*kib+16*kib, 16*kib)
	b := n.learner("b", tor)
	p := n.sender(b, tor, "good", truth)
	n.run(5*time.Second, allDone(b))
	n.holds(b, tor)
	if asked := count[wire.Request](p); asked != 2 {
		t.Errorf("asked for %d blocks, want the two that are no padding", asked)
	}
	if len(b.banned) != 0 {
		t.Errorf("banned %v", b.banned)
	}
}

func TestWebSeedAndPeersAreRaced(t *testing.T) {
	tor := newTorrent(256*kib, 40<<20)
	race := func(peers int, byWeb int64) (took time.Duration, web int64) {
		n := newNetwork(t)
		b := n.learner("b", tor)
		for k := range peers {
			n.connect(n.seedOf(fmt.Sprint("s", k), tor), b)
		}
		b.web = func(r webseed.Request) answer { a := serving(tor)(r); a.rate = byWeb; return a }
		b.handle(AddWebSeeds{[]string{serverURL}})
		begin := n.now
		n.run(2*time.Minute, allDone(b))
		n.holds(b, tor)
		return n.now.Sub(begin), b.Swarm.web.in.total
	}
	alone, _ := race(0, 1<<20) // three ranges of 1 MiB/s each
	both, byWeb := race(1, 1<<20)
	if both > alone/3 || byWeb == 0 {
		t.Errorf("alone %v, with a peer of 10 MiB/s %v", alone, both)
	}
	// A fast server does not push out four peers that are faster together.
	_, byWeb = race(4, 10<<20)
	if byWeb > int64(len(tor.data))/4 {
		t.Errorf("four fast peers, and %d bytes of %d from the web", byWeb, len(tor.data))
	}
}

func TestWebSeedsThatFail(t *testing.T) {
	tor := newTorrent(64*kib, 4<<20)
	for _, c := range []struct {
		name  string
		do    func(webseed.Request) answer
		tries int // within ten minutes; 0 for more than two
	}{
		{"404", func(webseed.Request) answer { return answer{how: webseed.Refused, err: errWeb} }, 2},
		{"no CORS", func(webseed.Request) answer { return answer{how: webseed.Unreachable, err: errWeb} }, 0},
		{"too short", func(r webseed.Request) answer {
			return answer{data: tor.data[r.Offset:][:r.Length/2]}
		}, 2},
		{"too long", func(r webseed.Request) answer { return answer{data: make([]byte, r.Length+1)} }, 0},
		{"no ranges", func(webseed.Request) answer { return answer{how: webseed.NoRanges, err: errWeb} }, 0},
		{"breaks off", func(r webseed.Request) answer {
			return answer{data: tor.data[r.Offset:][:r.Length-1], how: webseed.Unreachable, err: errWeb}
		}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := newNetwork(t)
			times, last := 0, time.Time{}
			b := n.surfer(tor, func(r webseed.Request) answer {
				if n.now.Sub(last) > time.Second {
					times++
				}
				last = n.now
				return c.do(r)
			})
			n.pass(10 * time.Minute)
			if len(b.failed) == 0 {
				t.Error("nobody was told")
			}
			if c.tries > 0 && times != c.tries || times < 2 || times > 20 || len(b.fetches) > 60 {
				t.Errorf("asked at %d times for %d ranges, want %d", times, len(b.fetches), c.tries)
			}
			// When a peer comes, all that was asked of the web is asked of it
			n.connect(n.seedOf("a", tor), b)
			n.run(10*time.Second, allDone(b))
			n.holds(b, tor)
			if b.Swarm.web.asked != 0 {
				t.Errorf("%d blocks are still waited for", b.Swarm.web.asked)
			}
		})
	}
}

func TestWebSeedThatRecoversIsAskedAgain(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(64*kib, 40<<20)
	// Given a server that is down for a minute, in the middle
	down, up := n.now.Add(500*time.Millisecond), n.now.Add(time.Minute)
	var longest, next int64
	b := n.surfer(tor, func(r webseed.Request) answer {
		switch {
		case n.now.Before(down):
			longest = max(longest, r.Length)
		case n.now.Before(up):
			return answer{how: webseed.Busy, err: errWeb}
		case next == 0:
			next = r.Length
		}
		return serving(tor)(r)
	})
	n.run(3*time.Minute, allDone(b))
	n.holds(b, tor)
	if longest <= firstRun || next > firstRun {
		t.Errorf("ranges of %d bytes before it failed, then %d", longest, next)
	}
}

func TestRangeThatPeersHaveSentIsEnded(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(64*kib, 64*kib)
	b := n.surfer(tor, func(r webseed.Request) answer {
		a := serving(tor)(r)
		a.rate = 1 << 10
		return a
	})
	n.pass(time.Second)
	b.trusted("good")
	n.sender(b, tor, "good", truth)
	n.run(10*time.Second, allDone(b))
	n.holds(b, tor)
	if len(b.aborted) != 1 {
		t.Errorf("%d ranges were ended", len(b.aborted))
	}
}

func TestWebSeedWithWrongDataIsDroppedForGood(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(64*kib, 4<<20)
	b := n.surfer(tor, func(r webseed.Request) answer { return answer{data: make([]byte, r.Length)} })
	n.pass(10 * time.Second)
	if len(b.failed) != 1 || b.failed[0].URL != serverURL || b.failed[0].Err.Error() != corruptPiece {
		t.Fatalf("failed: %v", b.failed)
	}
	if b.Stats().Wasted > 64*kib {
		t.Errorf("%d bytes were wasted on a server without history", b.Stats().Wasted)
	}
	asked := len(b.fetches)
	b.handle(AddWebSeeds{[]string{serverURL}})
	n.pass(time.Hour)
	if len(b.fetches) != asked || len(b.banned) != 0 {
		t.Errorf("asked %d times more; banned %v", len(b.fetches)-asked, b.banned)
	}
	n.connect(n.seedOf("a", tor), b)
	n.run(10*time.Second, allDone(b))
	n.holds(b, tor)
}

func TestWebSeedAmongPeersThatLiesIsFound(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(1<<20, 8<<20)
	k := 0
	lies := func(r webseed.Request) answer {
		a := serving(tor)(r)
		if k++; k > 1 {
			a.data = bytes.Clone(a.data)
			a.data[0] ^= 1
		}
		return a
	}
	b := n.learner("b", tor)
	b.trusted("good", "fine")
	n.bandwidth = 1 << 20
	n.connect(n.seedOf("good", tor), b)
	n.connect(n.seedOf("fine", tor), b)
	b.web = lies
	n.watch = func(h *host, e Effect) {
		if _, is := e.(WebSeedFailed); is {
			n.after(0, func() {
				for _, r := range b.Swarm.web.runs {
					if !r.over {
						t.Error("a liar's other ranges go on")
					}
				}
			})
		}
	}
	b.handle(AddWebSeeds{[]string{serverURL}})
	n.run(20*time.Second, allDone(b))
	n.pass(time.Second)
	n.holds(b, tor)
	if len(b.banned)+len(b.drops) != 0 {
		t.Errorf("banned %v, dropped %v for what the server did", b.banned, b.drops)
	}
	if k < 2 || len(b.failed) == 0 {
		t.Error("the server was not found out")
	}
}

func TestPauseEndsWhatTheWebSends(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(64*kib, 20<<20)
	b := n.surfer(tor, serving(tor))
	n.run(5*time.Second, func() bool { return b.Stats().Downloaded > 4<<20 })
	b.handle(Pause{})
	at := b.Stats().Downloaded
	n.pass(time.Minute)
	if b.Stats().Downloaded != at || len(b.aborted) == 0 || len(b.Swarm.web.runs) != 0 {
		t.Errorf("%d bytes came in a pause, %d aborted, %d runs", b.Stats().Downloaded-at, len(b.aborted), len(b.Swarm.web.runs))
	}
	b.handle(Resume{})
	n.run(10*time.Second, allDone(b))
	n.holds(b, tor)
	if len(b.failed) != 0 {
		t.Errorf("failed: %v", b.failed)
	}
}

func TestWebSeedsAreBounded(t *testing.T) {
	n := newNetwork(t)
	tor := newTorrent(64*kib, 64<<20)
	b := n.learner("b", tor)
	var urls []string
	for k := range maxWebSeeds + 3 {
		urls = append(urls, fmt.Sprint("https://web.example/", k))
	}
	most := 0
	n.watch = func(h *host, e Effect) {
		if _, is := e.(Fetch); is {
			most = max(most, len(b.Swarm.web.runs))
			if total := b.allowance() + b.Swarm.web.asked; total > maxInFlight/metainfo.BlockSize || b.Swarm.web.asked == 0 {
				t.Errorf("%d blocks asked, and room for %d", b.Swarm.web.asked, b.allowance())
			}
		}
	}
	b.web = serving(tor)
	b.handle(AddWebSeeds{append(urls, "ftp://web.example/x")})
	n.run(time.Minute, allDone(b))
	if len(b.failed) != 4 || most > maxRuns {
		t.Errorf("%d refused, %d ranges at once", len(b.failed), most)
	}
}

func TestWebSeedKeepsToTheLimit(t *testing.T) {
	for _, rate := range []int64{64 << 10, 1 << 20} {
		n := newNetwork(t)
		tor := newTorrent(64*kib, 64<<20)
		b := n.learner("b", tor)
		b.cfg.Down = new(limit.Limit)
		b.cfg.Down.Set(n.now, rate)
		b.web = serving(tor)
		b.handle(AddWebSeeds{[]string{serverURL}})
		n.pass(5 * time.Second)
		at := b.Stats().Downloaded
		n.pass(20 * time.Second)
		if came := b.Stats().Downloaded - at; came < rate*20*90/100 || came > rate*20*105/100 {
			t.Errorf("at %d bytes/s, %d came in 20 s", rate, came)
		}
		if len(b.fetches) > 250 {
			t.Errorf("at %d bytes/s, %d ranges in 25 s", rate, len(b.fetches))
		}
	}
}
