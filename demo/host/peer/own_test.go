//go:build !js

package peer

import (
	"slices"
	"testing"

	"github.com/shoal-p2p/shoal/demo/host/command"
)

func TestWhichTrackersOurUserHasNamed(t *testing.T) {
	const (
		public = "wss://tracker.example"
		home   = "ws://192.168.1.5:8080/announce"
		here   = "ws://localhost:8080/announce"
	)
	all := []string{public, home, here}
	for _, c := range []struct {
		name string
		said options
		own  []string
	}{
		{"by themselves", options{trackers: command.List{Values: all}}, all},
		{"by their host", options{host: "http://192.168.1.5:8080/"}, []string{home}},
		{"by running one here", options{}, []string{here}},
		{"not at all", options{host: "off"}, nil},
		{"by a host elsewhere that leads to them", options{host: "https://host.example"}, nil},
	} {
		if got := c.said.own(all); !slices.Equal(got, c.own) {
			t.Errorf("%s: %q", c.name, got)
		}
	}
}
