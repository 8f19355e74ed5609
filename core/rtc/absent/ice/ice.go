// Package ice stands in for the module of that name in the .wasm. In a page the
// browser finds the way to a peer, and reads the URLs of servers and the text of
// candidates; pion/webrtc only names the agent's. The module itself would bring
// STUN, TURN, mDNS, DTLS and a network of its own.
package ice

import "errors"

// ErrPage: a page has no ICE agent but the browser's.
var ErrPage = errors.New("ice: not in a page")

// Candidate is an address that may reach a peer; there is none here.
type Candidate interface{ absent() }

// UnmarshalCandidate fails with ErrPage.
func UnmarshalCandidate(string) (Candidate, error) { return nil, ErrPage }

// The schemes of TURN servers.
const (
	SchemeTypeTURN Scheme = iota + 1
	SchemeTypeTURNS
)

// Scheme is that of a STUN or TURN server's URL.
type Scheme int

// URL is that of a STUN or TURN server.
type URL struct{ Scheme Scheme }

// ParseURL fails with ErrPage.
func ParseURL(string) (*URL, error) { return nil, ErrPage }
