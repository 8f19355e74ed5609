//go:build linux

package main

import (
	"fmt"
	"io"
	"time"

	"github.com/shoal-p2p/shoal/scripts/netlab/probe"
)

// selfTest prints what the lab is like on this machine, now.
func selfTest(out io.Writer) error {
	for _, delay := range []string{"0ms", "10ms", "25ms"} {
		if err := selfTestDelay(out, delay); err != nil {
			return err
		}
	}
	if err := selfTestRate(out); err != nil {
		return err
	}
	return selfTestLoss(out)
}

// withPair runs a test in a lab of two hosts alike, of which b serves.
func withPair(options string, test func(c *child, b string) error) error {
	c, err := startChild("a,"+options, "b,"+options)
	if err != nil {
		return err
	}
	defer c.close()
	if err := c.serve("b"); err != nil {
		return err
	}
	return test(c, c.hosts["b"].IP)
}

// selfTestDelay measures round-trips in an idle and in a busy network, and how
// much goes through.
func selfTestDelay(out io.Writer, delay string) error {
	return withPair("delay="+delay, func(c *child, b string) error {
		idle, err := measure[probe.Trip](c, "a", "ping", b)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "delay %s twice, idle: %s\n", delay, trips(idle))
		for _, rate := range []int{20e6, 100e6} {
			busy, err := pingBeside(c, rate, b)
			if err != nil {
				return err
			}
			fmt.Fprintf(out, "  beside %d MB/s of UDP: %s\n", rate/1e6, trips(busy))
		}
		for _, args := range [][]string{{"flood", "-rate", "20000000"}, {"flood", "-rate", "100000000"}, {"stream"}} {
			if err := selfTestBulk(out, c, append(args, b)...); err != nil {
				return err
			}
		}
		line, err := c.stats()
		fmt.Fprintf(out, "  packets were late by %.2f ms (median), %.2f (99 %%), %.2f at most\n", line.LateMs.Median, line.LateMs.P99, line.LateMs.Max)
		return err
	})
}

// pingBeside pings while there is a flood.
func pingBeside(c *child, rate int, b string) (probe.Trip, error) {
	load := c.probe("a", "flood", "-rate", fmt.Sprint(rate), "-for", "1h", b)
	if err := load.Start(); err != nil {
		return probe.Trip{}, err
	}
	defer load.Wait()
	defer load.Process.Kill()
	return measure[probe.Trip](c, "a", "ping", b)
}

// selfTestBulk measures what one probe gets through, and what the router pays.
func selfTestBulk(out io.Writer, c *child, args ...string) error {
	before, err := c.stats()
	if err != nil {
		return err
	}
	began := time.Now()
	bulk, err := measure[probe.Bulk](c, "a", args...)
	if err != nil {
		return err
	}
	after, err := c.stats()
	cpu := after.CPUSeconds - before.CPUSeconds
	fmt.Fprintf(out, "  %s: %.1f MB/s", args[0], bulk.Rate()/1e6)
	if bulk.Sent > 0 {
		fmt.Fprintf(out, ", %d of %d datagrams", bulk.Received, bulk.Sent)
	}
	fmt.Fprintf(out, "; router %.0f %% of a processor, %.1f s per GB\n", 100*cpu/time.Since(began).Seconds(), cpu/float64(bulk.Bytes)*1e9)
	return err
}

// selfTestRate measures a narrow link, and how long its queue is.
func selfTestRate(out io.Writer) error {
	return withPair("delay=10ms,up=2MB,queue=64KiB", func(c *child, b string) error {
		busy, err := pingBeside(c, 4e6, b)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "2 MB/s after 64 KiB of queue, 20 ms, overfull: %s\n", trips(busy))
		return selfTestBulk(out, c, "stream", b)
	})
}

// selfTestLoss measures loss.
func selfTestLoss(out io.Writer) error {
	return withPair("delay=10ms,loss=1%", func(c *child, b string) error {
		fmt.Fprintln(out, "1 % lost at either link, 20 ms:")
		if err := selfTestBulk(out, c, "flood", "-rate", "20000000", b); err != nil {
			return err
		}
		return selfTestBulk(out, c, "stream", b)
	})
}

func trips(t probe.Trip) string {
	return fmt.Sprintf("round-trip %.2f ms at least, %.2f median, %.2f (99 %%), %d of %d", millis(t.Least), millis(t.Median), millis(t.P99), t.Received, t.Sent)
}
