//go:build !js

package native

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"syscall"

	"github.com/shoal-p2p/shoal/core/client"
)

// ErrLocal says that a URL of a stranger leads into our own network. From there
// a request would reach what its writer does not: a router's page, a database,
// the keys of a machine in a cloud.
var ErrLocal = errors.New("a URL that came with a link or a torrent leads into the own network, where it may not ask")

// border is the transport of HTTP and of Sockets. It has connections for
// strangers' URLs alone, none of which leads into our own network: what is judged
// is the address that is dialled, whatever name it goes by.
type border struct {
	own, strangers *http.Transport
	proxy          func(*http.Request) (*url.URL, error)
	open           bool // it lets everything pass
}

// newBorder makes a border of two transports, which differ in their dialers.
func newBorder(transport func(net.Dialer) *http.Transport) *border {
	b := &border{
		proxy: http.ProxyFromEnvironment,
		own:   transport(net.Dialer{}),
		strangers: transport(net.Dialer{Control: func(_, address string, _ syscall.RawConn) error {
			to, err := netip.ParseAddrPort(address)
			if err != nil {
				return err
			}
			return judge(to.Addr())
		}}),
	}
	b.own.Proxy = func(r *http.Request) (*url.URL, error) { return b.proxy(r) }
	return b
}

// RoundTrip sends a request, each of several that redirect. Through a proxy that
// the operator has set nothing is known but what the URL says.
func (b *border) RoundTrip(r *http.Request) (*http.Response, error) {
	if b.open || isOwn(r) {
		return b.own.RoundTrip(r)
	}
	proxy, err := b.proxy(r)
	if err != nil {
		return nil, err
	}
	if proxy == nil {
		return b.strangers.RoundTrip(r)
	}
	if addr, err := netip.ParseAddr(r.URL.Hostname()); err == nil {
		if err := judge(addr); err != nil {
			return nil, err
		}
	}
	return b.own.RoundTrip(r)
}

func (b *border) CloseIdleConnections() {
	b.own.CloseIdleConnections()
	b.strangers.CloseIdleConnections()
}

// isOwn reports whether our own user has named a host: not who wrote a torrent,
// nor the server to which he was led.
func isOwn(r *http.Request) bool {
	named := r
	for named.Response != nil { // it was redirected
		named = named.Response.Request
	}
	return named.URL.Host == r.URL.Host && !client.IsOfStranger(r.Context())
}

// reserved is what netip does not know to be nobody's in the internet
// (RFC 6890): this network, carriers' NATs, protocols' and benchmarks' own.
var reserved = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"),
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("fec0::/10"),
}

// translated begins IPv6 addresses whose last four bytes are an IPv4 address
// (RFC 6052).
var translated = netip.MustParsePrefix("64:ff9b::/96")

// judge refuses addresses in our own network.
func judge(addr netip.Addr) error {
	addr = addr.Unmap().WithZone("")
	if translated.Contains(addr) {
		last := addr.As16()
		addr = netip.AddrFrom4([4]byte(last[12:]))
	}
	if !addr.IsGlobalUnicast() || addr.IsPrivate() ||
		slices.ContainsFunc(reserved, func(p netip.Prefix) bool { return p.Contains(addr) }) {
		return fmt.Errorf("%v: %w", addr, ErrLocal)
	}
	return nil
}
