package client

import (
	"github.com/shoal-p2p/shoal/core/bitfield"
	"github.com/shoal-p2p/shoal/core/id"
	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/node"
	"github.com/shoal-p2p/shoal/core/swarm"
)

// open answers the swarm's wish for its store. A seed has one; any other is
// opened, and checked where it may hold something, away from this goroutine.
func (c *Client) open(t *Torrent, info *metainfo.Info) {
	if t.learned(info) {
		if t.choose != nil {
			priority := t.choose(info)
			t.chose(priority)
			c.tell(node.Torrent{InfoHash: t.infoHash, Event: swarm.Select{Priority: priority}})
		}
		c.keepSoon(t, true)
		c.refresh(t)
		c.event(t, Ready{})
	}
	if t.store != nil {
		have := bitfield.New(info.Layout.Pieces())
		have.SetAll()
		c.mail.post(func() { c.opened(t, t.store, have, nil, nil) })
		return
	}
	if c.leaving[t.infoHash] > 0 { // what an earlier torrent of that hash kept
		c.waiting[t.infoHash] = append(c.waiting[t.infoHash], func() { c.openStore(t, info) })
		return
	}
	c.openStore(t, info)
}

func (c *Client) openStore(t *Torrent, info *metainfo.Info) {
	if c.torrent(t.infoHash) != t || !c.enter() {
		return
	}
	c.stores++
	t.opening = true
	go func() {
		defer c.work.Done()
		store, fresh, err := t.openPort(info)
		have := bitfield.New(info.Layout.Pieces())
		var doubted *bitfield.Bitfield
		if err == nil && !fresh {
			have, doubted, err = t.stock(store, info)
		}
		c.mail.post(func() { c.opened(t, store, have, doubted, err) })
	}()
}

// opened gives the swarm its store, unless the torrent ended in the meantime.
func (c *Client) opened(t *Torrent, store Store, have, doubted *bitfield.Bitfield, err error) {
	opening := t.opening
	t.opening = false
	if c.torrent(t.infoHash) != t {
		if opening { // a seed's store was closed by end
			c.parted(t, store)
		}
		return
	}
	if err != nil && store != nil {
		c.closeStore(store, false, func(error) {})
		store = nil
	} else if store == nil {
		c.stores--
	}
	t.store = store
	t.mu.Lock()
	t.pieces = have.Clone()
	t.mu.Unlock()
	if doubted != nil {
		c.handle(node.Torrent{InfoHash: t.infoHash, Event: swarm.Recalled{Pieces: doubted}})
	}
	c.handle(node.Torrent{InfoHash: t.infoHash, Event: swarm.Opened{Have: have, Err: err}})
	c.keepSoon(t, false)
	if c.refresh(t) {
		c.event(t, Progress{})
	}
}

// depart closes the store of a torrent that has ended; the next torrent of the
// same info hash opens its own when that is done, as both may lie in one place.
func (c *Client) depart(t *Torrent, store Store, then func(error)) {
	t.parting = then
	c.leaving[t.infoHash]++
	c.parted(t, store)
}

func (c *Client) parted(t *Torrent, store Store) {
	done := func(err error) {
		t.parting(err)
		c.arrive(t.infoHash)
	}
	if store == nil {
		c.stores--
		done(nil)
		return
	}
	c.closeStore(store, t.forget, done)
}

// arrive lets those open their stores that have waited for the last departure.
func (c *Client) arrive(infoHash id.ID) {
	if c.leaving[infoHash]--; c.leaving[infoHash] > 0 {
		return
	}
	delete(c.leaving, infoHash)
	waiting := c.waiting[infoHash]
	delete(c.waiting, infoHash)
	for _, open := range waiting {
		open()
	}
}

func (c *Client) closeStore(store Store, data bool, then func(error)) {
	store.Close(data, func(err error) {
		c.mail.post(func() {
			c.stores--
			then(err)
		})
	})
}
