package client

import (
	"context"
	"slices"

	"github.com/shoal-p2p/shoal/core/bitfield"
	"github.com/shoal-p2p/shoal/core/id"
	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/node"
	"github.com/shoal-p2p/shoal/core/swarm"
)

// plan is what a torrent starts from.
type plan struct {
	infoHash  id.ID
	name      string
	comment   string
	trackers  []string
	webSeeds  []string
	info      *metainfo.Info // nil while unknown
	store     Store          // complete and open, for a seed; otherwise nil
	openStore OpenStore
	choose    func(*metainfo.Info) []bool
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
	c.handle(node.Add{
		InfoHash: p.infoHash,
		Trackers: p.trackers,
		Info:     p.info,
		Seed:     p.store != nil && t.store == p.store,
	})
	return t, nil
}

// discard closes a store that nobody will use.
func (c *Client) discard(store Store) {
	if store != nil {
		c.stores++
		c.closeStore(store, false, nil)
	}
}

func (c *Client) newTorrent(p plan) *Torrent {
	t := &Torrent{
		client:    c,
		infoHash:  p.infoHash,
		ready:     make(chan struct{}),
		done:      make(chan struct{}),
		store:     p.store,
		openStore: p.openStore,
		choose:    p.choose,
		name:      p.name,
		trackers:  p.trackers,
		webSeeds:  p.webSeeds,
		comment:   p.comment,
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

// open answers the swarm's wish for its store. A seed has one; any other is
// opened, and checked where it may hold something, away from this goroutine.
func (c *Client) open(t *Torrent, info *metainfo.Info) {
	if t.learned(info) {
		if t.choose != nil {
			c.tell(node.Torrent{InfoHash: t.infoHash, Event: swarm.Select{Wanted: t.choose(info)}})
		}
		c.refresh(t)
		c.event(t, Ready{})
	}
	if t.store != nil {
		have := bitfield.New(info.Layout.Pieces())
		have.SetAll()
		c.mail.post(func() { c.opened(t, t.store, have, nil) })
		return
	}
	c.stores++
	if !c.enter() {
		c.stores--
		return
	}
	go func() {
		defer c.work.Done()
		store, fresh, err := t.openStore(info)
		have := bitfield.New(info.Layout.Pieces())
		if err == nil && !fresh {
			err = check(t.ctx, store, info, have)
		}
		c.mail.post(func() { c.opened(t, store, have, err) })
	}()
}

// opened gives the swarm its store, unless the torrent ended in the meantime.
func (c *Client) opened(t *Torrent, store Store, have *bitfield.Bitfield, err error) {
	if c.torrent(t.infoHash) != t {
		if store == nil {
			c.stores--
		} else if store != t.store { // that one was closed by end
			c.closeStore(store, t.forget, nil)
		}
		return
	}
	if err != nil && store != nil {
		c.closeStore(store, false, nil)
		store = nil
	} else if store == nil {
		c.stores--
	}
	t.store = store
	t.mu.Lock()
	t.pieces = have.Clone()
	t.mu.Unlock()
	c.handle(node.Torrent{InfoHash: t.infoHash, Event: swarm.Opened{Have: have, Err: err}})
	if c.refresh(t) {
		c.event(t, Progress{})
	}
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
	t.forget = data
	c.mu.Lock()
	delete(c.torrents, t.infoHash)
	c.order = slices.DeleteFunc(c.order, func(o *Torrent) bool { return o == t })
	c.mu.Unlock()
	c.handle(node.Remove{InfoHash: t.infoHash})
	if t.store != nil {
		c.closeStore(t.store, data, then)
	} else {
		then(nil)
	}
	c.event(t, Ended{why})
}

func (c *Client) closeStore(store Store, data bool, then func(error)) {
	store.Close(data, func(err error) {
		c.mail.post(func() {
			c.stores--
			if then != nil {
				then(err)
			}
		})
	})
}
