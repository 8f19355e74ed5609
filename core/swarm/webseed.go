package swarm

import (
	"crypto/sha256"
	"errors"
	"slices"
	"time"

	"github.com/shoal-p2p/shoal/core/blame"
	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/picker"
	"github.com/shoal-p2p/shoal/core/webseed"
)

const (
	// maxWebSeeds bounds the web servers of one torrent, which a .torrent file
	// from a stranger lists.
	maxWebSeeds = 32
	// maxRuns bounds the ranges that are fetched at once, and runsPerSeed those
	// from one server: enough to hide the round trip between two.
	maxRuns     = 8
	runsPerSeed = 3
	// firstRun and lastRun bound how long a range is, in bytes. It doubles while
	// all goes well: a request costs a round trip, a failure what was asked for.
	firstRun = 1 << 20
	lastRun  = 4 << 20
	// webWait is how long to gather what a limit gives before a range is begun:
	// ranges of a block each would be nothing but round trips.
	webWait = 250 * time.Millisecond
	// webSeedLabel begins what a web seed's identity is the hash of.
	webSeedLabel = "Shoal web seed 1\x00"
)

var errTooManyWebSeeds = errors.New("too many web seeds")

// web is all web seeds of a torrent (BEP 19). They are raced with the peers: the
// peers choose first, each server is always fetched from, one range at a time
// while the peers give more than the servers do, several otherwise. Who knows no
// ranges is read from the beginning (webstream.go), and who is slow while others
// could do better is given up for a while (webpace.go).
type web struct {
	urls  []string // as they were named
	seeds []*webSeed
	next  uint64 // the last number of a Fetch
	runs  []*run // that are not answered yet, those that were aborted included
	ask   bool   // whether they are to be looked at when the turn ends
	asked int    // blocks of runs, and as many as streams may send
	in    meter
	paid  int64     // bytes that the limit has given and no range has cost yet
	since time.Time // when the limit first gave nothing for the next range
}

// webSeed is one server as a source of blocks.
type webSeed struct {
	*webseed.Seed
	slot *picker.Peer
	size int64 // of its next range, in bytes
	in   meter
	slow bool // its ranges were too slow, and none was right since

	nextFile int       // with which file its next stream begins
	idleTill time.Time // before that no file is worth one
}

// who is an identity of which nobody has the key, so that no peer can be taken
// for a web seed.
func (w *webSeed) who() blame.Who {
	return blame.Who{Identity: sha256.Sum256([]byte(webSeedLabel + w.URL()))}
}

func (w *webSeed) withdraw(s *Swarm, b metainfo.Block) { s.unneeded(w, b) }

func (w *webSeed) vouch(s *Swarm) {
	if _, ok := w.Ready(); ok {
		s.picker.Trust(w.slot, true)
		s.web.ask = true
	}
}

func (s *Swarm) webSeedOf(who blame.Who) *webSeed {
	at := slices.IndexFunc(s.web.seeds, func(w *webSeed) bool { return w.who().Same(who) })
	if at < 0 {
		return nil
	}
	return s.web.seeds[at]
}

// addWebSeeds takes URLs, each once for the life of the swarm.
func (s *Swarm) addWebSeeds(urls []string) {
	for _, url := range urls {
		if slices.Contains(s.web.urls, url) {
			continue
		}
		if len(s.web.urls) == maxWebSeeds {
			s.emit(WebSeedFailed{url, errTooManyWebSeeds})
			continue
		}
		s.web.urls = append(s.web.urls, url)
		if s.info != nil {
			s.joinWeb(url)
		}
	}
}

// joinWeb enters a web seed at the picker: it has everything.
func (s *Swarm) joinWeb(url string) {
	seed, err := webseed.New(s.info, url)
	if err != nil {
		s.emit(WebSeedFailed{url, err})
		return
	}
	w := &webSeed{Seed: seed, size: firstRun}
	w.slot = s.picker.Join(w)
	s.picker.HasAll(w.slot)
	s.web.seeds = append(s.web.seeds, w)
	s.web.ask = true
}

// askWeb begins ranges wherever it may.
func (s *Swarm) askWeb() {
	s.web.ask = false
	if !s.trading() {
		return
	}
	for _, r := range s.web.runs {
		s.letOn(r)
	}
	for _, w := range s.web.seeds {
		for s.mayFetch(w) && s.begin(w) {
		}
	}
}

func (s *Swarm) mayFetch(w *webSeed) bool {
	at, ok := w.Ready()
	if !ok || !s.picker.Interesting(w.slot) {
		return false
	}
	if s.now.Before(at) {
		s.wakeBy(at)
		return false
	}
	running := 0
	for _, r := range s.web.runs {
		if r.from == w {
			running++
		}
	}
	return running < s.runsOf(w) && len(s.web.runs) < maxRuns
}

// runsOf is how many ranges are fetched from a server at once.
func (s *Swarm) runsOf(w *webSeed) int {
	if w.slow || !w.Ranges() {
		return 1
	}
	byWeb := s.web.in.rate(s.now, shortWindow)
	if byPeers := s.in.rate(s.now, shortWindow) - byWeb; byPeers > byWeb {
		return 1
	}
	return runsPerSeed
}

// pauseWeb ends all that is being fetched.
func (s *Swarm) pauseWeb() {
	for _, r := range slices.Clone(s.web.runs) {
		s.abort(r)
	}
}

// ended notes how a request went and tells of a failure that makes a difference.
func (s *Swarm) ended(w *webSeed, how webseed.Outcome, err error) {
	at, ok := w.Ready()
	if !ok {
		return // it had others under way
	}
	w.Ended(s.now, how)
	after, still := w.Ready()
	if !after.Equal(at) || !still {
		s.emit(WebSeedFailed{w.URL(), err})
	}
	if !still {
		s.leaveWeb(w)
	}
	s.web.ask = true
}

// endWebSeed never asks a liar again.
func (s *Swarm) endWebSeed(w *webSeed, err error) { s.ended(w, webseed.Corrupt, err) }

func (s *Swarm) leaveWeb(w *webSeed) {
	for _, r := range slices.Clone(s.web.runs) {
		if r.from == w {
			s.abort(r)
		}
	}
	s.picker.Leave(w.slot)
	s.requests.refill = true
}

// tickWeb lets those be asked that have rested.
func (s *Swarm) tickWeb() {
	s.paceWeb()
	s.web.ask = len(s.web.seeds) > 0
}

// affordWeb takes up to want bytes from the limit for a range, and returns how
// many there are; none while it is worth waiting for more.
func (s *Swarm) affordWeb(want int64) int64 {
	for s.web.paid < want {
		if !s.shaping.down.pass(s.now, s.cfg.Down, metainfo.BlockSize) {
			if s.web.since.IsZero() {
				s.web.since = s.now
			}
			if s.now.Sub(s.web.since) < webWait {
				return 0
			}
			break
		}
		s.web.paid += metainfo.BlockSize
	}
	return min(want, s.web.paid)
}

// spendWeb takes what a range costs from that.
func (s *Swarm) spendWeb(bytes int64) {
	s.web.paid = max(s.web.paid-bytes, 0)
	s.web.since = time.Time{}
}
