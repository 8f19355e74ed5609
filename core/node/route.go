package node

import (
	"time"

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
		if n.torrents[e.InfoHash] == nil || n.room() == 0 {
			return // beyond the budget an offer is not answered
		}
		n.signaling.Handle(now, signaling.Offered{
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
		n.emit(Warned{e.InfoHash, e.Tracker, e.Err})
	default:
		panic("node: unknown effect of tracker")
	}
}

func (n *Node) fromSignaling(now time.Time, e signaling.Effect) {
	switch e := e.(type) {
	case signaling.Offer:
		n.begin(e.Conn, e.Route)
		n.emit(Offer{e.Conn})
	case signaling.Accept:
		n.begin(e.Conn, e.Route)
		n.emit(Accept{e.Conn, e.SDP})
	case signaling.Apply:
		n.emit(Apply{e.Conn, e.SDP})
	case signaling.Close:
		n.close(e.Conn, e.Reason)
	case signaling.SendOffer:
		n.offerMade(now, e)
	case signaling.SendAnswer:
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
		n.tell(now, c.torrent, swarm.Connected{Peer: swarm.Peer(e.Conn)})
	default:
		panic("node: unknown effect of signaling")
	}
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
	case swarm.Open, swarm.Write, swarm.Verify, swarm.Read:
		n.emit(ToStore{t.infoHash, e})
	case swarm.Have, swarm.Done, swarm.Failed:
		n.emit(Told{t.infoHash, e})
	default:
		panic("node: unknown effect of swarm")
	}
}
