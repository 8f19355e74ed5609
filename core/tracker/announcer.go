// Package tracker is the WebTorrent tracker protocol, both ends of it: the
// Announcer of a peer, which tells trackers about torrents and carries offers
// and answers to and from them, and the Registry of a server, which introduces
// peers to each other. In come torrents, text messages and ticks; out come text
// messages, sockets to open, and what was learned. It makes no connection, opens
// no socket, and knows of a session description only how long it is.
package tracker

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/shoal-p2p/shoal/core/alarm"
	"github.com/shoal-p2p/shoal/core/id"
)

// Config says who announces.
type Config struct {
	// PeerID is under which we are known; it should be fresh for each session,
	// as trackers refuse an id that another socket holds.
	PeerID id.ID
}

// Announcer keeps torrents announced at their trackers.
//
// For each tracker URL there is one session: a socket, shared by the torrents
// that name the tracker, opened again after a jittered back-off as long as one
// of them is left.
//
//	waiting --retry--> opening --Opened--> open --Closed--> waiting
//
// and closing, from opening or open, when no torrent is left or the tracker is
// at fault, until Closed.
//
// All that is said on a socket is paced (pace.go): what there is no time for waits,
// but for answers. For each torrent at each of its trackers there is one listing. When the socket
// opens it announces "started" at once, with offers if they are ready and
// without if not, so that the peer is known from the first moment; offers that
// are made later follow in an announce of their own. From then on there are
// rounds, at the tracker's interval, or sooner while the torrent wants peers and
// has none. In one round a listing asks for min(5, wanted, others) offers. A
// torrent that has all its bytes offers to leechers only.
type Announcer struct {
	cfg      Config
	rng      *rand.Rand
	torrents map[id.ID]*torrent
	sessions map[string]*session // by URL
	rounds   alarm.Alarms[*listing]
	waits    alarm.Alarms[*session]
	effects  []Effect
}

// New makes an Announcer without torrents. rng spreads what many peers would
// otherwise do at the same moment.
func New(cfg Config, rng *rand.Rand) *Announcer {
	return &Announcer{
		cfg:      cfg,
		rng:      rng,
		torrents: make(map[id.ID]*torrent),
		sessions: make(map[string]*session),
	}
}

// Handle takes an event. Events about torrents or trackers that are gone are
// ignored, as is whatever a tracker says that concerns nobody here.
func (a *Announcer) Handle(now time.Time, ev Event) {
	switch ev := ev.(type) {
	case Add:
		a.add(now, ev)
	case Remove:
		a.remove(now, ev.InfoHash)
	case Leave:
		a.leaveTrackers(now, ev)
	case Progress:
		a.progress(now, ev)
	case OffersMade:
		a.offersMade(now, ev)
	case Answer:
		a.answer(now, ev)
	case Opened:
		a.opened(now, ev.Tracker)
	case Message:
		a.message(now, ev)
	case Closed:
		a.closed(now, ev)
	case Tick:
		a.tick(now)
	default:
		panic("tracker: unknown event")
	}
}

// Poll returns the next effect, false when there is none.
func (a *Announcer) Poll() (Effect, bool) {
	if len(a.effects) == 0 {
		a.effects = nil
		return nil, false
	}
	e := a.effects[0]
	a.effects = a.effects[1:]
	return e, true
}

// Deadline says when to Handle a Tick, false while nothing waits. It costs the
// same for one torrent and for a thousand.
func (a *Announcer) Deadline() (time.Time, bool) {
	round, some := a.rounds.Next()
	wait, any := a.waits.Next()
	if !some || any && wait.Before(round) {
		return wait, any
	}
	return round, some
}

func (a *Announcer) tick(now time.Time) {
	for s, ok := a.waits.Due(now); ok; s, ok = a.waits.Due(now) {
		a.tickSession(now, s)
	}
	for l, ok := a.rounds.Due(now); ok; l, ok = a.rounds.Due(now) {
		a.tickListing(now, l)
	}
}

// arm and armSession keep the alarms in step with what they are for.
func (a *Announcer) arm(l *listing)        { a.rounds.Set(l, l.deadline()) }
func (a *Announcer) armSession(s *session) { a.waits.Set(s, s.deadline()) }

// message takes what a tracker sent.
func (a *Announcer) message(now time.Time, ev Message) {
	s := a.sessions[ev.Tracker]
	if s == nil || s.state != open {
		return
	}
	r, ok, err := parseResponse(ev.Data)
	if err != nil {
		a.nonsense(s, err, len(ev.Data) > maxResponse)
		return
	}
	a.heard(s)
	if !ok || r.Peer == a.cfg.PeerID {
		return
	}
	l := s.listing(r.InfoHash)
	switch {
	case r.Failure != "" && l != nil:
		a.refused(l, r.Failure)
	case r.Failure != "" && r.InfoHash.IsZero(): // it concerns all
		for _, l := range s.listings {
			a.refused(l, r.Failure)
		}
	case l == nil || r.Failure != "":
	case r.Offer != "":
		a.emit(Offered{InfoHash: r.InfoHash, Tracker: s.url, From: r.Peer, Offer: Offer{ID: r.OfferID, SDP: r.Offer}})
	case r.Answer != "":
		a.emit(Answered{InfoHash: r.InfoHash, Tracker: s.url, From: r.Peer, OfferID: r.OfferID, SDP: r.Answer})
	case r.Peer.IsZero():
		a.announced(now, l, r)
	}
}

// refused warns of a refusal; of the same one only once.
func (a *Announcer) refused(l *listing, reason string) {
	if l.refused != reason {
		l.refused = reason
		a.emit(Warned{InfoHash: l.torrent.infoHash, Tracker: l.session.url, Err: fmt.Errorf("%w: %s", ErrRefused, reason)})
	}
}

// answer sends our answer to a peer's offer; where the tracker is gone by now,
// the peer will not hear it.
func (a *Announcer) answer(now time.Time, ev Answer) {
	s := a.sessions[ev.Tracker]
	if s == nil || s.state != open || len(ev.SDP) > maxSDP {
		return
	}
	l := s.listing(ev.InfoHash)
	if l == nil {
		return
	}
	a.emit(Send{Tracker: s.url, Data: encodeAnswer(a.cfg.PeerID, ev, l.trackerID)})
}

func (a *Announcer) emit(e Effect) { a.effects = append(a.effects, e) }
