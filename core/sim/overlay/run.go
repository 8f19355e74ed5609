package overlay

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/shoal-p2p/shoal/core/bencode"
	"github.com/shoal-p2p/shoal/core/dht"
	"github.com/shoal-p2p/shoal/core/dht/record"
)

// age is from when a node's figures count.
const age = 2 * time.Minute

// Row is what a run has shown.
type Row struct {
	Nodes     int     `json:"nodes"`
	Budget    int     `json:"budget"`
	Stay      float64 `json:"stay_median_s"`
	Shape     float64 `json:"stay_shape"`
	Seed      uint64  `json:"seed"`
	Minutes   float64 `json:"simulated_min"`
	Announced int     `json:"announced"`
	Links     float64 `json:"links_mean"`
	MaxLinks  int     `json:"links_max"`

	Lookups  int     `json:"lookups"`
	Failed   int     `json:"failed"`
	Right    float64 `json:"right_pct"`
	Near     float64 `json:"one_of_8_pct"`
	Median   float64 `json:"latency_p50_s"`
	P95      float64 `json:"latency_p95_s"`
	Hops     float64 `json:"hops_mean"`
	Messages float64 `json:"messages_p50"`
	Most     float64 `json:"messages_p95"`

	Bytes       float64 `json:"sent_bytes_per_s"`
	Constructed float64 `json:"connections_per_h"`
	Items       float64 `json:"items_found_pct"`
	Sought      int     `json:"items_sought"`
	Trace       string  `json:"trace"`
}

// Run makes a world grow, asks in it, and says what came of it.
func Run(cfg Config) Row {
	w := New(cfg)
	w.grow()
	w.runUntil(w.now.Add(cfg.Settle))
	w.publish()
	w.askAll()
	return w.row()
}

// grow lets nodes come one after the other.
func (w *World) grow() {
	for range w.cfg.Nodes {
		n := w.arrive()
		w.after(age, func() { w.comesOfAge(n) })
		w.runUntil(w.now.Add(w.cfg.Every))
	}
	w.grown = true
	for _, n := range slices.Clone(w.nodes) {
		w.churn(n)
	}
}

// comesOfAge begins a node's figures.
func (w *World) comesOfAge(n *node) { n.since, n.counted, n.sent = w.now, n.constructed, 0 }

// publish puts the items, by nodes that then need not stay.
func (w *World) publish() {
	for i := range w.cfg.Items {
		n := w.asker()
		item := record.SignItem(n.key, fmt.Sprint(i), 1, bencode.Bytes("4:item"))
		w.items = append(w.items, item)
		w.handle(n, dht.Put{Query: dht.Query(1<<32 + i), Item: item})
		w.runUntil(w.now.Add(w.cfg.Pace))
	}
}

// askAll asks all questions: for the closest to anything, and every tenth for
// one of the items.
func (w *World) askAll() {
	for i := range w.cfg.Lookups {
		n := w.asker()
		k := &lookup{item: len(w.items) > 0 && i%10 == 0}
		q := dht.Query(i + 1)
		w.watch.byQuery[q] = k
		if k.item {
			item := w.items[w.rng.IntN(len(w.items))]
			k.target = item.Target()
			w.handle(n, dht.Get{Query: q, Target: k.target, Salt: item.Salt})
		} else {
			for b := range k.target {
				k.target[b] = byte(w.rng.Uint32())
			}
			w.watch.byTarget[k.target] = k
			w.handle(n, dht.FindNode{Query: q, Target: k.target})
		}
		w.runUntil(w.now.Add(w.cfg.Pace))
	}
	w.runUntil(w.now.Add(5 * time.Second))
}

// asker is anybody who has had the time to come in.
func (w *World) asker() *node {
	for {
		if n := w.nodes[w.rng.IntN(len(w.nodes))]; n.dht.Links() > 0 && w.now.Sub(n.born) > 3*time.Second || len(w.nodes) == 1 {
			return n
		}
	}
}

// row sums up.
func (w *World) row() Row {
	r := Row{
		Nodes: w.cfg.Nodes, Budget: w.cfg.Budget, Stay: w.cfg.Stay.Median.Seconds(), Shape: w.cfg.Stay.Shape,
		Seed: w.cfg.Seed, Minutes: w.now.Sub(epoch).Minutes(), Trace: fmt.Sprintf("%016x", w.trace.Sum64()),
	}
	for _, n := range w.nodes {
		w.watch.departed(w, n)
		if n.dht.Announced() {
			r.Announced++
		}
		r.Links += float64(n.dht.Links()) / float64(len(w.nodes))
		r.MaxLinks = max(r.MaxLinks, n.dht.Links())
	}
	var nodes, items []*lookup
	for _, k := range w.watch.done {
		if k.item {
			items = append(items, k)
		} else {
			nodes = append(nodes, k)
		}
	}
	r.judge(nodes)
	r.Sought = len(items)
	r.Items = share(items, func(k *lookup) bool { return k.right })
	r.Bytes, r.Constructed = w.watch.rates()
	return r
}

func (r *Row) judge(all []*lookup) {
	r.Lookups = len(all)
	r.Right = share(all, func(k *lookup) bool { return k.right })
	r.Near = share(all, func(k *lookup) bool { return k.near })
	for _, k := range all {
		if k.failed {
			r.Failed++
		}
		r.Hops += float64(k.hops) / float64(len(all))
	}
	r.Median = quantile(all, 0.5, func(k *lookup) float64 { return k.took.Seconds() })
	r.P95 = quantile(all, 0.95, func(k *lookup) float64 { return k.took.Seconds() })
	r.Messages = quantile(all, 0.5, func(k *lookup) float64 { return float64(k.messages) })
	r.Most = quantile(all, 0.95, func(k *lookup) float64 { return float64(k.messages) })
}

// rates are bytes a second and connections an hour of a node that is of age.
func (t *watch) rates() (bytes, constructed float64) {
	var life time.Duration
	for _, f := range t.grownUp {
		life += f.life
		bytes += float64(f.bytes)
		constructed += float64(f.constructed)
	}
	if life == 0 {
		return 0, 0
	}
	return bytes / life.Seconds(), constructed / life.Hours()
}

// share is how many of a hundred are so.
func share(all []*lookup, is func(*lookup) bool) float64 {
	n := 0
	for _, k := range all {
		if is(k) {
			n++
		}
	}
	return 100 * float64(n) / float64(max(1, len(all)))
}

func quantile(all []*lookup, q float64, of func(*lookup) float64) float64 {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.SortedFunc(slices.Values(all), func(a, b *lookup) int { return cmp.Compare(of(a), of(b)) })
	return of(sorted[int(q*float64(len(sorted)-1))])
}
