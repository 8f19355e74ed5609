//go:build !js

package page

import (
	"encoding/json"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
)

// Config is what the page asks its host for.
type Config struct {
	Trackers   []string    `json:"trackers"`
	ICEServers []ICEServer `json:"iceServers"`
	Addresses  []string    `json:"addresses"` // of this page, for other devices of the network
	Version    string      `json:"version"`
}

// ICEServer has the shape of the browser's RTCIceServer.
type ICEServer struct {
	URLs string `json:"urls"`
}

// Describe answers for config.json. Whoever reached the page by some name or
// address reaches the tracker and the STUN server by the same.
type Describe struct {
	STUNPort  int             // 0 where there is no STUN server
	Addresses func() []string // URLs of this host in the local network
	Version   string
}

func (d Describe) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	host, ok := parseHost(r.Host)
	if !ok {
		http.Error(w, "the Host header is not a host", http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	json.NewEncoder(w).Encode(d.config(host, isSecure(r)))
}

func (d Describe) config(h host, secure bool) Config {
	scheme := "ws"
	if secure {
		scheme = "wss"
	}
	c := Config{
		Trackers:   []string{scheme + "://" + h.String() + "/announce"},
		ICEServers: []ICEServer{},
		Addresses:  []string{},
		Version:    d.Version,
	}
	if d.STUNPort != 0 {
		c.ICEServers = append(c.ICEServers, ICEServer{"stun:" + net.JoinHostPort(h.name, strconv.Itoa(d.STUNPort))})
	}
	// Our addresses in a local network are no business of the internet's.
	if h.isLocal() {
		c.Addresses = append(c.Addresses, d.Addresses()...)
	}
	return c
}

// isSecure reports whether the page came over TLS, to us or to a proxy before
// us. Who lies about it gets a wrong URL and harms nobody else.
func isSecure(r *http.Request) bool {
	return r.TLS != nil || strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https")
}

// host is a parsed Host header.
type host struct {
	name string // a name or an address, without brackets
	port string // "" where none was said
}

// parseHost checks a Host header: what it says goes into URLs.
func parseHost(header string) (host, bool) {
	h := host{name: header}
	if name, port, err := net.SplitHostPort(header); err == nil {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return host{}, false
		}
		h = host{name, port}
	} else if inner, ok := strings.CutPrefix(header, "["); ok {
		h.name, ok = strings.CutSuffix(inner, "]")
		if !ok {
			return host{}, false
		}
	}
	return h, isName(h.name) || isAddress(h.name)
}

func (h host) String() string {
	if h.port != "" {
		return net.JoinHostPort(h.name, h.port)
	}
	if strings.Contains(h.name, ":") {
		return "[" + h.name + "]"
	}
	return h.name
}

// isLocal reports whether a host is reached from here or its own network only.
func (h host) isLocal() bool {
	if address, err := netip.ParseAddr(h.name); err == nil {
		return address.IsLoopback() || address.IsPrivate() || address.IsLinkLocalUnicast()
	}
	name := strings.ToLower(strings.TrimSuffix(h.name, "."))
	return name == "localhost" || strings.HasSuffix(name, ".localhost") ||
		strings.HasSuffix(name, ".local") || !strings.Contains(name, ".")
}

func isAddress(text string) bool {
	address, err := netip.ParseAddr(text)
	return err == nil && address.Zone() == ""
}

// isName reports whether a text may be a DNS name (RFC 1123, and the underscore
// that some networks use).
func isName(text string) bool {
	if text == "" || len(text) > 253 {
		return false
	}
	for _, c := range []byte(text) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (c < '0' || c > '9') && c != '-' && c != '.' && c != '_' {
			return false
		}
	}
	return true
}
