//go:build !js

package native_test

import (
	"testing"

	"github.com/shoal-p2p/shoal/core/client/porttest"
)

// TestMain expects that every goroutine has ended with its Close.
func TestMain(m *testing.M) { porttest.Main(m, func() {}) }
