package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/shoal-p2p/shoal/core/sim"
)

// line is what is printed of a scenario: of its first seed, and of the first
// that is not as expected where there is one.
type line struct {
	*sim.Result
	Pass     bool          `json:"pass"`
	Runs     int           `json:"runs"`
	Passed   int           `json:"passed"`
	Verdicts []sim.Verdict `json:"expected"`
	Wall     float64       `json:"wall"` // seconds, of all runs
	CPU      float64       `json:"cpu"`
	Error    string        `json:"error,omitempty"`
}

var errExpected = errors.New("not everything is as expected")

// report prints a JSON line for each scenario and then the table.
func report(all []ran) error {
	slices.SortFunc(all, func(a, b ran) int { return strings.Compare(a.scenario.Name, b.scenario.Name) })
	for i := range all {
		all[i].average()
	}
	known := make(map[string]*sim.Result)
	for _, r := range all {
		if r.err == nil {
			known[r.scenario.Name] = r.results[0]
		}
	}
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	var lines []line
	failed := false
	for _, r := range all {
		l := judge(r, known)
		failed = failed || !l.Pass
		lines = append(lines, l)
		if err := out.Encode(l); err != nil {
			return err
		}
	}
	table(lines)
	if failed {
		return errExpected
	}
	return nil
}

// judge compares each run with what is expected.
func judge(r ran, known map[string]*sim.Result) line {
	l := line{Result: &sim.Result{Name: r.scenario.Name}, Runs: len(r.results), Wall: r.wall.Seconds(), CPU: r.cpu.Seconds()}
	if r.err != nil {
		l.Error = r.err.Error()
		return l
	}
	for i, result := range r.results {
		verdicts, err := r.scenario.Judge(result, known)
		if err != nil {
			l.Error = err.Error()
			return l
		}
		missed := slices.ContainsFunc(verdicts, func(v sim.Verdict) bool { return !v.Pass })
		if i == 0 || missed && l.Passed == i {
			l.Result, l.Verdicts = result, verdicts
		}
		if !missed {
			l.Passed++
		}
	}
	// Where fewer seeds are tried than the scenario wants, none more may fail.
	l.Pass = l.Passed >= min(len(r.results), r.scenario.Passes+max(0, len(r.results)-r.scenario.Runs))
	return l
}

// table prints every expectation on a line.
func table(lines []line) {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nscenario\tseed\truns\texpected\tgot\tlimit\t\twall")
	for _, l := range lines {
		name, seed, runs, wall := l.Name, fmt.Sprint(l.Seed), runsOf(l), fmt.Sprintf("%.1f s", l.Wall)
		if l.Error != "" {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t\t\tFAIL\t%s\n", name, seed, runs, l.Error, wall)
			continue
		}
		for _, v := range l.Verdicts {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%.4g\t%.4g\t%s\t%s\n", name, seed, runs, v.Text, v.Got, v.Want, word(v.Pass), wall)
			name, seed, runs, wall = "", "", "", ""
		}
	}
	if err := w.Flush(); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}

func word(pass bool) string {
	if pass {
		return "pass"
	}
	return "FAIL"
}

// runsOf is how many runs are behind a line, or how many of them passed.
func runsOf(l line) string {
	if l.Result.MeanOf > 0 {
		return fmt.Sprintf("mean of %d", l.Result.MeanOf)
	}
	return fmt.Sprintf("%d/%d", l.Passed, l.Runs)
}
