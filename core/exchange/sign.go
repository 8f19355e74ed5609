package exchange

import (
	"crypto/sha256"

	"github.com/shoal-p2p/shoal/core/id"
)

// label begins everything that is signed here, so that no signature made for
// another purpose fits.
const label = "shoal meet 1"

// digest is the SHA-256 of a description; zero where there is none.
type digest [sha256.Size]byte

func digestOf(sdp string) digest { return sha256.Sum256([]byte(sdp)) }

// statement is what the sender of an offer or answer signs:
//
//	label | kind: 1 byte | info hash: 20 | from: 20 | to: 20 | offer id: 20 |
//	SHA-256 of the description: 32 | SHA-256 of the offer's description: 32
//
// of which the last is there in an answer only, so that it fits one offer.
func statement(infoHash id.ID, m message, offered digest) []byte {
	b := append([]byte(label), byte(m.kind))
	b = append(b, infoHash[:]...)
	b = append(b, m.from[:]...)
	b = append(b, m.to[:]...)
	b = append(b, m.offerID[:]...)
	own := digestOf(m.sdp)
	b = append(b, own[:]...)
	if m.kind == answer {
		b = append(b, offered[:]...)
	}
	return b
}

// sign puts our key and signature into an offer or answer.
func (x *Exchange) sign(infoHash id.ID, m message, offered digest) message {
	m.key = x.cfg.Key.Identity()
	m.sig = x.cfg.Key.Sign(statement(infoHash, m, offered))
	return m
}

// signed reports whether who an offer or answer names has signed it.
func signed(infoHash id.ID, m message, offered digest) bool {
	return m.key.Verify(statement(infoHash, m, offered), m.sig)
}
