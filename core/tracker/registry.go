package tracker

import (
	"errors"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"github.com/shoal-p2p/shoal/core/id"
)

// sweepEvery is how often a Registry looks for who has gone silent.
const sweepEvery = 30 * time.Second

// RegistryConfig bounds a Registry. Zero means the usual number.
type RegistryConfig struct {
	Interval          time.Duration // between a peer's announces; 2 min
	PeerTTL           time.Duration // after which a silent peer is gone; 3 intervals
	MaxSwarms         int           // 100,000
	MaxPeers          int           // in one swarm; 10,000
	MaxTorrents       int           // of one client, while there is room; 2,000
	SureTorrents      int           // of one client, when half of MaxEntries are taken; 250
	MaxEntries        int           // peers in all swarms together; 2,500,000
	MaxNames          int           // of one client, in one swarm; 4
	MaxOffers         int           // taken of one announce; 20
	OffersPerMinute   int           // of one client in one swarm, in the long run; 30
	OfferBurst        int           // of one client in one swarm, at once; 20
	ClientsPerNetwork int           // whose quotas all clients of one address (IPv6: /64) share in a swarm; 8
	MaxOrigins        int           // pairs of such a network and a swarm that are remembered; 100,000
	MaxMessage        int           // bytes; 64 KiB
	MessagesPerSecond int           // of one client, in the long run; 20
	MessageBurst      int           // of one client, at once; 500
}

func (cfg RegistryConfig) withDefaults() RegistryConfig {
	if cfg.Interval <= 0 {
		cfg.Interval = defaultInterval
	}
	if cfg.PeerTTL <= 0 {
		cfg.PeerTTL = 3 * cfg.Interval
	}
	for _, number := range []struct {
		value *int
		usual int
	}{
		{&cfg.MaxSwarms, 100_000},
		{&cfg.MaxPeers, 10_000},
		{&cfg.MaxTorrents, 2_000},
		{&cfg.SureTorrents, 250},
		{&cfg.MaxEntries, 2_500_000},
		{&cfg.MaxNames, 4},
		{&cfg.MaxOffers, 20},
		{&cfg.OffersPerMinute, 30},
		{&cfg.OfferBurst, 20},
		{&cfg.ClientsPerNetwork, 8},
		{&cfg.MaxOrigins, 100_000},
		{&cfg.MaxMessage, 64 << 10},
		{&cfg.MessagesPerSecond, 20},
		{&cfg.MessageBurst, 500},
	} {
		if *number.value <= 0 {
			*number.value = number.usual
		}
	}
	return cfg
}

// Stats counts for a Registry: what is there, and what was done since New.
type Stats struct {
	Clients, Swarms, Peers, Seeds int    // seeds are peers too; one peer in two swarms counts twice
	Messages                      uint64 // taken from clients
	Refused                       uint64 // of these, answered with a failure
	Offers, Answers               uint64 // relayed
}

// Registry is a tracker: it knows which peers are in which swarm and relays
// offers and answers between them, as bittorrent-tracker does.
//
// A client is known from Joined to Left or Disconnect; all its peers go with it.
// A peer is in a swarm from its first announce until "stopped", until its client
// goes, or until it has been silent for PeerTTL.
//
// A peer id that another client holds in the same swarm is refused until it is
// free: were the newcomer to replace the old, whoever knows a peer's id, and all
// its neighbours do, could push it out. And a client has few names in a swarm:
// with many it would have most of the offers that others make. Where a swarm is
// full, a network that has many of its places makes room for one that has fewer.
//
// Of the offers of one client in one swarm only so many are relayed, however
// many announces they come by: each costs whoever gets it a connection, which
// stays open for as long as an honest one might take. All clients of a network
// have what eight of them could make: sockets cost nothing, addresses do.
type Registry struct {
	cfg     RegistryConfig
	rng     *rand.Rand
	clients map[Client]*client
	order   []*client // the clients again, for what must not depend on a map's order
	swarms  map[id.ID]*swarm
	sweepAt time.Time // zero while there is no client
	effects []RegistryEffect
	stats   Stats

	perSpeaker           allowance // of messages
	perClient, perOrigin allowance // of offers in one swarm
	origins              map[origin]quota
	sweptAt              time.Time // when origins were last looked through
}

// client is one socket.
type client struct {
	handle   Client
	network  netip.Prefix // zero where it is not known
	index    int          // in the registry's order
	members  []*member
	messages quota // that it may send, since it sent the last one
	quotas   map[origin]quota
}

// Why a well-formed request is refused; told to the peer as "failure reason".
var (
	errTaken       = errors.New("peer_id is in use by another connection")
	errManySwarms  = errors.New("too many torrents at this tracker")
	errManyPeers   = errors.New("too many peers in this swarm")
	errManyEntries = errors.New("too many torrents on this connection")
	errManyNames   = errors.New("too many peer ids in this swarm on this connection")
	errNotMember   = errors.New("announce before you answer")
)

// NewRegistry makes a Registry without clients. rng chooses who gets an offer.
func NewRegistry(cfg RegistryConfig, rng *rand.Rand) *Registry {
	cfg = cfg.withDefaults()
	perClient := allowance{float64(cfg.OfferBurst), float64(cfg.OffersPerMinute) / 60}
	return &Registry{
		cfg:        cfg,
		rng:        rng,
		clients:    map[Client]*client{},
		swarms:     map[id.ID]*swarm{},
		perSpeaker: allowance{float64(cfg.MessageBurst), float64(cfg.MessagesPerSecond)},
		perClient:  perClient,
		perOrigin:  perClient.times(cfg.ClientsPerNetwork),
		origins:    map[origin]quota{},
	}
}

// Handle takes an event. Those of unknown clients are ignored.
func (r *Registry) Handle(now time.Time, ev RegistryEvent) {
	switch ev := ev.(type) {
	case Joined:
		r.joined(now, ev)
	case Said:
		if c := r.clients[ev.Client]; c != nil {
			r.said(now, c, ev.Data)
		}
	case Left:
		if c := r.clients[ev.Client]; c != nil {
			r.forget(c)
		}
	case RegistryTick:
		r.tick(now)
	default:
		panic("tracker: unknown registry event")
	}
}

// Poll returns the next effect, false when there is none.
func (r *Registry) Poll() (RegistryEffect, bool) {
	if len(r.effects) == 0 {
		r.effects = nil
		return nil, false
	}
	e := r.effects[0]
	r.effects = r.effects[1:]
	return e, true
}

// Deadline says when to Handle a RegistryTick, false while nobody is there.
func (r *Registry) Deadline() (time.Time, bool) { return r.sweepAt, !r.sweepAt.IsZero() }

// Stats returns the counts of this moment.
func (r *Registry) Stats() Stats {
	s := r.stats
	s.Clients = len(r.clients)
	s.Swarms = len(r.swarms)
	return s
}

func (r *Registry) joined(now time.Time, ev Joined) {
	if r.clients[ev.Client] != nil {
		panic("tracker: a client joined twice")
	}
	c := &client{
		handle: ev.Client, network: networkOf(ev.Address), index: len(r.order),
		messages: quota{r.perSpeaker.burst, now},
		quotas:   map[origin]quota{},
	}
	r.clients[ev.Client] = c
	r.order = append(r.order, c)
	if r.sweepAt.IsZero() {
		r.sweepAt = now.Add(sweepEvery)
	}
}

// forget removes a client and its peers.
func (r *Registry) forget(c *client) {
	for len(c.members) > 0 {
		r.leave(c.members[len(c.members)-1])
	}
	delete(r.clients, c.handle)
	last := len(r.order) - 1
	r.order[c.index] = r.order[last]
	r.order[c.index].index = c.index
	r.order[last] = nil
	r.order = r.order[:last]
	if last == 0 {
		r.sweepAt = time.Time{}
	}
}

func (r *Registry) disconnect(c *client, reason string) {
	r.forget(c)
	r.effects = append(r.effects, Disconnect{Client: c.handle, Reason: reason})
}

// leave takes a member out of its swarm, and a swarm that is empty out of the
// registry.
func (r *Registry) leave(m *member) {
	m.swarm.remove(m)
	if m.swarm.len() == 0 {
		delete(r.swarms, m.swarm.infoHash)
	}
	i := slices.Index(m.client.members, m)
	m.client.members = slices.Delete(m.client.members, i, i+1)
	r.count(m, -1)
}

func (r *Registry) count(m *member, n int) {
	r.stats.Peers += n
	if m.seed {
		r.stats.Seeds += n
	}
}

// tick removes who has been silent for too long: peers, and clients without any.
func (r *Registry) tick(now time.Time) {
	if r.sweepAt.IsZero() || r.sweepAt.After(now) {
		return
	}
	r.sweepAt = now.Add(sweepEvery)
	r.forgetOrigins(now)
	limit := now.Add(-r.cfg.PeerTTL)
	for i := len(r.order) - 1; i >= 0; i-- {
		c := r.order[i]
		forgetFull(now, c.quotas, r.perClient)
		for j := len(c.members) - 1; j >= 0; j-- {
			if c.members[j].seen < limit.Unix() {
				r.leave(c.members[j])
			}
		}
		if len(c.members) == 0 && c.messages.at.Before(limit) {
			r.disconnect(c, "silent for too long")
		}
	}
}
