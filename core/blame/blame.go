// Package blame knows who lied. Audit finds out who sent which corrupt block of
// one torrent; Book remembers, for a whole client, who is banned, what others
// have on their account, and who has proved himself. In come hashes of blocks,
// senders and violations, out come verdicts. It drops no connection.
package blame

import (
	"encoding/binary"
	"net/netip"

	"github.com/shoal-p2p/shoal/core/id"
)

// Who is everything that is known of a peer. It goes by its identity where it
// has one, otherwise by its peer id; without either it is nobody: neither
// accused, nor banned, nor proven.
type Who struct {
	Peer     id.ID       // its peer id, which it may change at will
	Identity id.Identity // proved for the connection; zero where it has none
	Addr     netip.Addr  // zero where unknown; others may share it
	Conn     uint64      // its connection; zero where unknown
}

// key is what something is remembered by: a kind, then up to 32 bytes.
type key [1 + len(id.Identity{})]byte

// The kinds of keys.
const (
	byIdentity = 1 + iota
	byPeerID
	byAddr
)

// The key of nobody and of nowhere is zero.
func keyOf(kind byte, name []byte) (k key) {
	k[0] = kind
	copy(k[1:], name)
	return k
}

// name is the key that a peer goes by. A peer id counts only where there is no
// identity: anyone may take the peer id of an honest peer that has one.
func (w Who) name() key {
	switch {
	case !w.Identity.IsZero():
		return keyOf(byIdentity, w.Identity[:])
	case !w.Peer.IsZero():
		return keyOf(byPeerID, w.Peer[:])
	}
	return key{}
}

// hand is the key of who sent something. Where there is no identity, two
// connections with one peer id are two: the second may be the one whose peer id
// the first has taken.
func (w Who) hand() key {
	k := w.name()
	if k[0] == byPeerID {
		binary.BigEndian.PutUint64(k[1+id.Size:], w.Conn)
	}
	return k
}

// Same reports whether two are certainly one and the same sender, whatever peer
// ids and addresses they show.
func (w Who) Same(o Who) bool { return w.hand() == o.hand() }

// proof is the key of a peer's history: its identity alone. What one without has
// proved is its connection's, as the next to come under its peer id may be
// another.
func (w Who) proof() key {
	if w.Identity.IsZero() {
		return key{}
	}
	return w.name()
}

// sitePrefix is how much of an IPv6 address counts, in bytes: the rest is the
// holder's to choose (RFC 4291, 2.5.4).
const sitePrefix = 8

// site is the key of a peer's address.
func (w Who) site() key {
	addr := w.Addr.Unmap()
	if !addr.IsValid() {
		return key{}
	}
	name := addr.AsSlice()
	return keyOf(byAddr, name[:min(len(name), sitePrefix)])
}
