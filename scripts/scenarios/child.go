package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/shoal-p2p/shoal/core/sim"
)

// collectorPercent lets the collector run seldom: a world lives for seconds,
// and most of its memory lives as long.
const collectorPercent = 400

// here runs one scenario in this process and prints a result for each seed.
func (p plan) here(s *sim.Scenario, every time.Duration) error {
	debug.SetGCPercent(collectorPercent)
	seed, runs := p.of(s)
	out := json.NewEncoder(os.Stdout)
	for i := range runs {
		var memory scale
		watch := func(r *sim.Running) {
			if i == 0 {
				memory.watch(r)
			}
			if every > 0 {
				show(r, every)
			}
		}
		result, err := s.Run(seed+uint64(i), watch)
		if err != nil {
			return err
		}
		if i == 0 {
			memory.weigh()
		}
		memory.tell(s, result)
		if err := out.Encode(result); err != nil {
			return err
		}
	}
	return nil
}

// scale weighs what is alive, at 1, 2, 4, 8... simulated seconds: weighing costs
// a collection. What is on the peers' disks does not count.
type scale struct {
	world          *sim.World
	next           time.Duration
	begun          bool
	least, highest uint64
}

func (s *scale) watch(r *sim.Running) {
	s.world = r.World
	if s.begun && r.World.Elapsed() < s.next {
		return
	}
	s.next = max(time.Second, 2*r.World.Elapsed())
	s.weigh()
}

func (s *scale) weigh() {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	alive := m.HeapAlloc - uint64(s.world.Stored())
	if !s.begun {
		s.begun, s.least = true, alive // the files themselves
	}
	s.highest = max(s.highest, alive)
}

func (s *scale) tell(scenario *sim.Scenario, result *sim.Result) {
	alive := float64(s.highest - s.least)
	result.Figures["memory"] = alive / (1 << 20)
	if n := idle(scenario); n > 0 {
		result.Figures["torrent-memory"] = alive / (1 << 10) / n
	}
}

// idle counts the idle torrents of all peers.
func idle(s *sim.Scenario) float64 {
	peers := 0
	for _, g := range s.Groups {
		peers += g.Count
	}
	return float64(peers * s.Torrents)
}

// show prints how each group stands, to where no result is read.
func show(r *sim.Running, every time.Duration) {
	at := r.World.Elapsed()
	if at == 0 {
		fmt.Fprintln(os.Stderr, "    at  group       up%  down%  idle%  done%  finished  copies  wasted%  peers  wanted  served  serving  queue  longest  unheld")
	}
	if at%every != 0 {
		return
	}
	for _, m := range r.Moments() {
		fmt.Fprintf(os.Stderr, "%6.0f  %-10s %4.0f  %5.0f  %5.0f  %5.1f  %8d  %6.2f  %7.2f  %5.1f  %6.1f  %6.1f  %7.1f  %5.2f  %7.2f  %6d\n",
			at.Seconds(), m.Group, 100*m.Up, 100*m.Down, 100*m.Idle, 100*m.Done, m.Finished, m.Copies, 100*m.Wasted,
			m.Peers, m.Wanted, m.Served, m.Serving, m.Queue, m.Queued, m.Unfinished)
	}
}
