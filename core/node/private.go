package node

import (
	"slices"
	"strings"
	"time"

	"github.com/shoal-p2p/shoal/core/exchange"
	"github.com/shoal-p2p/shoal/core/tracker"
)

// keepPrivate restricts a torrent that has turned out to be private to the
// trackers that came with it, and to peers that were met there (BEP 27).
func (n *Node) keepPrivate(now time.Time, t *torrent) {
	t.private = true
	foreign := slices.DeleteFunc(t.defaults, func(url string) bool {
		return slices.Contains(t.own, strings.TrimSuffix(url, "/"))
	})
	t.defaults = nil
	n.announcer.Handle(now, tracker.Leave{InfoHash: t.infoHash, Trackers: foreign})
	n.exchange.Handle(now, exchange.Forget{InfoHash: t.infoHash})
	for _, handle := range n.connsOf(t) {
		if !t.mayMeet(n.conns[handle].relay) {
			n.close(handle, "the torrent is private, and this peer is not of its trackers")
		}
	}
}

// mayMeet reports whether peers may be met by a relay: of a private torrent by
// the trackers that came with it alone. A tracker may call itself whatever it
// likes, but not be taken for a neighbour.
func (t *torrent) mayMeet(relay string) bool {
	_, isNeighbour := exchange.Relay(relay)
	return !t.private || !isNeighbour && slices.Contains(t.own, relay)
}
