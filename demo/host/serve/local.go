//go:build !js

package serve

import (
	"net"
	"net/netip"
	"strings"
)

// inside are the beginnings of names of interfaces that lead to containers and
// virtual machines of this machine, not to other devices.
var inside = []string{"docker", "br-", "veth", "virbr", "cni", "vmnet", "vboxnet"}

// localAddresses lists the IPv4 addresses of this machine in local networks. A
// person types one of them into a phone, so those of IPv6 are left out.
func localAddresses() []netip.Addr {
	interfaces, err := net.Interfaces()
	if err != nil {
		return nil // there is nothing to show then
	}
	var found []netip.Addr
	for _, i := range interfaces {
		if i.Flags&net.FlagUp == 0 || i.Flags&net.FlagLoopback != 0 || isInside(i.Name) {
			continue
		}
		addresses, err := i.Addrs()
		if err != nil {
			continue
		}
		for _, a := range addresses {
			prefix, err := netip.ParsePrefix(a.String())
			if err == nil && prefix.Addr().Is4() && prefix.Addr().IsPrivate() {
				found = append(found, prefix.Addr())
			}
		}
	}
	return found
}

func isInside(name string) bool {
	for _, beginning := range inside {
		if strings.HasPrefix(name, beginning) {
			return true
		}
	}
	return false
}
