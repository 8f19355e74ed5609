package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"sync"
	"time"

	"github.com/shoal-p2p/shoal/core/sim"
)

// tooLong is when a scenario is given up; all together take a minute or two.
const tooLong = 5 * time.Minute

var errTooLong = errors.New("given up after five minutes")

// plan says which seeds are tried.
type plan struct {
	seed  uint64 // 0 for the scenario's own
	seeds int    // 0 for as many as the scenario says
}

func (p plan) of(s *sim.Scenario) (seed uint64, runs int) {
	seed, runs = p.seed, p.seeds
	if seed == 0 {
		seed = s.Seed
	}
	if runs == 0 {
		runs = s.Runs
	}
	return seed, runs
}

// ran is a scenario that was carried out, with one result for each seed.
type ran struct {
	scenario *sim.Scenario
	results  []*sim.Result
	wall     time.Duration
	cpu      time.Duration
	err      error
}

// outcome runs the scenarios, prints what came of them, and returns an error
// where one is not as expected.
func (p plan) outcome(chosen []*sim.Scenario, every time.Duration) error {
	all := make([]ran, len(chosen))
	var wait sync.WaitGroup
	turns := make(chan struct{}, runtime.NumCPU())
	for i, s := range chosen {
		turns <- struct{}{}
		wait.Go(func() {
			all[i] = p.run(s, every)
			<-turns
		})
	}
	wait.Wait()
	return report(all)
}

// run carries a scenario out in a process of its own.
func (p plan) run(s *sim.Scenario, every time.Duration) ran {
	self, err := os.Executable()
	if err != nil {
		return ran{scenario: s, err: err}
	}
	args := []string{"-child", s.Name, "-seed", strconv.FormatUint(p.seed, 10), "-seeds", strconv.Itoa(p.seeds), "-trace", every.String()}
	ctx, cancel := context.WithTimeout(context.Background(), tooLong)
	defer cancel()
	child := exec.CommandContext(ctx, self, append(args, flag.Args()...)...)
	var out bytes.Buffer
	child.Stdout, child.Stderr = &out, os.Stderr
	child.Env = append(os.Environ(), "GOMAXPROCS=1")
	began := time.Now()
	err = child.Run()
	if ctx.Err() != nil {
		err = errTooLong
	}
	r := ran{scenario: s, wall: time.Since(began), err: err}
	if child.ProcessState != nil {
		r.cpu = child.ProcessState.UserTime() + child.ProcessState.SystemTime()
	}
	if r.err == nil {
		r.results, r.err = decode(&out)
	}
	r.weigh()
	return r
}

// decode reads the results of a child.
func decode(in io.Reader) ([]*sim.Result, error) {
	var all []*sim.Result
	for decoder := json.NewDecoder(in); ; {
		result := new(sim.Result)
		if err := decoder.Decode(result); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("result: %w", err)
		}
		all = append(all, result)
	}
	if len(all) == 0 {
		return nil, errors.New("no result")
	}
	return all, nil
}

// weigh adds what only who started the process knows.
func (r *ran) weigh() {
	for _, result := range r.results {
		cpu := r.cpu.Seconds() / float64(len(r.results))
		result.Figures["cpu"] = cpu
		if n := idle(r.scenario); n > 0 {
			result.Figures["torrent-cpu"] = 1e6 * cpu / n / (result.Simulated / 60)
		}
	}
}

// average makes one result of those that are judged by their mean. What one
// enemy costs differs by a tenth from seed to seed.
func (r *ran) average() {
	if r.err == nil && r.scenario.Mean {
		r.results = []*sim.Result{sim.Mean(r.results)}
	}
}
