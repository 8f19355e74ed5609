//go:build !js

package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
)

func TestExitCodesAndWhereTheWordsGo(t *testing.T) {
	over, cancel := context.WithCancel(t.Context())
	cancel()
	cases := []struct {
		args           []string
		code           int
		stdout, stderr string
	}{
		{[]string{"-addr", "127.0.0.1:0"}, 0, "Shoal is at http://localhost:", ""},
		{[]string{"-help"}, 0, "SHOAL_STUN_ADDR", ""},
		{[]string{"help"}, 0, "Usage: host [flags]", ""},
		{[]string{"seed", "-help"}, 0, "Usage: host seed", ""},
		{[]string{"fetch", "-help"}, 0, "Usage: host fetch", ""},
		{[]string{"nonsense"}, 2, "", "not a command"},
		{[]string{"-nonsense"}, 2, "", "host -help"},
		{[]string{"seed"}, 2, "", "host seed -help"},
		{[]string{"fetch"}, 2, "", "host fetch -help"},
		{[]string{"-addr", "nonsense"}, 1, "", "not an address"},
		{[]string{"seed", "-tracker", "", "-stun", "", "/not/there"}, 1, "", "/not/there"},
	}
	for _, c := range cases {
		var stdout, stderr bytes.Buffer
		code := run(over, c.args, &stdout, &stderr)
		if code != c.code || !strings.Contains(stdout.String(), c.stdout) || !strings.Contains(stderr.String(), c.stderr) {
			t.Errorf("host %q: %d\n%s\n%s", c.args, code, &stdout, &stderr)
		}
		if (c.code == 0) != (stderr.Len() == 0) {
			t.Errorf("host %q: %d and on stderr %q", c.args, code, &stderr)
		}
	}
}
