//go:build !js

package page

import (
	"net/url"
	"testing"
)

// FuzzParseHost expects that whatever is taken for a host is one in a URL too:
// it goes into those that the page is told.
func FuzzParseHost(f *testing.F) {
	for _, header := range []string{"localhost:8080", "192.168.1.7", "[fe80::1]:80", "[::1]", "a_b.example.", "x/y", "user@x", "[", "::1", "a:b:1"} {
		f.Add(header)
	}
	f.Fuzz(func(t *testing.T, header string) {
		h, ok := parseHost(header)
		if !ok {
			return
		}
		u, err := url.Parse("ws://" + h.String() + "/announce")
		if err != nil || u.Hostname() != h.name || u.Port() != h.port || u.User != nil || u.Path != "/announce" {
			t.Errorf("%q became %q: %v, %v", header, h.String(), u, err)
		}
	})
}
