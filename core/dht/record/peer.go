package record

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/shoal-p2p/shoal/core/id"
)

// Peer says that who signed it is in a swarm.
type Peer struct {
	InfoHash id.ID
	Key      id.Identity
	At       int64 // when it said so, in seconds of Unix time
	Seed     bool  // it has every piece
	Sig      id.Signature
}

// PeerSize is the length of a Peer in bytes, without the info hash:
//
//	key: 32 | at: 8 | flags: 1 (1 for a seed) | signature: 64
const PeerSize = 32 + 8 + 1 + 64

// peerLabel begins what is signed, so that no signature made for another purpose
// fits.
const peerLabel = "shoal peer 1"

// SignPeer says that the holder of a key is in a swarm now.
func SignPeer(key id.KeyPair, infoHash id.ID, seed bool, now time.Time) Peer {
	p := Peer{InfoHash: infoHash, Key: key.Identity(), At: now.Unix(), Seed: seed}
	p.Sig = key.Sign(p.statement())
	return p
}

// statement is what is signed: label | info hash | key | at | flags.
func (p Peer) statement() []byte {
	b := append([]byte(peerLabel), p.InfoHash[:]...)
	return p.appendFacts(b)
}

func (p Peer) appendFacts(b []byte) []byte {
	b = append(b, p.Key[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(p.At))
	if p.Seed {
		return append(b, 1)
	}
	return append(b, 0)
}

// Bytes is the record as messages carry it.
func (p Peer) Bytes() []byte {
	return append(p.appendFacts(make([]byte, 0, PeerSize)), p.Sig[:]...)
}

// ParsePeer reads what Bytes wrote, of a swarm. It does not judge the signature.
func ParsePeer(infoHash id.ID, b []byte) (Peer, error) {
	if len(b) != PeerSize || b[40] > 1 {
		return Peer{}, fmt.Errorf("%w: a peer of %d bytes", ErrForm, len(b))
	}
	return Peer{
		InfoHash: infoHash,
		Key:      id.Identity(b[:32]),
		At:       int64(binary.BigEndian.Uint64(b[32:])),
		Seed:     b[40] == 1,
		Sig:      id.Signature(b[41:]),
	}, nil
}

// ID is the peer's node id.
func (p Peer) ID() id.ID { return p.Key.ID() }

// Target is the info hash.
func (p Peer) Target() id.ID { return p.InfoHash }

// Check is ErrSignature or nil.
func (p Peer) Check() error {
	if !p.Key.Verify(p.statement(), p.Sig) {
		return ErrSignature
	}
	return nil
}

// In reports whether the record is of this time.
func (p Peer) In(now time.Time) bool {
	age := now.Unix() - p.At
	return age >= -int64(Skew/time.Second) && age < int64(PeerLife/time.Second)
}

func (p Peer) sub() id.ID { return p.ID() }
func (p Peer) seq() int64 { return p.At }
func (p Peer) size() int  { return id.Size + PeerSize }
func (p Peer) same(o Record) bool {
	other, is := o.(Peer)
	return is && p == other
}
