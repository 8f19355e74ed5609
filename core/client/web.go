package client

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/shoal-p2p/shoal/core/node"
	"github.com/shoal-p2p/shoal/core/swarm"
	"github.com/shoal-p2p/shoal/core/webseed"
)

const (
	// maxFetches is how many requests to web seeds are under way at once.
	maxFetches = 16
	// maxFetchesPerHost is the same for one host: below what browsers and we
	// ourselves allow (six), so that none waits for a connection, which would
	// look as if the server had stalled.
	maxFetchesPerHost = 4
	// crowdFloor is what a request must bring while others wait for its place, in
	// bytes over crowdPatience; below it the server's other torrents, and everybody
	// else's, would wait for as long as it likes.
	crowdFloor    = 160 << 10
	crowdPatience = 10 * time.Second
)

var errSlow = fmt.Errorf("sent less than %d KiB in %v, while others waited", crowdFloor>>10, crowdPatience)

// fetch is one request to a web seed, from the swarm's Fetch to its Fetched.
type fetch struct {
	torrent *Torrent
	number  uint64
	request webseed.Request
	host    string
	tap     *tap            // of a stream; nil otherwise
	ctx     context.Context // ends with Abort and with the torrent
	cancel  context.CancelCauseFunc
	came    int64 // bytes
	mark    int64 // of these, what there was when its pace was last looked at; less than 0 before
}

// fetches is what web seeds are asked for, for all torrents; how many wait is
// bounded by the swarms. Owned by the client's goroutine.
type fetches struct {
	running []*fetch
	waiting []*fetch
	watched bool // the pace of those running is being measured
}

// fits reports whether one more may run now. What was ended needs no room.
func (f *fetches) fits(next *fetch) bool {
	return next.ctx.Err() != nil || len(f.running) < maxFetches && f.of(next.host) < maxFetchesPerHost
}

// of counts those of a host that run.
func (f *fetches) of(host string) (n int) {
	for _, r := range f.running {
		if r.host == host {
			n++
		}
	}
	return n
}

// next takes out the first that may run.
func (f *fetches) next() *fetch {
	at := slices.IndexFunc(f.waiting, f.fits)
	if at < 0 {
		return nil
	}
	next := f.waiting[at]
	f.waiting = slices.Delete(f.waiting, at, at+1)
	f.running = append(f.running, next)
	return next
}

func (f *fetches) ended(over *fetch) {
	f.running = slices.DeleteFunc(f.running, func(r *fetch) bool { return r == over })
}

// inTheWay reports whether one that waits could run if this one did not.
func (f *fetches) inTheWay(of *fetch) bool {
	full := len(f.running) >= maxFetches
	return slices.ContainsFunc(f.waiting, func(w *fetch) bool { return full || w.host == of.host })
}

// watchFetches measures the pace of what runs, as long as something waits.
func (c *Client) watchFetches() {
	if c.fetches.watched || len(c.fetches.waiting) == 0 {
		return
	}
	c.fetches.watched = true
	for _, f := range c.fetches.running {
		f.mark = f.came
	}
	time.AfterFunc(crowdPatience, func() { c.mail.post(c.thinFetches) })
}

// thinFetches ends what was too slow, and in the way, for all that time: one for
// each that waits.
func (c *Client) thinFetches() {
	c.fetches.watched = false
	left := len(c.fetches.waiting)
	for _, f := range c.fetches.running {
		slow := f.mark >= 0 && f.came-f.mark < crowdFloor && !f.tap.shut()
		if left > 0 && slow && c.fetches.inTheWay(f) {
			f.cancel(errSlow)
			left--
		}
	}
	c.watchFetches()
}

// performWeb carries out what a swarm wants of a web seed.
func (c *Client) performWeb(t *Torrent, e swarm.Effect) {
	switch e := e.(type) {
	case swarm.Fetch:
		if e.Request.URL == "" {
			c.letOn(t, e)
			return
		}
		c.queueFetch(t, e)
	case swarm.Abort:
		if f := t.fetches[e.Fetch]; f != nil {
			f.cancel(nil)
		}
	default:
		panic("client: unknown effect of a swarm's web seed")
	}
	c.startFetches()
}

// letOn lets a stream go on that is under way.
func (c *Client) letOn(t *Torrent, e swarm.Fetch) {
	if f := t.fetches[e.Fetch]; f != nil {
		f.tap.open(e.Request.Length)
	}
}

func (c *Client) queueFetch(t *Torrent, e swarm.Fetch) {
	f := &fetch{torrent: t, number: e.Fetch, request: e.Request, mark: -1}
	if e.Request.Stream {
		f.tap = newTap()
	}
	f.ctx, f.cancel = context.WithCancelCause(t.ctx)
	if !slices.Contains(t.named, e.Seed) {
		f.ctx = OfStranger(f.ctx)
	}
	if u, err := url.Parse(e.Request.URL); err == nil {
		f.host = u.Host
	}
	t.fetches[f.number] = f
	c.fetches.waiting = append(c.fetches.waiting, f)
}

// startFetches lets those run that may.
func (c *Client) startFetches() {
	for f := c.fetches.next(); f != nil; f = c.fetches.next() {
		if !c.enter() { // every torrent is about to end
			c.forgetFetch(f)
			continue
		}
		go func() {
			defer c.work.Done()
			take := func(data []byte) { c.handOver(f, data) }
			take(nil) // from now on it is the server's time
			outcome, err := fetchRange(f.ctx, c.cfg.HTTP, f.request, f.tap, take)
			c.mail.post(func() { c.fetched(f, outcome, err) })
		}()
	}
	c.watchFetches()
}

// handOver gives the swarm a chunk and returns when it has it, or the fetch was
// ended; so that one fetch has one chunk in the mailbox at most.
func (c *Client) handOver(f *fetch, data []byte) {
	taken := make(chan struct{})
	c.mail.post(func() {
		if f.ctx.Err() == nil {
			f.came += int64(len(data))
			c.stir()
			c.handle(node.Torrent{InfoHash: f.torrent.infoHash, Event: swarm.Chunk{Fetch: f.number, Data: data}})
		}
		close(taken)
	})
	select {
	case <-taken:
	case <-f.ctx.Done():
	}
}

func (c *Client) fetched(f *fetch, outcome webseed.Outcome, err error) {
	c.forgetFetch(f)
	c.startFetches()
	if t := f.torrent; c.torrent(t.infoHash) == t {
		c.handle(node.Torrent{InfoHash: t.infoHash, Event: swarm.Fetched{Fetch: f.number, Outcome: outcome, Err: err}})
	}
}

func (c *Client) forgetFetch(f *fetch) {
	f.cancel(nil)
	c.fetches.ended(f)
	delete(f.torrent.fetches, f.number)
}
