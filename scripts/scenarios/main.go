// The command scenarios runs the scenarios of core/sim, prints one JSON line for
// each and then a table, and ends with status 1 where one is not as expected.
//
//	scenarios [-run name,...] [-seed n] [-seeds k] [-trace seconds] [folder]
//
// Each scenario runs in a process of its own, so that its memory and its time
// on the processor are its own, and as many at once as there are processors.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/shoal-p2p/shoal/core/sim"
)

// defaultFolder is where the scenarios lie, from the root of the repository.
const defaultFolder = "core/sim/testdata/scenarios"

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "scenarios:", err)
		os.Exit(1)
	}
}

func run() error {
	var names, child string
	var plan plan
	var every time.Duration
	flag.StringVar(&names, "run", "", "scenarios to run, by the beginning of their names, with commas between; all if empty")
	flag.Uint64Var(&plan.seed, "seed", 0, "the first seed, instead of the scenario's")
	flag.IntVar(&plan.seeds, "seeds", 0, "how many seeds, instead of as many as the scenario says")
	flag.DurationVar(&every, "trace", 0, "print how each group stands, every so often in simulated time")
	flag.StringVar(&child, "child", "", "run this one here; how the command calls itself")
	flag.Parse()
	folder := defaultFolder
	if flag.NArg() > 0 {
		folder = flag.Arg(0)
	}
	all, err := load(folder)
	if err != nil {
		return err
	}
	if child != "" {
		return plan.here(all[child], every)
	}
	chosen, err := choose(all, names)
	if err != nil {
		return err
	}
	return plan.outcome(chosen, every)
}

// load reads all scenarios of a folder, by name.
func load(folder string) (map[string]*sim.Scenario, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*.txt"))
	if err != nil {
		return nil, err
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("no scenarios in %s", folder)
	}
	all := make(map[string]*sim.Scenario)
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		name := strings.TrimSuffix(filepath.Base(path), ".txt")
		if all[name], err = sim.Parse(name, string(text)); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// choose selects scenarios, and those that they are compared with; the longest
// first, so that none is left alone at the end.
func choose(all map[string]*sim.Scenario, names string) ([]*sim.Scenario, error) {
	wanted := make(map[string]bool)
	for name := range all {
		for _, prefix := range strings.Split(names, ",") {
			if name == prefix || all[prefix] == nil && strings.HasPrefix(name, prefix) {
				wanted[name] = true
			}
		}
	}
	if len(wanted) == 0 {
		return nil, fmt.Errorf("no scenario is called %s", names)
	}
	for name := range wanted {
		for _, need := range all[name].Needs() {
			if all[need] == nil {
				return nil, fmt.Errorf("%s is compared with %s, which is not there", name, need)
			}
			wanted[need] = true
		}
	}
	var chosen []*sim.Scenario
	for name := range wanted {
		chosen = append(chosen, all[name])
	}
	slices.SortFunc(chosen, func(a, b *sim.Scenario) int {
		if c := cost(b) - cost(a); c != 0 {
			return c
		}
		return strings.Compare(a.Name, b.Name)
	})
	return chosen, nil
}

// cost is about proportional to how long a scenario takes.
func cost(s *sim.Scenario) int {
	peers := 0
	for _, g := range s.Groups {
		peers += g.Count
	}
	return s.Runs * peers * int(s.Length>>10)
}
