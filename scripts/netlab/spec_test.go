//go:build linux

package main

import (
	"strings"
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/scripts/netlab/link"
)

func TestHostsAreReadFromTheCommandLine(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		text     string
		up, down link.Config
	}{
		{"a", link.Config{}, link.Config{}},
		{"a,delay=20ms", link.Config{Delay: 20 * ms}, link.Config{Delay: 20 * ms}},
		{"a,up=2.5MB", link.Config{Rate: 2500000, Queue: 512 << 10}, link.Config{}},
		{"a,loss=1%", link.Config{Loss: 0.01}, link.Config{Loss: 0.01}},
		{"home2,delay=0.5ms,up=1MiB,down=1000,queue=64KiB,loss=0.5",
			link.Config{Delay: ms / 2, Rate: 1 << 20, Queue: 64 << 10, Loss: 0.5},
			link.Config{Delay: ms / 2, Rate: 1000, Queue: 64 << 10, Loss: 0.5}},
	} {
		s, err := parseSpec(c.text)
		if name, _, _ := strings.Cut(c.text, ","); err != nil || s != (spec{name, c.up, c.down}) {
			t.Errorf("%s: %+v, %v", c.text, s, err)
		}
	}
}

func TestWhatIsNoHostIsRefused(t *testing.T) {
	for _, text := range []string{
		"", "A", "a-b", "../a", "averyveryverylongname", "a,", "a,b", "a,delay", "a,delay=20", "a,delay=-1ms", "a,up=fast",
		"a,up=-1", "a,up=1TB", "a,up=NaN", "a,queue=1e300", "a,loss=101%", "a,loss=NaN", "a,loss=x", "a,Delay=1ms",
	} {
		if s, err := parseSpec(text); err == nil {
			t.Errorf("%q is %+v", text, s)
		}
	}
}
