// Package porttest holds one contract test for each port of core/client. Every
// implementation runs it: in memory, on disk, in the browser. In come functions
// that make what is to be tested, out come failed tests. It reads no file and
// starts no server; what a socket or an HTTP port talks to is the caller's.
package porttest

import (
	"testing"
	"time"
)

// patience is how long a callback may take before it counts as missing. Only a
// failing test waits for so long.
const patience = 30 * time.Second

// await returns what comes out of a channel.
func await[T any](t *testing.T, what string, from <-chan T) T {
	t.Helper()
	select {
	case got := <-from:
		return got
	case <-time.After(patience):
		t.Fatalf("%s did not come within %v", what, patience)
		panic("not reached")
	}
}
