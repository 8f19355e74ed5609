package sim

import (
	"slices"
	"time"
)

// figures says of each figure whether it is one of a group. Times are in
// seconds, from a peer's joining; a peer that is not done counts as if it were
// done when the run ended.
var figures = map[string]bool{
	"bound":    false, // the fluid bound: nobody can be faster on average, see fluid.go
	"copied":   false, // when a copy was out of the seeds; 0 where it never was
	"ended":    false, // when the last awaited peer was done
	"handled":  false, // events that nodes were given
	"framed":   false, // how often an honest peer was banned by an honest one
	"poisoned": false, // pairs of an honest peer and a peer id under which it was sent a bad block
	"unbanned": false, // those of them where the honest has not banned the other
	"asked":    false, // requests that the web server has had
	"memory":   false, // MiB alive at most; who runs the scenario measures it
	"cpu":      false, // seconds; likewise

	"torrent-memory": false, // KiB for each idle torrent of each peer; likewise
	"torrent-cpu":    false, // microseconds a minute for each; likewise

	"finished":    true, // the part that is done
	"wrong":       true, // how many are done and have other bytes than they should
	"first":       true,
	"median":      true,
	"last":        true,
	"ratio":       true, // last to bound
	"wasted":      true, // the part of the payload received that was of no use
	"sent":        true, // copies of the file that left by the uplinks, of all together
	"busy":        true, // the part of the uplinks that was used until the end
	"connections": true, // the most that one peer had, of all kinds
	"ticks":       true, // of one peer, in a minute
	"spoiled":     true, // pieces that were whole and wrong
	"known":       true, // the most peers that one knew at once, on average
	"lives":       true, // how often peers came
}

// timed are the figures that need a group to come to its end.
var timed = map[string]bool{"finished": true, "first": true, "median": true, "last": true, "ratio": true}

// Result is what a run has shown.
type Result struct {
	Name      string             `json:"name"`
	Seed      uint64             `json:"seed"`
	Trace     string             `json:"trace"`
	Simulated float64            `json:"simulated"` // seconds
	Figures   map[string]float64 `json:"figures"`   // by name, and group after a space
	MeanOf    int                `json:"meanOf,omitempty"`
}

// Mean is the mean of results of one scenario, under the first one's seed and
// trace. It has the figures that all of them have.
func Mean(results []*Result) *Result {
	mean := *results[0]
	mean.MeanOf = len(results)
	mean.Figures = make(map[string]float64)
	for name := range results[0].Figures { // order-free: each by itself
		if sum, all := total(results, name); all {
			mean.Figures[name] = sum / float64(len(results))
		}
	}
	return &mean
}

// total adds a figure up, and reports whether every result has it.
func total(results []*Result, name string) (sum float64, all bool) {
	for _, r := range results {
		value, has := r.Figures[name]
		if !has {
			return 0, false
		}
		sum += value
	}
	return sum, true
}

// freeze notes what has to be counted up to the end of the last awaited peer.
func (r *Running) freeze() {
	for _, c := range r.groups {
		for _, m := range c.peers {
			m.sentAt = m.Sent
		}
	}
}

func (r *Running) result(seed uint64) *Result {
	result := &Result{
		Name:      r.scenario.Name,
		Seed:      seed,
		Trace:     r.World.Trace(),
		Simulated: r.World.Elapsed().Seconds(),
		Figures: map[string]float64{
			"bound":   r.bound(),
			"copied":  r.copiedAt.Seconds(),
			"ended":   r.doneAt.Seconds(),
			"handled": float64(r.World.Handled()),
		},
	}
	r.blame(result.Figures)
	if web := r.World.web; web != nil {
		result.Figures["asked"] = float64(web.asked)
	}
	for i := range r.groups {
		c := &r.groups[i]
		for name, value := range r.measure(c) { // order-free: fills a map
			result.Figures[name+" "+c.Name] = value
		}
	}
	return result
}

// measure takes the figures of one group.
func (r *Running) measure(c *crowd) map[string]float64 {
	f := make(map[string]float64)
	var wasted, downloaded, sent, room, ticks int64
	var wrong, most, spoiled, known, lives int
	for _, m := range c.peers {
		h := m.holding(r.content.Info.Hash)
		stats := m.stats(h)
		wasted += stats.Wasted
		downloaded += stats.Downloaded
		sent += m.sentAt
		room += int64(float64(m.cfg.Up) * (r.doneAt - m.joined).Seconds())
		ticks += m.account.ticks
		most = max(most, m.account.connections)
		spoiled += m.account.spoiled
		known += m.account.known
		lives += m.life
		if h.done && !m.Complete(r.content) {
			wrong++
		}
	}
	f["wrong"] = float64(wrong)
	f["wasted"] = part(wasted, downloaded)
	f["sent"] = part(sent, r.scenario.Length)
	f["busy"] = part(sent, room)
	f["connections"] = float64(most)
	f["spoiled"] = float64(spoiled)
	f["lives"] = float64(lives)
	f["known"] = part(int64(known), int64(len(c.peers)))
	f["ticks"] = float64(ticks) / float64(max(1, len(c.peers))) / r.World.Elapsed().Minutes()
	if c.awaited {
		r.measureTimes(c, f)
	}
	return f
}

func (r *Running) measureTimes(c *crowd, f map[string]float64) {
	times := slices.Clone(c.finishes)
	for len(times) < c.Count {
		times = append(times, r.scenario.Until)
	}
	slices.Sort(times)
	f["finished"] = part(int64(len(c.finishes)), int64(c.Count))
	if len(times) == 0 {
		return
	}
	f["first"] = times[0].Seconds()
	f["median"] = times[len(times)/2].Seconds()
	f["last"] = times[len(times)-1].Seconds()
	if bound := r.bound(); bound > 0 {
		f["ratio"] = f["last"] / bound
	}
}

// blame counts who was banned rightly and wrongly, and who was not.
func (r *Running) blame(f map[string]float64) {
	var framed, poisoned, unbanned float64
	for _, victim := range r.World.peers {
		if !victim.honest() {
			continue
		}
		poisoned += float64(len(victim.account.poisoned))
		for liar := range victim.account.poisoned { // order-free: counts
			if !victim.account.banned[liar] {
				unbanned++
			}
		}
		for who := range victim.account.banned { // order-free: counts
			if other := r.World.names[who]; other != nil && other.honest() {
				framed++
			}
		}
	}
	f["framed"], f["poisoned"], f["unbanned"] = framed, poisoned, unbanned
}

func part(some, all int64) float64 {
	if all == 0 {
		return 0
	}
	return float64(some) / float64(all)
}

// seconds is how long so many bytes take.
func seconds(bytes, rate int64) float64 {
	if rate == 0 {
		return 0
	}
	return (time.Duration(bytes) * time.Second / time.Duration(rate)).Seconds()
}
