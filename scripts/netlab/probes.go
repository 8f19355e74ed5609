//go:build linux

package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/shoal-p2p/shoal/scripts/netlab/probe"
)

// runProbe measures from where it is started, and prints a JSON line.
func runProbe(args []string, stdout io.Writer) error {
	if len(args) == 0 {
		return errors.New("probe: serve, ping, stream or flood")
	}
	flags := flag.NewFlagSet("probe", flag.ContinueOnError)
	count := flags.Int("count", 100, "datagrams of a ping")
	every := flags.Duration("every", 10*time.Millisecond, "time between two of them")
	length := flags.Duration("for", 2*time.Second, "how long to stream or flood")
	rate := flags.Int("rate", 20e6, "bytes per second of a flood")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	var result any
	var err error
	switch args[0] {
	case "serve":
		return probe.Serve(func() { fmt.Fprintln(stdout, `"ready"`) })
	case "ping":
		result, err = probe.Ping(flags.Arg(0), *count, *every)
	case "stream":
		result, err = probe.Stream(flags.Arg(0), *length)
	case "flood":
		result, err = probe.Flood(flags.Arg(0), *rate, *length)
	default:
		err = fmt.Errorf("%s: there are serve, ping, stream and flood", args[0])
	}
	if err != nil {
		return err
	}
	return json.NewEncoder(stdout).Encode(result)
}
