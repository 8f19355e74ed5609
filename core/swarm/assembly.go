package swarm

import (
	"bytes"
	"crypto/sha1"
	"fmt"
	"hash"
	"slices"
	"time"

	"github.com/shoal-p2p/shoal/core/id"
	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/wire"
)

const (
	// maxAssemblies bounds how many sizes are tried at once, and with it memory.
	maxAssemblies = 4
	// assemblyPatience is how long a size may keep others from being tried, and
	// assemblyPace how much longer for each piece that has come of it. Whoever
	// wants to be in the way for longer must send 160 KiB/s, and at the latest
	// after 10 MiB its hash is wrong.
	assemblyPatience = 15 * time.Second
	assemblyPace     = 100 * time.Millisecond
)

// assembly is the info dictionary as it comes together. It is fetched
//
//	together   from every peer that announced this size
//	alone      after a wrong hash, from one of those who had sent it, then from
//	           the next: so the one who lies is found
type assembly struct {
	size     int64
	pieces   [][]byte // nil where missing
	from     []*peer  // who sent each piece
	missing  int
	sum      hash.Hash // SHA-1 of the first summed pieces
	summed   int
	suspects []*peer // to be asked alone, the first of them now
	born     time.Time
}

// end is when an assembly gives way to sizes that wait.
func (a *assembly) end() time.Time {
	return a.born.Add(assemblyPatience + time.Duration(len(a.pieces)-a.missing)*assemblyPace)
}

// assembly returns the one for a size, a new one where there is room.
func (s *Swarm) assembly(size int64) *assembly {
	for _, a := range s.metadata.assemblies {
		if a.size == size {
			return a
		}
	}
	if len(s.metadata.assemblies) == maxAssemblies {
		return nil
	}
	a := &assembly{size: size, born: s.now}
	a.reset()
	s.metadata.assemblies = append(s.metadata.assemblies, a)
	s.wakeBy(a.end())
	return a
}

func (a *assembly) reset() {
	n := int((a.size + wire.MetadataPiece - 1) / wire.MetadataPiece)
	a.pieces, a.from, a.missing = make([][]byte, n), make([]*peer, n), n
	a.sum, a.summed = sha1.New(), 0
}

// put keeps piece i. What has come from the beginning on is hashed as it comes:
// 2 MB at once would hold up a page for 30 ms.
func (a *assembly) put(i int64, data []byte, from *peer) {
	a.pieces[i], a.from[i] = data, from
	a.missing--
	for a.summed < len(a.pieces) && a.pieces[a.summed] != nil {
		a.sum.Write(a.pieces[a.summed])
		a.summed++
	}
}

// length is that of piece i, in bytes.
func (a *assembly) length(i int64) int64 {
	return min(wire.MetadataPiece, a.size-i*wire.MetadataPiece)
}

// dropAssemblies makes room: it drops those that nobody announces any more, and
// those that have had their time while a size waits for its turn.
func (s *Swarm) dropAssemblies() {
	waiting := len(s.metadata.assemblies) == maxAssemblies && slices.ContainsFunc(s.order, func(p *peer) bool {
		return s.canAsk(p) && !slices.ContainsFunc(s.metadata.assemblies, func(a *assembly) bool { return a.size == p.ext.size })
	})
	s.metadata.assemblies = slices.DeleteFunc(s.metadata.assemblies, func(a *assembly) bool {
		a.suspects = slices.DeleteFunc(a.suspects, func(p *peer) bool { return p.gone || !s.canAsk(p) })
		end := a.end()
		if waiting && !s.now.Before(end) {
			s.restAll(a)
			return true
		}
		if s.now.Before(end) {
			s.wakeBy(end)
		}
		return !slices.ContainsFunc(s.order, func(p *peer) bool { return !p.gone && p.ext.size == a.size })
	})
}

// restAll puts the peers of an assembly behind those of other sizes.
func (s *Swarm) restAll(a *assembly) {
	for _, p := range s.order {
		if p.ext.size == a.size && !p.gone {
			s.restMetadata(p)
		}
	}
}

// assembled judges an assembly that is complete.
func (s *Swarm) assembled(a *assembly) {
	if id.ID(a.sum.Sum(nil)) != s.cfg.InfoHash {
		s.accuse(a)
		return
	}
	info, err := metainfo.ParseHashedInfo(s.cfg.InfoHash, bytes.Join(a.pieces, nil))
	if err != nil { // nobody lied: the torrent itself is of no use
		a.reset()
		s.fail(fmt.Errorf("metadata: %w", err))
		return
	}
	s.learn(info)
}

// accuse finds who sent wrong metadata: the sender, if it was one alone;
// otherwise all of them are tried one by one.
func (s *Swarm) accuse(a *assembly) {
	var senders []*peer
	for _, p := range a.from {
		if !slices.Contains(senders, p) {
			senders = append(senders, p)
		}
	}
	for _, p := range s.order {
		if p.ext.size == a.size {
			p.metadata.asked = nil
		}
	}
	a.reset()
	a.born = s.now // what is left of them gets the time anew
	if len(senders) > 1 {
		a.suspects = slices.DeleteFunc(senders, func(p *peer) bool { return p.gone })
		return
	}
	a.suspects = slices.DeleteFunc(a.suspects, func(p *peer) bool { return p == senders[0] })
	s.ban(senders[0].who(), wrongMetadata)
}
