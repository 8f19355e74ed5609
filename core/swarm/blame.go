package swarm

import (
	"crypto/sha1"
	"errors"
	"slices"

	"github.com/shoal-p2p/shoal/core/blame"
	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/picker"
)

// maxFaults is how many pieces in a row the store may give back other than they
// were written, before it is taken to be broken.
const maxFaults = 3

var errStoreLies = errors.New("the store does not keep what is written to it")

// What a user reads of a liar.
const (
	corruptPiece  = "sent a corrupt piece"
	corruptBlock  = "sent a corrupt block"
	wrongMetadata = "sent wrong metadata"
	shutOut       = "was banned before"
)

// source is who sends blocks, a *peer or a *webSeed: the Owner of each of the
// picker's peers, also after it has left.
type source interface {
	who() blame.Who
	// withdraw: another has sent a block that this one was asked for.
	withdraw(s *Swarm, b metainfo.Block)
	// vouch: a piece of which it sent blocks was right.
	vouch(s *Swarm)
}

// audits is how liars are found. A piece that is wrong is read back before it is
// fetched again, one at a time: so it is known whether the store holds what was
// sent. If all of it came from one source, that source has lied. Otherwise the
// hashes of its blocks are kept until the piece is right, which is then read
// once more, to be compared with them.
type audits struct {
	*blame.Audit
	queue   []metainfo.PieceIndex // to be read, each once
	reading bool                  // whether the first is
	faults  int                   // of the store, in a row
}

// arrived takes a block: the first copy is kept, others are compared with it.
func (s *Swarm) arrived(from *picker.Peer, b metainfo.Block, data []byte) {
	arrival := s.picker.Arrived(from, b)
	for _, slower := range arrival.Cancel {
		slower.Owner.(source).withdraw(s, b)
	}
	if arrival.Fresh {
		s.keep(b, data, arrival.Complete)
		return
	}
	s.wasted += int64(len(data))
	s.compare(b, data, from.Owner.(source).who())
}

// compare looks at a block that came beside the one that was kept. Once the
// piece is verified whoever sent another block has lied; before that either of
// the two has.
func (s *Swarm) compare(b metainfo.Block, data []byte, from blame.Who) {
	of := s.store.recent.pieces[b.Piece]
	w := s.store.pieces[b.Piece]
	if w != nil {
		of = w.sums
	}
	n, ok := s.info.Layout.Number(b)
	if !ok || of == nil || of[n] == 0 || of[n] == s.summer.of(data) {
		return
	}
	if w == nil {
		s.ban(from, corruptBlock)
		return
	}
	s.audits.Suspect(b, data, from)
}

// wrong takes a piece whose hash is wrong. The picker holds it until it is read.
func (s *Swarm) wrong(i metainfo.PieceIndex, w *piece) {
	s.wasted += int64(s.info.Layout.Piece(i).Length)
	w.verifying, w.wrong = false, true
	s.audit(i)
}

// right takes a piece whose hash is right.
func (s *Swarm) right(i metainfo.PieceIndex, w *piece, senders []*picker.Peer) {
	delete(s.store.pieces, i)
	s.store.recent.remember(i, w.sums)
	s.audits.faults = 0
	for _, sender := range senders {
		sender.Owner.(source).vouch(s)
	}
	if s.audits.Open(i) {
		s.audit(i)
	}
}

// audit has a piece read.
func (s *Swarm) audit(i metainfo.PieceIndex) {
	if !slices.Contains(s.audits.queue, i) {
		s.audits.queue = append(s.audits.queue, i)
		s.nextAudit()
	}
}

func (s *Swarm) nextAudit() {
	if s.audits.reading || len(s.audits.queue) == 0 {
		return
	}
	s.audits.reading = true
	s.emit(Read{s.info.Layout.Piece(s.audits.queue[0])})
}

// read takes an answer of the store to whoever waits for it: an audit, those who
// are served, or both. If it was asked for twice, the second answer finds nobody.
func (s *Swarm) read(ev ReadDone) {
	if !s.audits.reading || s.audits.queue[0] != ev.Piece {
		s.readDone(ev)
		return
	}
	s.audits.reading, s.audits.queue = false, s.audits.queue[1:]
	if ev.Err == nil && len(ev.Data) != s.info.Layout.Piece(ev.Piece).Length {
		ev.Err = errStoreLies
	}
	if ev.Err != nil {
		ev.Data = nil
		s.fail(ev.Err)
	}
	if w := s.store.pieces[ev.Piece]; w != nil && w.wrong {
		s.auditWrong(ev.Piece, w, ev.Data)
	} else {
		s.auditRight(ev.Piece, ev.Data)
	}
	s.readDone(ev)
	s.nextAudit()
}

// auditWrong finds who is at fault for a piece, and has it fetched again. data
// is nil where it cannot be read.
func (s *Swarm) auditWrong(i metainfo.PieceIndex, w *piece, data []byte) {
	senders := s.picker.Senders(i)
	delete(s.store.pieces, i)
	s.picker.Failed(i)
	s.requests.refill = true
	switch {
	case data == nil:
	case s.isRight(i, data), !s.summer.holds(w.sums, data):
		s.storeLied()
	default:
		s.accuseSenders(i, data, senders)
	}
}

func (s *Swarm) storeLied() {
	if s.audits.faults++; s.audits.faults >= maxFaults {
		s.audits.faults = 0
		s.fail(errStoreLies)
	}
}

func (s *Swarm) accuseSenders(i metainfo.PieceIndex, data []byte, senders []*picker.Peer) {
	each := make([]blame.Who, len(senders))
	var all []blame.Who
	for n, sender := range senders {
		if sender == nil {
			continue // padding
		}
		each[n] = sender.Owner.(source).who()
		if !slices.ContainsFunc(all, each[n].Same) {
			all = append(all, each[n])
		}
	}
	switch len(all) {
	case 0:
		s.storeLied() // or the torrent is of no use: its padding is wrong
	case 1:
		s.ban(all[0], corruptPiece)
	default:
		s.audits.Failed(i, data, each)
		s.suspect(i, senders)
	}
}

// auditRight judges with a piece that was verified. What the store gives is
// proved once more: it may not be what was verified, and then accuses nobody.
func (s *Swarm) auditRight(i metainfo.PieceIndex, data []byte) {
	if !s.isRight(i, data) {
		data = nil
	}
	for _, liar := range s.audits.Judge(i, data) {
		s.ban(liar, corruptBlock)
	}
}

func (s *Swarm) isRight(i metainfo.PieceIndex, data []byte) bool {
	return data != nil && sha1.Sum(data) == s.info.Digests[i]
}

// ban shuts a liar out, wherever it is now. A peer id is spared that another
// connection has made good: the liar has only taken it.
func (s *Swarm) ban(who blame.Who, reason string) {
	if w := s.webSeedOf(who); w != nil {
		s.endWebSeed(w, errors.New(reason))
		return
	}
	liar := s.peers[Peer(who.Conn)]
	if liar != nil {
		who = liar.who() // it may have proved an identity since it lied
	}
	spared := s.madeGood(who)
	if !s.cfg.Book.Banned(s.now, who) && (liar != nil || !spared) {
		if !spared {
			s.cfg.Book.Ban(s.now, who)
		}
		s.emit(Banned{who, reason})
	}
	for _, p := range s.order {
		if !p.gone && (p == liar || s.bound(p)) {
			s.drop(p, reason)
		}
	}
}

// madeGood reports whether a peer without identity has the peer id of another
// connection that has proved itself.
func (s *Swarm) madeGood(who blame.Who) bool {
	return who.Identity.IsZero() && slices.ContainsFunc(s.order, func(p *peer) bool {
		return !p.gone && p.name == who.Peer && p.id != Peer(who.Conn) && p.provenNameless()
	})
}

// bound reports whether a ban holds for a peer that is here. That of a peer id
// holds for no connection that has proved itself: anyone can take a peer id, in
// this torrent or another, and lie under it.
func (s *Swarm) bound(p *peer) bool {
	return s.cfg.Book.Banned(s.now, p.who()) && !p.provenNameless()
}

// provenNameless reports whether a peer has no identity, and a connection that
// has proved itself.
func (p *peer) provenNameless() bool { return p.proven && p.identity.IsZero() }
