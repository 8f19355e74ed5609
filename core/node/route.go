package node

import (
	"errors"
	"time"

	"github.com/shoal-p2p/shoal/core/blame"
	"github.com/shoal-p2p/shoal/core/exchange"
	"github.com/shoal-p2p/shoal/core/signaling"
	"github.com/shoal-p2p/shoal/core/swarm"
	"github.com/shoal-p2p/shoal/core/tracker"
)

func (n *Node) fromTracker(now time.Time, e tracker.Effect) {
	switch e := e.(type) {
	case tracker.Open, tracker.Send, tracker.Close:
		n.emit(ToTracker{e})
	case tracker.MakeOffers:
		n.makeOffers(now, signaling.Route{InfoHash: e.InfoHash, Relay: e.Tracker}, e.Count)
	case tracker.Offered:
		n.offered(now, signaling.Offered{
			Route:   signaling.Route{InfoHash: e.InfoHash, Relay: e.Tracker},
			From:    e.From,
			OfferID: e.Offer.ID,
			SDP:     e.Offer.SDP,
		})
	case tracker.Answered:
		n.signaling.Handle(now, signaling.Answered{
			Route:   signaling.Route{InfoHash: e.InfoHash, Relay: e.Tracker},
			From:    e.From,
			OfferID: e.OfferID,
			SDP:     e.SDP,
		})
	case tracker.Announced:
		// The announcer uses the counts itself; they are nobody else's business.
	case tracker.Warned:
		n.warn(now, e)
	default:
		panic("node: unknown effect of tracker")
	}
}

func (n *Node) fromSignaling(now time.Time, e signaling.Effect) {
	switch e := e.(type) {
	case signaling.Offer:
		n.begin(now, e.Conn, e.Route)
		n.emit(Offer{e.Conn})
	case signaling.Accept:
		n.begin(now, e.Conn, e.Route)
		n.emit(Accept{e.Conn, e.SDP})
	case signaling.Apply:
		n.emit(Apply{e.Conn, e.SDP})
	case signaling.Close:
		n.close(e.Conn, e.Reason)
	case signaling.SendOffer:
		if relay, is := exchange.Relay(e.Route.Relay); is {
			n.exchange.Handle(now, exchange.OfferMade{
				InfoHash: e.Route.InfoHash,
				Relay:    relay,
				To:       e.Route.To,
				OfferID:  e.OfferID,
				SDP:      e.SDP,
				Err:      e.Err,
				Known:    errors.Is(e.Err, signaling.ErrKnown),
			})
			return
		}
		n.collected(now, e)
	case signaling.SendAnswer:
		if relay, is := exchange.Relay(e.Route.Relay); is {
			n.exchange.Handle(now, exchange.Answer{
				InfoHash: e.Route.InfoHash,
				Relay:    relay,
				To:       e.To,
				OfferID:  e.OfferID,
				SDP:      e.SDP,
			})
			return
		}
		n.announcer.Handle(now, tracker.Answer{
			InfoHash: e.Route.InfoHash,
			Tracker:  e.Route.Relay,
			To:       e.To,
			OfferID:  e.OfferID,
			SDP:      e.SDP,
		})
	case signaling.Ready:
		c := n.conns[e.Conn]
		if c == nil || c.torrent == nil || c.closing {
			return
		}
		c.ready = true
		n.tell(now, c.torrent, swarm.Connected{Peer: swarm.Peer(e.Conn), Link: c.link, Claimed: e.Claimed})
	default:
		panic("node: unknown effect of signaling")
	}
}

func (n *Node) fromExchange(now time.Time, e exchange.Effect) {
	switch e := e.(type) {
	case exchange.Tell:
		if c := n.usable(Conn(e.Conn)); c != nil {
			n.tell(now, c.torrent, swarm.Extend{Peer: swarm.Peer(e.Conn), Payload: e.Payload})
		}
	case exchange.MakeOffer:
		route := signaling.Route{InfoHash: e.InfoHash, Relay: exchange.Name(e.Relay), To: e.To}
		t := n.torrents[e.InfoHash]
		if t == nil || !t.mayMeet(route.Relay) || n.offersLeft() == 0 || n.roomFor(now, t) == 0 {
			n.exchange.Handle(now, exchange.OfferMade{InfoHash: e.InfoHash, Relay: e.Relay, To: e.To, Err: signaling.ErrFull})
			return
		}
		n.signaling.Handle(now, signaling.MakeOffer{Route: route})
	case exchange.Offered:
		taken := n.offered(now, signaling.Offered{
			Route:    signaling.Route{InfoHash: e.InfoHash, Relay: exchange.Name(e.Relay)},
			From:     e.From,
			Identity: e.Identity,
			OfferID:  e.OfferID,
			SDP:      e.SDP,
		})
		if !taken { // an answer without a description declines
			n.exchange.Handle(now, exchange.Answer{InfoHash: e.InfoHash, Relay: e.Relay, To: e.From, OfferID: e.OfferID})
		}
	case exchange.Answered:
		n.signaling.Handle(now, signaling.Answered{
			Route:    signaling.Route{InfoHash: e.InfoHash, Relay: exchange.Name(e.Relay), To: e.From},
			From:     e.From,
			Identity: e.Identity,
			OfferID:  e.OfferID,
			SDP:      e.SDP,
		})
	case exchange.Fault:
		n.close(Conn(e.Conn), e.Reason)
	default:
		panic("node: unknown effect of exchange")
	}
}

// offered takes a peer's offer, by whatever way, and reports whether it did.
// Beyond the budget none is taken, nor are those of peers that have lied, nor
// those that come to a private torrent by other ways than its own.
func (n *Node) offered(now time.Time, ev signaling.Offered) bool {
	t := n.torrents[ev.Route.InfoHash]
	if t == nil || !t.mayMeet(ev.Route.Relay) || n.isBanned(now, ev) || n.roomFor(now, t) == 0 {
		return false
	}
	n.signaling.Handle(now, ev)
	return true
}

// isBanned reports whether who offers has lied before. A peer id that is ours by
// its form is let in, if nobody has signed the offer: a liar may have taken it,
// and who it belongs to can prove its identity to the swarm.
func (n *Node) isBanned(now time.Time, ev signaling.Offered) bool {
	who := blame.Who{Peer: ev.From, Identity: ev.Identity}
	return n.book.Banned(now, who) && !(ev.Identity.IsZero() && ev.From.IsShoal())
}

// speaks lets a neighbour take part in the exchange, if it is who has signed its
// offer or answer.
func (n *Node) speaks(now time.Time, t *torrent, e swarm.Speaks) {
	c := n.usable(Conn(e.Peer))
	if c == nil || t.private || c.speaks {
		return
	}
	if signed := n.signaling.Identity(Conn(e.Peer)); !signed.IsZero() && signed != e.Identity {
		n.close(Conn(e.Peer), "is not who signed its description")
		return
	}
	c.speaks = true
	n.exchange.Handle(now, exchange.Joined{
		Conn:     exchange.Conn(e.Peer),
		InfoHash: t.infoHash,
		Peer:     e.ID,
		Identity: e.Identity,
	})
}

func (n *Node) fromSwarm(now time.Time, t *torrent, e swarm.Effect) {
	switch e := e.(type) {
	case swarm.Send:
		n.emit(Send{Conn(e.Peer), e.Msg})
	case swarm.Drop:
		n.close(Conn(e.Peer), e.Reason)
	case swarm.Met:
		c := n.conns[Conn(e.Peer)]
		if c == nil || c.closing {
			return
		}
		c.met, c.peer = true, e.ID
		t.peers++
		n.emit(Met{t.infoHash, e.ID})
		n.signaling.Handle(now, signaling.Met{Conn: Conn(e.Peer), Peer: e.ID})
	case swarm.Open:
		if e.Info.Private {
			n.keepPrivate(now, t)
		}
		n.emit(ToStore{t.infoHash, e})
	case swarm.Write, swarm.Verify, swarm.Read:
		n.emit(ToStore{t.infoHash, e})
	case swarm.Fetch, swarm.Abort:
		n.emit(ToWeb{t.infoHash, e})
	case swarm.LaneEffect:
		n.fromLane(now, t, e)
	case swarm.Speaks:
		n.speaks(now, t, e)
	case swarm.Extension:
		n.exchange.Handle(now, exchange.Said{Conn: exchange.Conn(e.Peer), Payload: e.Payload})
	case swarm.Have, swarm.Done, swarm.Failed, swarm.Banned, swarm.WebSeedFailed:
		n.emit(Told{t.infoHash, e})
	default:
		panic("node: unknown effect of swarm")
	}
}
