package tracker

import "net/netip"

// Client is the handle of one socket at a Registry, chosen by the caller and
// never used twice.
type Client uint64

// RegistryEvent is what may happen to a Registry: one of the structs below.
type RegistryEvent interface{ registryEvent() }

type (
	// Joined: a client's socket is open. Where Address is zero, as behind a proxy,
	// nothing is bounded by it.
	Joined struct {
		Client  Client
		Address netip.Addr
	}
	// Said: a text message came from a client.
	Said struct {
		Client Client
		Data   []byte
	}
	// Left: a client's socket is gone. Answers Disconnect too.
	Left struct{ Client Client }
	// RegistryTick: the time of Deadline has come.
	RegistryTick struct{}
)

func (Joined) registryEvent()       {}
func (Said) registryEvent()         {}
func (Left) registryEvent()         {}
func (RegistryTick) registryEvent() {}

// RegistryEffect is what a Registry asks for: one of the structs below.
type RegistryEffect interface{ registryEffect() }

type (
	// Reply sends a text message to a client. Whoever carries it out bounds what
	// waits for a client that does not read, and disconnects it beyond that.
	Reply struct {
		Client Client
		Data   []byte
	}
	// Disconnect closes a client's socket; the registry has forgotten the client
	// already. Answered by Left.
	Disconnect struct {
		Client Client
		Reason string
	}
)

func (Reply) registryEffect()      {}
func (Disconnect) registryEffect() {}
