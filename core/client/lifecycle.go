package client

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/shoal-p2p/shoal/core/id"
	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/node"
	"github.com/shoal-p2p/shoal/core/session"
)

// plan is what a torrent starts from.
type plan struct {
	infoHash  id.ID
	name      string
	comment   string
	trackers  []string // the torrent's own
	defaults  []string // the client's
	webSeeds  []string
	named     []string       // of these, what our caller has named
	info      *metainfo.Info // nil while unknown
	sources   []string       // of the metadata
	store     Store          // complete and open, for a seed; otherwise nil
	openStore OpenStore
	choose    func(*metainfo.Info) []Priority
	past      *session.Pieces // what an earlier session says of its store
	apart     bool            // no session could find its bytes again
	added     int64           // milliseconds since 1970; 0 for now
}

// start begins a torrent, or returns the one that is there. It runs on the
// client's goroutine.
func (c *Client) start(p plan) (*Torrent, *Error) {
	if c.closing {
		c.discard(p.store)
		return nil, errClosed
	}
	t := c.torrent(p.infoHash)
	if t != nil {
		c.discard(p.store)
	} else {
		t = c.newTorrent(p)
	}
	t.named = unite(t.named, p.named)
	c.keepSoon(t, true)
	c.handle(node.Add{
		InfoHash: p.infoHash,
		Trackers: p.trackers,
		Defaults: p.defaults,
		WebSeeds: p.webSeeds,
		Info:     p.info,
		Seed:     p.store != nil && t.store == p.store || p.past != nil && p.past.Have.All(),
	})
	return t, nil
}

// discard closes a store that nobody will use.
func (c *Client) discard(store Store) {
	if store != nil {
		c.stores++
		c.closeStore(store, false, func(error) {})
	}
}

func (c *Client) newTorrent(p plan) *Torrent {
	t := &Torrent{
		client:   c,
		infoHash: p.infoHash,
		ready:    make(chan struct{}),
		done:     make(chan struct{}),
		store:    p.store,
		openPort: p.openStore,
		choose:   p.choose,
		name:     p.name,
		trackers: p.trackers,
		defaults: p.defaults,
		webSeeds: p.webSeeds,
		fetches:  make(map[uint64]*fetch),
		comment:  p.comment,
		sources:  p.sources,
		past:     p.past,
		apart:    p.apart || p.store != nil,
		added:    cmp.Or(p.added, time.Now().UnixMilli()),
	}
	t.ctx, t.cancel = context.WithCancel(c.ctx)
	if p.store != nil {
		c.stores++
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.torrents[t.infoHash] = t
	c.order = append(c.order, t)
	return t
}

// end takes a torrent out; then is called when its store is closed. A torrent
// that has ended already is left alone.
func (c *Client) end(t *Torrent, why *Error, data bool, then func(error)) {
	if then == nil {
		then = func(error) {}
	}
	if !t.ends(why) {
		then(nil)
		return
	}
	t.cancel()
	if why == errRemoved {
		c.unkeep(t)
	} else {
		c.keep(t)
	}
	t.forget = data
	c.mu.Lock()
	delete(c.torrents, t.infoHash)
	c.order = slices.DeleteFunc(c.order, func(o *Torrent) bool { return o == t })
	c.mu.Unlock()
	c.handle(node.Remove{InfoHash: t.infoHash})
	switch {
	case t.store != nil:
		c.depart(t, t.store, then)
	case t.opening:
		t.parting = then // opened will close it
		c.leaving[t.infoHash]++
	default:
		then(nil)
	}
	c.event(t, Ended{why})
}
