package client_test

import (
	"testing"

	"github.com/shoal-p2p/shoal/core/client"
	"github.com/shoal-p2p/shoal/core/client/porttest"
)

func TestMemoryDialer(t *testing.T) {
	var shared *client.MemoryDialer
	porttest.Dialer(t, func() client.Dialer {
		// Both dialers of a story are one.
		if shared == nil {
			shared = client.NewMemoryDialer()
			return shared
		}
		second := shared
		shared = nil
		return second
	})
}
