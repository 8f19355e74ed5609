package tracker

import (
	"time"

	"github.com/shoal-p2p/shoal/core/id"
)

// said takes a message of a client.
func (r *Registry) said(now time.Time, c *client, data []byte) {
	r.stats.Messages++
	if !r.maySpeak(now, c) {
		r.disconnect(c, "too many messages")
		return
	}
	if len(data) > r.cfg.MaxMessage {
		r.disconnect(c, "message too long")
		return
	}
	req, err := parseRequest(data, r.cfg.MaxOffers)
	if err == nil {
		err = r.answerRequest(now, c, req)
	}
	if err != nil {
		r.refuse(c, req, err)
	}
}

// maySpeak counts one message of a client.
func (r *Registry) maySpeak(now time.Time, c *client) bool {
	left := c.messages.now(now, r.perSpeaker) - 1
	c.messages = quota{left, now}
	return left >= 0
}

func (r *Registry) refuse(c *client, req request, err error) {
	r.stats.Refused++
	var w writer
	w.open("", '{')
	w.text("failure reason", err.Error())
	if req.Action != "" {
		w.text("action", req.Action)
	}
	if !req.InfoHash.IsZero() {
		w.text("info_hash", binary(req.InfoHash))
	}
	w.close('}')
	r.reply(c, w)
}

func (r *Registry) answerRequest(now time.Time, c *client, req request) error {
	switch {
	case req.Action == "scrape":
		r.scrape(c, req.Hashes)
		return nil
	case req.Answer != "":
		return r.relayAnswer(now, c, req)
	}
	return r.announce(now, c, req)
}

// announce notes who announces, tells the counts, and relays the offers.
func (r *Registry) announce(now time.Time, c *client, req request) error {
	if req.Event == stopped {
		return r.stop(c, req)
	}
	m, err := r.enter(now, c, req)
	if err != nil {
		return err
	}
	r.tellCounts(c, req.InfoHash, m.swarm)
	for i, other := range m.swarm.choose(r.rng, m, r.mayOffer(now, c, req.InfoHash, len(req.Offers))) {
		o := req.Offers[i]
		r.stats.Offers++
		r.relay(other, m, "offer", o.ID, o.SDP)
	}
	return nil
}

// enter returns the member that announces, which is made where it is new.
func (r *Registry) enter(now time.Time, c *client, req request) (*member, error) {
	s := r.swarms[req.InfoHash]
	seed := req.Seed || req.Event == completed
	if s != nil {
		if m := s.byPeer[req.Peer]; m != nil {
			if m.client != c {
				return nil, errTaken
			}
			m.seen = now.Unix()
			r.count(m, -1)
			s.setSeed(m, seed)
			r.count(m, +1)
			return m, nil
		}
	}
	switch {
	case len(c.members) >= r.cfg.MaxTorrents, len(c.members) >= r.cfg.SureTorrents && r.stats.Peers >= r.cfg.MaxEntries/2:
		return nil, errManyEntries
	case c.names(s) >= r.cfg.MaxNames:
		return nil, errManyNames
	case s == nil && len(r.swarms) >= r.cfg.MaxSwarms, r.stats.Peers >= r.cfg.MaxEntries:
		return nil, errManySwarms
	case s != nil && s.len() >= r.cfg.MaxPeers && !r.makeRoom(s, c):
		return nil, errManyPeers
	}
	if s == nil {
		s = newSwarm(req.InfoHash)
	}
	r.swarms[req.InfoHash] = s // also where the last in it has made room
	m := s.add(c, req.Peer, seed, now)
	c.members = append(c.members, m)
	r.count(m, +1)
	return m, nil
}

func (r *Registry) stop(c *client, req request) error {
	s := r.swarms[req.InfoHash]
	if s != nil {
		m := s.byPeer[req.Peer]
		if m != nil && m.client != c {
			return errTaken
		}
		if m != nil {
			r.leave(m)
		}
	}
	r.tellCounts(c, req.InfoHash, s)
	return nil
}

// relayAnswer carries an answer to who offered. Where that peer is gone, nobody
// is told, as in bittorrent-tracker.
func (r *Registry) relayAnswer(now time.Time, c *client, req request) error {
	s := r.swarms[req.InfoHash]
	if s == nil {
		return errNotMember
	}
	m := s.byPeer[req.Peer]
	if m == nil {
		return errNotMember
	}
	if m.client != c {
		return errTaken
	}
	m.seen = now.Unix()
	if to := s.byPeer[req.To]; to != nil && to.client != c {
		r.stats.Answers++
		r.relay(to, m, "answer", req.OfferID, req.Answer)
	}
	return nil
}

// relay carries an offer or an answer to a member.
func (r *Registry) relay(to, from *member, kind string, offerID id.ID, sdp string) {
	var w writer
	w.begin("announce", from.swarm.infoHash)
	w.text("peer_id", binary(from.peer))
	w.text("offer_id", binary(offerID))
	w.description(kind, sdp)
	w.close('}')
	r.reply(to.client, w)
}

// tellCounts answers an announce. s is nil where nobody is in the swarm.
func (r *Registry) tellCounts(c *client, infoHash id.ID, s *swarm) {
	var w writer
	w.begin("announce", infoHash)
	w.counts(s)
	w.number("interval", int64(r.cfg.Interval/time.Second))
	w.close('}')
	r.reply(c, w)
}

func (w *writer) counts(s *swarm) {
	seeds, leechers := 0, 0
	if s != nil {
		seeds, leechers = len(s.seeds), len(s.leechers)
	}
	w.number("complete", int64(seeds))
	w.number("incomplete", int64(leechers))
}

// scrape tells the counts of torrents. How often they were downloaded is not
// kept; as in bittorrent-tracker it is at least once by each seed.
func (r *Registry) scrape(c *client, hashes []id.ID) {
	var w writer
	w.open("", '{')
	w.text("action", "scrape")
	w.open("files", '{')
	for _, hash := range hashes {
		s := r.swarms[hash]
		w.open(binary(hash), '{')
		w.counts(s)
		downloaded := 0
		if s != nil {
			downloaded = len(s.seeds)
		}
		w.number("downloaded", int64(downloaded))
		w.close('}')
	}
	w.close('}')
	w.open("flags", '{')
	w.number("min_request_interval", int64(r.cfg.Interval/time.Second))
	w.close('}')
	w.close('}')
	r.reply(c, w)
}

func (r *Registry) reply(c *client, w writer) {
	r.effects = append(r.effects, Reply{Client: c.handle, Data: w.buf})
}
