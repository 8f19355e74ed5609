package rtc

import (
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"strings"

	"github.com/shoal-p2p/shoal/core/client"
)

// bindingLabel keeps our hashes apart from any others of the same text.
const bindingLabel = "shoal connection binding 1\n\n"

// link is what we know of the connection that has opened.
func (c *conn) link() client.Link {
	offer, answer := c.local, c.remote
	if c.answering {
		offer, answer = answer, offer
	}
	return client.Link{Binding: bindingOf(offer, answer), Addr: remoteAddr(c.pc)}
}

// bindingOf is the SHA-256 of the label, the fingerprints of the offer, an empty
// line, and those of the answer. DTLS has compared each side's certificate with
// the fingerprint in what the other side was given (RFC 8827, 6.5); so a relay
// that puts itself between gives the two ends different bindings. It is zero
// where one side has no fingerprint, or something that may be read as one and
// is not.
func bindingOf(offer, answer string) (binding [32]byte) {
	offered, answered := fingerprints(offer), fingerprints(answer)
	if offered == "" || answered == "" {
		return binding
	}
	return sha256.Sum256([]byte(bindingLabel + offered + "\n" + answered))
}

// fingerprints returns a description's fingerprints (RFC 8122), each on a line,
// in their order, as "sha-256 0A:1B…". Nothing may hide from us that a platform
// might read: wherever the word stands, there must be a proper line.
func fingerprints(sdp string) string {
	var all strings.Builder
	for line := range strings.Lines(sdp) {
		if !strings.Contains(strings.ToLower(line), "fingerprint") {
			continue
		}
		value, ok := strings.CutPrefix(strings.TrimRight(line, "\r\n"), "a=fingerprint:")
		algorithm, digest, _ := strings.Cut(value, " ")
		if !ok || !isToken(algorithm) || !isDigest(digest) {
			return ""
		}
		all.WriteString(strings.ToLower(algorithm) + " " + strings.ToUpper(digest) + "\n")
	}
	return all.String()
}

// isToken reports whether a text is a name as hash functions have.
func isToken(s string) bool {
	return s != "" && strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// isDigest reports whether a text is bytes in hexadecimal with colons between.
func isDigest(s string) bool {
	for pair := range strings.SplitSeq(s, ":") {
		if b, err := hex.DecodeString(pair); err != nil || len(b) != 1 {
			return false
		}
	}
	return true
}

// addrOf reads the address of the candidate that the peer is reached by. That of
// a relay is not the peer's, and a name that hides an address (mDNS) is none.
func addrOf(candidateType, address string) netip.Addr {
	addr, err := netip.ParseAddr(address)
	if err != nil || candidateType == "relay" {
		return netip.Addr{}
	}
	return addr.Unmap().WithZone("")
}
