package client

import (
	"context"
	"net/url"
	"slices"

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
)

// fetch is one request to a web seed, from the swarm's Fetch to its Fetched.
type fetch struct {
	torrent *Torrent
	number  uint64
	request webseed.Request
	host    string
	ctx     context.Context // ends with Abort and with the torrent
	cancel  context.CancelFunc
}

// fetches is what web seeds are asked for, for all torrents; how many wait is
// bounded by the swarms. Owned by the client's goroutine.
type fetches struct {
	running int
	hosts   map[string]int // those running, by host
	waiting []*fetch
}

// fits reports whether one more may run now. What was ended needs no room.
func (f *fetches) fits(next *fetch) bool {
	return next.ctx.Err() != nil || f.running < maxFetches && f.hosts[next.host] < maxFetchesPerHost
}

// next takes out the first that may run.
func (f *fetches) next() *fetch {
	for i, candidate := range f.waiting {
		if f.fits(candidate) {
			f.waiting = append(f.waiting[:i], f.waiting[i+1:]...)
			f.running++
			f.hosts[candidate.host]++
			return candidate
		}
	}
	return nil
}

func (f *fetches) ended(over *fetch) {
	f.running--
	if f.hosts[over.host]--; f.hosts[over.host] == 0 {
		delete(f.hosts, over.host)
	}
}

// performWeb carries out what a swarm wants of a web seed.
func (c *Client) performWeb(t *Torrent, e swarm.Effect) {
	switch e := e.(type) {
	case swarm.Fetch:
		c.queueFetch(t, e)
	case swarm.Abort:
		if f := t.fetches[e.Fetch]; f != nil {
			f.cancel()
		}
	default:
		panic("client: unknown effect of a swarm's web seed")
	}
	c.startFetches()
}

func (c *Client) queueFetch(t *Torrent, e swarm.Fetch) {
	f := &fetch{torrent: t, number: e.Fetch, request: e.Request}
	f.ctx, f.cancel = context.WithCancel(t.ctx)
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
			outcome, err := fetchRange(f.ctx, c.cfg.HTTP, f.request, func(data []byte) { c.handOver(f, data) })
			c.mail.post(func() { c.fetched(f, outcome, err) })
		}()
	}
}

// handOver gives the swarm a chunk and returns when it has it, or the fetch was
// ended; so that one fetch has one chunk in the mailbox at most.
func (c *Client) handOver(f *fetch, data []byte) {
	taken := make(chan struct{})
	c.mail.post(func() {
		if f.ctx.Err() == nil {
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
	f.cancel()
	c.fetches.ended(f)
	delete(f.torrent.fetches, f.number)
}
