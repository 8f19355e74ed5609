package client

import (
	"errors"
	"fmt"

	"github.com/shoal-p2p/shoal/core/id"
	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/node"
	"github.com/shoal-p2p/shoal/core/swarm"
	"github.com/shoal-p2p/shoal/core/tracker"
)

// perform carries out one effect of the node.
func (c *Client) perform(e node.Effect) {
	switch e := e.(type) {
	case node.Offer:
		c.dial(e.Conn, c.cfg.Dialer.Offer)
	case node.Accept:
		c.dial(e.Conn, func(events ConnEvents) Conn { return c.cfg.Dialer.Answer(e.SDP, events) })
	case node.Apply:
		if l := c.conns[e.Conn]; l != nil {
			l.conn.Apply(e.SDP)
		}
	case node.Send:
		c.send(e.Conn, e.Msg)
	case node.Close:
		c.hangUp(e.Conn)
	case node.ToTracker:
		c.performTracker(e.Effect)
	case node.ToStore:
		if t := c.torrent(e.InfoHash); t != nil {
			c.performStore(t, e.Effect)
		}
	case node.ToWeb:
		if t := c.torrent(e.InfoHash); t != nil {
			c.performWeb(t, e.Effect)
		}
	case node.Told:
		if t := c.torrent(e.InfoHash); t != nil {
			c.told(t, e.Effect)
		}
	case node.Met:
		c.peerEvent(e.InfoHash, e.Peer, false)
	case node.Left:
		c.peerEvent(e.InfoHash, e.Peer, true)
	case node.Warned:
		c.warned(e)
	default:
		panic("client: unknown effect of node")
	}
}

func (c *Client) performTracker(e tracker.Effect) {
	switch e := e.(type) {
	case tracker.Open:
		c.openSocket(e.Tracker)
	case tracker.Send:
		if s := c.sockets[e.Tracker]; s != nil {
			s.Send(e.Data)
		}
	case tracker.Close:
		c.closeSocket(e.Tracker)
	default:
		panic("client: unknown effect of tracker")
	}
}

func (c *Client) closeSocket(url string) {
	if s := c.sockets[url]; s != nil {
		s.Close()
	}
}

func (c *Client) openSocket(url string) {
	post := func(ev tracker.Event) { c.tell(node.Socket{Event: ev}) }
	in := &intake{max: maxSocketUnread}
	c.sockets[url] = c.cfg.Sockets.Open(url, SocketEvents{
		Opened: func() { post(tracker.Opened{Tracker: url}) },
		Message: func(data []byte) {
			in.post(c.mail, len(data), func() {
				c.handle(node.Socket{Event: tracker.Message{Tracker: url, Data: data}})
			}, func() { c.closeSocket(url) }) // it is opened again after a while
		},
		Closed: func(err error) {
			c.mail.post(func() {
				delete(c.sockets, url)
				c.handle(node.Socket{Event: tracker.Closed{Tracker: url, Err: err}})
			})
		},
	})
}

func (c *Client) performStore(t *Torrent, e swarm.Effect) {
	// The answer may come when another torrent has the info hash.
	post := func(ev swarm.Event) {
		c.mail.post(func() {
			if c.torrent(t.infoHash) == t {
				c.handle(node.Torrent{InfoHash: t.infoHash, Event: ev})
			}
		})
	}
	switch e := e.(type) {
	case swarm.Open:
		c.open(t, e.Info)
	case swarm.Write:
		t.store.Write(e.Block, e.Data, func(err error) { post(swarm.Wrote{Block: e.Block, Err: err}) })
	case swarm.Verify:
		t.store.Verify(e.Piece, func(digest metainfo.Digest, err error) {
			post(swarm.Verified{Piece: e.Piece.Index, Digest: digest, Err: err})
		})
	case swarm.Read:
		t.store.Read(e.Piece, func(data []byte, err error) {
			post(swarm.ReadDone{Piece: e.Piece.Index, Data: data, Err: err})
		})
	default:
		panic("client: unknown effect of a swarm's store")
	}
}

func (c *Client) told(t *Torrent, e swarm.Effect) {
	switch e := e.(type) {
	case swarm.Have:
		if first := t.have(e.Piece); first && c.refresh(t) {
			c.event(t, Progress{})
		}
	case swarm.Done:
		c.refresh(t)
		t.finish()
		c.event(t, Done{})
	case swarm.Failed:
		err := &Error{storeCode(e.Err), e.Err}
		switch {
		case err.Code == CodeQuota:
			c.refresh(t)
			s := t.Stats()
			err.Err = fmt.Errorf("%d bytes are not stored yet: %w", s.Total-s.Done, e.Err)
		case err.Code == CodeStore && (errors.Is(e.Err, metainfo.ErrInvalid) || errors.Is(e.Err, metainfo.ErrUnsupportedVersion)):
			err.Code = CodeInvalidTorrent
		}
		t.fail(err)
		c.refresh(t)
		c.event(t, Failed{err})
	case swarm.Banned:
		c.event(t, Warning{&Error{CodePeerBanned, fmt.Errorf("the peer %s was banned: %s", e.Who.Peer, e.Reason)}})
	case swarm.WebSeedFailed:
		c.event(t, Warning{&Error{CodeWebSeed, fmt.Errorf("the web seed %s: %w", e.URL, e.Err)}})
	default:
		panic("client: unknown effect of a swarm")
	}
}

func (c *Client) warned(e node.Warned) {
	t := c.torrent(e.InfoHash)
	switch {
	case t == nil:
	case e.Tracker == "":
		c.event(t, Warning{&Error{CodeNoPeers, e.Err}})
	default:
		c.event(t, Warning{&Error{CodeTracker, fmt.Errorf("the tracker %s %w", e.Tracker, e.Err)}})
	}
}

func (c *Client) peerEvent(infoHash, peer id.ID, gone bool) {
	t := c.torrent(infoHash)
	if t == nil {
		return
	}
	info := PeerInfo{ID: peer, Client: clientName(peer)}
	c.refresh(t)
	c.event(t, PeerEvent{info, gone})
}

func (c *Client) event(t *Torrent, ev Event) {
	if c.cfg.OnEvent != nil {
		c.cfg.OnEvent(t, ev)
	}
}

// torrent finds a torrent that has not ended.
func (c *Client) torrent(infoHash id.ID) *Torrent {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.torrents[infoHash]
}
