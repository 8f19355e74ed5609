//go:build !js

package announce

import (
	"net/http"
	"net/netip"
	"testing"
)

func TestFromWhereAClientComes(t *testing.T) {
	for _, c := range []struct {
		name, remote string
		forwarded    []string
		want         string // "" where it is not known
	}{
		{"from the internet", "192.0.2.1:5", nil, "192.0.2.1"},
		{"from the internet, and says otherwise", "192.0.2.1:5", []string{"192.0.2.9"}, "192.0.2.1"},
		{"by IPv6", "[2001:db8::1]:5", nil, "2001:db8::1"},
		{"by an IPv4 address in IPv6", "[::ffff:192.0.2.1]:5", nil, "192.0.2.1"},
		{"through a proxy here", "127.0.0.1:5", []string{"192.0.2.9"}, "192.0.2.9"},
		{"through one beside us, and says otherwise", "10.0.0.2:5", []string{"192.0.2.8, 192.0.2.7", "192.0.2.9"}, "192.0.2.9"},
		{"through one that does not say", "[::1]:5", nil, ""},
		{"through one that talks nonsense", "127.0.0.1:5", []string{"192.0.2.9, unknown"}, ""},
		{"from our own network", "192.168.1.7:5", nil, "192.168.1.7"},
		{"from nowhere", "@", nil, ""},
	} {
		var want netip.Addr
		if c.want != "" {
			want = netip.MustParseAddr(c.want)
		}
		r := &http.Request{RemoteAddr: c.remote, Header: http.Header{"X-Forwarded-For": c.forwarded}}
		if got := addressOf(r); got != want {
			t.Errorf("%s: %v, not %v", c.name, got, want)
		}
	}
}
