//go:build linux

package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/shoal-p2p/shoal/scripts/netlab/link"
	"github.com/shoal-p2p/shoal/scripts/netlab/tun"
)

// upLine is what run prints when a lab is up.
type upLine struct {
	Hosts map[string]place `json:"hosts"`
}

// place is where a host is found.
type place struct {
	Namespace string `json:"namespace"`
	IP        string `json:"ip"`
}

// statsLine is what run prints when it is asked.
type statsLine struct {
	Hosts      map[string]ways `json:"hosts"`
	Strays     int             `json:"strays"` // packets for no host, multicast mostly
	LateMs     late            `json:"lateMs"`
	CPUSeconds float64         `json:"cpuSeconds"` // of the router, with the kernel's work for it
}

// ways is a host's link, as its packets go and come.
type ways struct {
	Up   link.Stats `json:"up"`
	Down link.Stats `json:"down"`
}

// late is how much later than due packets were written, in milliseconds.
type late struct {
	Median float64 `json:"median"`
	P99    float64 `json:"p99"`
	Max    float64 `json:"max"`
}

// runLab is a lab's life.
func runLab(args []string, stdin io.Reader, stdout io.Writer) error {
	flags := flag.NewFlagSet("run", flag.ContinueOnError)
	seed := flags.Uint64("seed", 1, "of what is lost")
	if err := flags.Parse(args); err != nil {
		return err
	}
	specs, err := parseSpecs(flags.Args())
	if err != nil {
		return err
	}
	// From here on a signal is a reason to tidy up.
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	l, err := openLab(specs, *seed)
	if err != nil {
		return err
	}
	defer l.close()
	if err := tun.Prompt(); err != nil {
		fmt.Fprintln(os.Stderr, "netlab: no priority, so late when the machine is busy:", err)
	}
	out := json.NewEncoder(stdout)
	if err := out.Encode(l.places()); err != nil {
		return err
	}
	stop := sync.OnceFunc(l.router.Stop)
	go func() { <-signals; stop() }()
	go func() {
		defer stop()
		for lines := bufio.NewScanner(stdin); lines.Scan(); {
			l.router.Do(func() { out.Encode(l.stats()) })
		}
	}()
	l.router.Run()
	return nil
}

func (l *lab) places() upLine {
	line := upLine{make(map[string]place)}
	for _, h := range l.hosts {
		line.Hosts[h.name] = place{h.namespace, h.ip}
	}
	return line
}

// stats is for the router's loop to call.
func (l *lab) stats() statsLine {
	line := statsLine{Hosts: make(map[string]ways), Strays: l.router.Strays(), CPUSeconds: cpuSeconds()}
	for _, h := range l.hosts {
		line.Hosts[h.name] = ways{h.Up.Stats(), h.Down.Stats()}
	}
	lateness := l.router.Late()
	line.LateMs = late{millis(lateness.Share(0.5)), millis(lateness.Share(0.99)), millis(lateness.Most())}
	return line
}

// cpuSeconds is what this process has used of the processors.
func cpuSeconds() float64 {
	var used syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &used) // never fails for oneself
	return float64(used.Utime.Nano()+used.Stime.Nano()) / 1e9
}
