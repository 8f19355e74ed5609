//go:build linux

package main

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"slices"

	"github.com/shoal-p2p/shoal/scripts/netlab/link"
	"github.com/shoal-p2p/shoal/scripts/netlab/netns"
	"github.com/shoal-p2p/shoal/scripts/netlab/router"
	"github.com/shoal-p2p/shoal/scripts/netlab/tun"
)

const (
	// maxHosts fits the last byte of an address.
	maxHosts = 200
	// txQueue is how many packets may wait for the router in a host's device. It
	// is no part of the model: it has to hold what comes while the router does
	// not get the processor.
	txQueue = 8192
)

// lab is a network that is up: hosts and what joins them. Nothing is carried
// before its router runs.
type lab struct {
	hosts  []host
	router *router.Router
}

// host is one of a lab.
type host struct {
	*router.Host
	name      string
	namespace string
	ip        string
}

// openLab makes the namespaces and devices of hosts. What labs have left that
// are no more is removed first.
func openLab(specs []spec, seed uint64) (*lab, error) {
	if len(specs) == 0 || len(specs) > maxHosts {
		return nil, fmt.Errorf("a lab has 1 to %d hosts", maxHosts)
	}
	netns.Sweep()
	l := &lab{}
	rng := rand.New(rand.NewPCG(seed, seed))
	for i, s := range specs {
		if slices.ContainsFunc(l.hosts, func(h host) bool { return h.name == s.name }) {
			l.close()
			return nil, fmt.Errorf("two hosts are called %s", s.name)
		}
		if err := l.add(i, s, rng); err != nil {
			l.close()
			return nil, err
		}
	}
	joined := make([]*router.Host, len(l.hosts))
	for i, h := range l.hosts {
		joined[i] = h.Host
	}
	var err error
	if l.router, err = router.New(joined); err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

// add makes host number i.
func (l *lab) add(i int, s spec, rng *rand.Rand) error {
	address := [4]byte{10, 0, 0, byte(i + 1)}
	h := host{name: s.name, namespace: netns.Name(os.Getpid(), s.name), ip: netip.AddrFrom4(address).String()}
	if err := netns.IP("", "netns add "+h.namespace); err != nil {
		return err
	}
	h.Host = &router.Host{Address: address, Up: link.New(s.up, rng), Down: link.New(s.down, rng)}
	l.hosts = append(l.hosts, h)
	// Made here under a name of its own, it moves to where it is called eth0.
	device := fmt.Sprintf("lab%d.%d", os.Getpid(), i)
	var err error
	if h.Device, err = tun.Open(device); err != nil {
		return err
	}
	if err := netns.IP("", "link set dev "+device+" netns "+h.namespace+" name eth0"); err != nil {
		return err
	}
	return netns.IP(h.namespace,
		"link set dev lo up",
		"address add "+h.ip+"/24 dev eth0",
		fmt.Sprintf("link set dev eth0 mtu %d txqueuelen %d addrgenmode none up", router.MTU, txQueue),
		// A browser finds its own address by where packets for the world would go.
		"route add default dev eth0",
	)
}

// close removes everything. The router must not be running.
func (l *lab) close() {
	for _, h := range l.hosts {
		if h.Device != nil {
			h.Device.Close()
		}
		netns.Remove(h.namespace)
	}
}
