//go:build !js

package announce

import (
	"net/http"
	"net/netip"
	"strings"
)

// addressOf says from which address a client comes; zero where a proxy does not
// say so. One before us connects from this machine or its network, and adds the
// address to X-Forwarded-For at the end. Others who come from there may name any
// address; they gain a quota by it, and no more.
func addressOf(r *http.Request) netip.Addr {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	addr := from.Addr().Unmap()
	if !addr.IsLoopback() && !addr.IsPrivate() {
		return addr
	}
	all := strings.Join(r.Header.Values("X-Forwarded-For"), ",")
	told, err := netip.ParseAddr(strings.TrimSpace(all[strings.LastIndexByte(all, ',')+1:]))
	switch {
	case err == nil:
		return told
	case addr.IsLoopback():
		return netip.Addr{}
	}
	return addr
}
