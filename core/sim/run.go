package sim

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/shoal-p2p/shoal/core/bitfield"
	"github.com/shoal-p2p/shoal/core/swarm"
	"github.com/shoal-p2p/shoal/core/tracker"
)

const (
	// gather is how long a description takes.
	gather = 20 * time.Millisecond
	// unnoticed is how long a peer that vanishes is still taken to be there.
	unnoticed = 5 * time.Second
	// lookEvery is how often conditions are looked at.
	lookEvery = 50 * time.Millisecond
	// watchEvery is how often a Watch is called.
	watchEvery = time.Second
	// aftermath is how long a world goes on when everybody is done, for what is
	// still on its way.
	aftermath = 2 * time.Second
	// idleLength is the size of the torrents that nobody else has, in bytes.
	idleLength = 16 << 10
)

// Running is a scenario while it is carried out.
type Running struct {
	World    *World
	scenario *Scenario
	content  *Content
	idle     []*Content
	rng      *rand.Rand
	groups   []crowd
	places   map[*Peer]place
	waiting  int // peers that are waited for and not done
	absent   int // peers that are still to join
	held     *bitfield.Bitfield
	copiedAt time.Duration
	doneAt   time.Duration // when the last one was done
	pending  []Happening
	last     []sample
}

// crowd is a group with its peers, in the order in which they joined.
type crowd struct {
	*Group
	peers    []*member
	awaited  bool
	finishes []time.Duration // from joining, as they came
}

// place is where a peer belongs.
type place struct {
	crowd  *crowd
	member *member
}

// member is a peer of a group.
type member struct {
	*Peer
	joined time.Duration
	sentAt int64 // bytes sent when the last awaited peer was done
}

// Watch is called as a run begins and then every simulated second.
type Watch func(r *Running)

// Run carries the scenario out with this seed.
func (s *Scenario) Run(seed uint64, watch Watch) (*Result, error) {
	r, err := s.begin(seed)
	if err != nil {
		return nil, err
	}
	r.watch(watch)
	for i := range r.groups {
		r.join(&r.groups[i])
	}
	for _, h := range s.Happenings {
		r.plan(h)
	}
	r.look()
	if r.awaitsAnyone() {
		r.World.Run(s.Until, func() bool { return r.waiting == 0 && r.absent == 0 })
		r.doneAt = r.World.Elapsed()
		r.freeze()
		r.World.Run(aftermath, never)
	} else {
		r.World.Run(s.Until, never)
		r.doneAt = r.World.Elapsed()
		r.freeze()
	}
	return r.result(seed), nil
}

func never() bool { return false }

func (s *Scenario) begin(seed uint64) (*Running, error) {
	registry := tracker.RegistryConfig{Interval: s.Tracker.Interval, MaxOffers: s.Tracker.Offers}
	if s.Torrents > 0 {
		registry.MaxTorrents, registry.MessageBurst = 2*s.Torrents, 4*s.Torrents
	}
	w := New(Config{
		Seed:           seed,
		LatencyMin:     s.Latency[0],
		LatencyMax:     s.Latency[1],
		Gather:         gather,
		TrackerLatency: s.Tracker.Latency,
		Registry:       registry,
	})
	rng := rand.New(rand.NewPCG(seed, 0x5ce))
	content, err := NewContent(rng, "file", s.Length, s.PieceLength)
	if err != nil {
		return nil, err
	}
	r := &Running{
		World:    w,
		scenario: s,
		content:  content,
		rng:      rng,
		places:   make(map[*Peer]place),
		held:     bitfield.New(content.Info.Layout.Pieces()),
	}
	for i := range s.Torrents {
		idle, err := NewContent(rng, fmt.Sprintf("idle %d", i), idleLength, idleLength)
		if err != nil {
			return nil, err
		}
		r.idle = append(r.idle, idle)
	}
	if s.Web != nil {
		w.OpenWeb(s.Web.Up, s.Web.Fault)
	}
	for i := range s.Groups {
		g := &s.Groups[i]
		r.groups = append(r.groups, crowd{Group: g, awaited: s.awaits(g)})
	}
	w.told = r.told
	return r, nil
}

// awaits reports whether a run goes on until a group is done: of the honest
// each, of the others those whose end somebody wants to know.
func (s *Scenario) awaits(g *Group) bool {
	if g.Seeds || s.goes(g) {
		return false
	}
	if g.Behaviour == "" {
		return true
	}
	for _, e := range s.Expect {
		for _, f := range []*FigureName{&e.Figure, e.Of} {
			if f != nil && f.In == "" && f.Group == g.Name && timed[f.Name] {
				return true
			}
		}
	}
	return false
}

// goes reports whether a group is not there to the end.
func (s *Scenario) goes(g *Group) bool {
	for _, h := range s.Happenings {
		if h.Who == g.Name {
			return true
		}
	}
	return false
}

func (r *Running) awaitsAnyone() bool {
	for _, c := range r.groups {
		if c.awaited && c.Count > 0 {
			return true
		}
	}
	return false
}

func (r *Running) watch(watch Watch) {
	if watch == nil {
		return
	}
	watch(r)
	var again func()
	again = func() {
		watch(r)
		r.World.after(watchEvery, again)
	}
	r.World.after(watchEvery, again)
}

// join lets the peers of a group come.
func (r *Running) join(c *crowd) {
	for i := range c.Count {
		at := c.Joins + time.Duration(float64(c.Over)*float64(i)/float64(c.Count))
		if c.Away > 0 && i%2 == 1 {
			at += r.lasts(c.Away) // half of them are away as it begins
		}
		r.absent++
		r.World.at(at, func() { r.enter(c, i) })
	}
}

func (r *Running) enter(c *crowd, i int) {
	r.absent--
	cfg := PeerConfig{Link: c.Link, MaxConnections: c.Connections}
	if c.Mixed {
		cfg.Link = drawLink(r.rng)
	}
	if c.NAT > 0 {
		cfg.Addr = netip.AddrFrom4([4]byte{11, 0, byte(i / c.NAT >> 8), byte(i / c.NAT)})
	}
	if c.Behaviour != "" {
		cfg.Behaviour, _ = newBehaviour(c.Behaviour, c.Strength) // checked when it was parsed
	}
	m := &member{Peer: r.World.Join(cfg), joined: r.World.Elapsed()}
	c.peers = append(c.peers, m)
	r.places[m.Peer] = place{c, m}
	if c.awaited {
		r.waiting++
	}
	r.begun(c, m)
	if c.Stay > 0 {
		r.churn(c, m)
	}
}

// begun gives a new peer its torrents.
func (r *Running) begun(c *crowd, m *member) {
	switch {
	case c.Seeds:
		m.Seed(r.content)
	case c.Web:
		m.FetchFrom(r.content, WebURL)
	default:
		m.Fetch(r.content)
	}
	for _, idle := range r.idle {
		m.Seed(idle)
	}
}

// churn lets a peer go and come back, again and again.
func (r *Running) churn(c *crowd, m *member) {
	r.World.after(r.lasts(c.Stay), func() {
		m.Vanish(unnoticed)
		r.World.after(r.lasts(c.Away), func() {
			m.Return()
			r.churn(c, m)
		})
	})
}

// lasts draws from an exponential distribution with this median.
func (r *Running) lasts(median time.Duration) time.Duration {
	return time.Duration(r.rng.ExpFloat64() / math.Ln2 * float64(median))
}

// told follows who has what.
func (r *Running) told(p *Peer, t Told) {
	if t.InfoHash != r.content.Info.Hash {
		return
	}
	c := r.places[p].crowd
	switch what := t.What.(type) {
	case swarm.Have:
		if !c.Seeds && p.honest() {
			r.held.Set(int(what.Piece))
		}
		if r.copiedAt == 0 && r.held.All() {
			r.copiedAt = r.World.Elapsed()
		}
	case swarm.Done:
		h := p.holding(t.InfoHash)
		if !c.awaited || h.doneAt != r.World.Elapsed() {
			return
		}
		r.waiting--
		c.finishes = append(c.finishes, h.doneAt-r.places[p].member.joined)
		if c.Goes > 0 {
			r.World.after(c.Goes, p.Leave)
		}
	}
}

// plan sees to it that something happens.
func (r *Running) plan(h Happening) {
	if h.When == AtTime {
		r.World.at(h.At, func() { r.do(h) })
		return
	}
	r.pending = append(r.pending, h)
}

// look does what waits for a condition that holds now.
func (r *Running) look() {
	if len(r.pending) == 0 {
		return
	}
	kept := r.pending[:0]
	for _, h := range r.pending {
		if r.holds(h) {
			r.do(h)
		} else {
			kept = append(kept, h)
		}
	}
	r.pending = kept
	r.World.after(lookEvery, r.look)
}

func (r *Running) holds(h Happening) bool {
	if h.When == WhenCopied {
		return r.copiedAt != 0
	}
	for _, c := range r.groups {
		for _, m := range c.peers {
			if m.honest() && float64(m.account.met) < h.Number {
				return false
			}
		}
	}
	return r.absent == 0
}

func (r *Running) do(h Happening) {
	switch h.What {
	case Dies:
		r.World.KillTracker()
		return
	case Revives:
		r.World.ReviveTracker()
		return
	}
	for _, c := range r.groups {
		if c.Name != h.Who {
			continue
		}
		for _, m := range c.peers {
			if h.What == Leaves {
				m.Leave()
			} else {
				m.Vanish(unnoticed)
			}
		}
	}
}
