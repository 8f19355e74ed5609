package porttest

import (
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"testing"
	"time"
)

// Main is the TestMain of a package whose Close and Stop leave nothing behind:
// it runs the tests, then tidy, and fails where a goroutine is left that does
// not end within ten seconds.
func Main(m *testing.M, tidy func()) {
	code := m.Run()
	tidy()
	for deadline := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > 1; runtime.Gosched() {
		if time.Now().After(deadline) {
			fmt.Fprintln(os.Stderr, "goroutines are left:")
			pprof.Lookup("goroutine").WriteTo(os.Stderr, 1)
			os.Exit(1)
		}
	}
	os.Exit(code)
}
