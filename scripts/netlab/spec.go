//go:build linux

package main

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/shoal-p2p/shoal/scripts/netlab/link"
)

// defaultQueue is what may wait before a link that has a rate and names no
// queue, in bytes.
const defaultQueue = 512 << 10

// hostName is what may be part of a namespace's name, and of an interface's.
var hostName = regexp.MustCompile(`^[a-z][a-z0-9]{0,15}$`)

// spec is a host as the command line names it: "a,delay=20ms,up=1MB,down=8MB".
type spec struct {
	name     string
	up, down link.Config
}

// parseSpecs reads all hosts of a command line.
func parseSpecs(args []string) ([]spec, error) {
	specs := make([]spec, len(args))
	for i, arg := range args {
		var err error
		if specs[i], err = parseSpec(arg); err != nil {
			return nil, err
		}
	}
	return specs, nil
}

// parseSpec reads one host.
func parseSpec(text string) (spec, error) {
	name, options, some := strings.Cut(text, ",")
	if !hostName.MatchString(name) {
		return spec{}, fmt.Errorf("%q: a host's name has up to 16 small letters and digits", name)
	}
	s := spec{name: name}
	for some {
		var option string
		option, options, some = strings.Cut(options, ",")
		if err := s.set(option); err != nil {
			return spec{}, fmt.Errorf("%s: %s: %w", name, option, err)
		}
	}
	for _, way := range []*link.Config{&s.up, &s.down} {
		if way.Rate > 0 && way.Queue == 0 {
			way.Queue = defaultQueue
		}
		if err := way.Check(); err != nil {
			return spec{}, fmt.Errorf("%s: %w", name, err)
		}
	}
	return s, nil
}

// set reads one option.
func (s *spec) set(option string) (err error) {
	key, value, _ := strings.Cut(option, "=")
	switch key {
	case "delay":
		s.up.Delay, err = time.ParseDuration(value)
		s.down.Delay = s.up.Delay
	case "up":
		s.up.Rate, err = parseSize(value)
	case "down":
		s.down.Rate, err = parseSize(value)
	case "queue":
		s.up.Queue, err = parseSize(value)
		s.down.Queue = s.up.Queue
	case "loss":
		s.up.Loss, err = parseShare(value)
		s.down.Loss = s.up.Loss
	default:
		err = errors.New("no such option; there are delay, up, down, queue, loss")
	}
	return err
}

var units = []struct {
	name  string
	bytes float64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"B", 1}, {"", 1},
}

// parseSize reads bytes: "1500", "512KiB", "2.5MB".
func parseSize(text string) (int, error) {
	for _, unit := range units {
		number, ok := strings.CutSuffix(text, unit.name)
		if !ok {
			continue
		}
		value, err := strconv.ParseFloat(number, 64)
		if err != nil || !(value >= 0 && value*unit.bytes <= 1<<40) {
			return 0, errors.New("not a number of bytes")
		}
		return int(value * unit.bytes), nil
	}
	panic("netlab: the last unit suits everything")
}

// parseShare reads a part of a whole: "0.01" or "1%".
func parseShare(text string) (float64, error) {
	number, percent := strings.CutSuffix(text, "%")
	value, err := strconv.ParseFloat(number, 64)
	if percent {
		value /= 100
	}
	return value, err
}
