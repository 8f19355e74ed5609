package overlay

import (
	"encoding/json"
	"flag"
	"fmt"
	"testing"
	"time"
)

var (
	seed    = flag.Uint64("seed", 1, "of the simulation")
	row     = flag.Bool("row", false, "run one simulation, print its row as JSON, and judge nothing")
	nodes   = flag.Int("nodes", 100, "of -row")
	stay    = flag.Duration("stay", 0, "of -row: median stay of a node; 0 for ever")
	shape   = flag.Float64("shape", 0.5, "of -row: of the distribution of stays; 1 has no memory")
	budget  = flag.Int("budget", 32, "of -row: links of a node")
	lookups = flag.Int("lookups", 400, "of -row: to be counted")
	pace    = flag.Duration("pace", 100*time.Millisecond, "of -row: between two lookups")
	items   = flag.Int("items", 20, "of -row: put before the lookups, a tenth of which seek them")
	loss    = flag.Float64("loss", 0.005, "of -row: part of messages")
)

// world is a network that grows by three nodes a second.
func world(seed uint64, nodes, lookups int) Config {
	return Config{
		Seed: seed, Nodes: nodes, Every: 300 * time.Millisecond, Budget: 32,
		RTT: 100 * time.Millisecond, Loss: 0.005, Graceful: 0.1,
		Settle: time.Minute, Lookups: lookups, Pace: 50 * time.Millisecond, Items: 10,
	}
}

func TestRow(t *testing.T) {
	if !*row {
		t.Skip("only with -row")
	}
	cfg := world(*seed, *nodes, *lookups)
	cfg.Budget, cfg.Pace, cfg.Items, cfg.Loss, cfg.Settle = *budget, *pace, *items, *loss, 90*time.Second
	cfg.Stay = Stay{Shape: *shape, Median: *stay}
	began := time.Now()
	line, err := json.Marshal(Run(cfg))
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("%s\n", line)
	t.Logf("in %v", time.Since(began).Round(time.Millisecond))
}

func TestOneSeedGivesOneRun(t *testing.T) {
	run := func(seed uint64) Row {
		cfg := world(seed, 15, 30)
		cfg.Stay = Stay{Shape: 1, Median: 20 * time.Second}
		return Run(cfg)
	}
	first, again, other := run(*seed), run(*seed), run(*seed+1)
	if first != again {
		t.Errorf("two runs:\n%+v\n%+v", first, again)
	}
	if first.Trace == other.Trace {
		t.Error("two seeds give one trace")
	}
}

func TestAGrownNetworkFindsTheClosest(t *testing.T) {
	t.Logf("-seed=%d", *seed)
	nodes := 60
	if testing.Short() {
		nodes = 20
	}
	r := Run(world(*seed, nodes, 200))
	if r.Right < 100 || r.Failed > 0 || r.Items < 100 {
		t.Errorf("lookups went wrong: %+v", r)
	}
	if r.MaxLinks > r.Budget || r.Announced != r.Nodes {
		t.Errorf("links or roles went wrong: %+v", r)
	}
	if r.Hops > 2 || r.Messages > 8 || r.Median > 0.2 || r.Bytes > 500 {
		t.Errorf("it costs too much: %+v", r)
	}
}

func TestANetworkOfPassersByFindsTheClosest(t *testing.T) {
	if testing.Short() {
		t.Skip("fifty nodes for minutes")
	}
	t.Logf("-seed=%d", *seed)
	cfg := world(*seed, 50, 400)
	cfg.Stay = Stay{Shape: 1, Median: time.Minute}
	r := Run(cfg)
	if r.Right < 98 || r.Items < 95 {
		t.Errorf("lookups went wrong: %+v", r)
	}
	if r.MaxLinks > r.Budget || r.Constructed > 2000 {
		t.Errorf("links went wrong: %+v", r)
	}
}

func TestStaysHaveTheirMedian(t *testing.T) {
	w := New(world(*seed, 0, 0))
	for _, s := range []Stay{{0.5, time.Minute}, {1, 10 * time.Minute}} {
		shorter := 0
		for range 4000 {
			if s.draw(w.rng) < s.Median {
				shorter++
			}
		}
		if shorter < 1850 || shorter > 2150 {
			t.Errorf("%+v: %d of 4000 are shorter than the median", s, shorter)
		}
	}
}

func TestLatencyIsTheSameBothWaysAndHasItsMedian(t *testing.T) {
	w := New(world(*seed, 0, 0))
	over := 0
	for range 4000 {
		a, b := &node{x: w.rng.Float64(), y: w.rng.Float64()}, &node{x: w.rng.Float64(), y: w.rng.Float64()}
		if w.latency(a, b) != w.latency(b, a) {
			t.Fatal("another one back")
		}
		if 2*w.latency(a, b) > w.cfg.RTT {
			over++
		}
	}
	if over < 1850 || over > 2150 {
		t.Errorf("%d of 4000 are above the median", over)
	}
}
