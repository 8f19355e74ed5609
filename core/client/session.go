package client

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shoal-p2p/shoal/core/bitfield"
	"github.com/shoal-p2p/shoal/core/id"
	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/session"
	"github.com/shoal-p2p/shoal/core/swarm"
)

// Session keeps records, opaque bytes by name, beyond the life of a client.
type Session interface {
	// Load returns every record. New asks for it once.
	Load() (map[string][]byte, error)
	// Keep puts a record in place of the one of that name, whole or not at all, or
	// takes it away where data is nil. It returns at once; of one name what is
	// asked for last is what stays.
	Keep(name string, data []byte)
}

const (
	// keepEvery is how long what has changed may wait before it is kept. At
	// 25 MB/s that is 6 MB, which a crash makes us fetch again at worst.
	keepEvery = 250 * time.Millisecond

	// Names of records: one is the client's, two are each torrent's, by its info
	// hash.
	selfName      = "self"
	torrentSuffix = ".torrent"
	piecesSuffix  = ".pieces"
)

// memory is the client's side of its session. But for resumed and faults, which
// do not change after New's first turn, it belongs to the client's goroutine.
type memory struct {
	port    Session // nil where nothing is kept
	records []record
	foreign map[id.ID]bool // whose records are of another version, and stay
	keepAt  time.Time      // when what has changed is kept; zero where nothing has
	resumed []*Torrent
	faults  []*Error
}

// record is what was kept of one torrent.
type record struct {
	torrent session.Torrent
	pieces  *session.Pieces // nil for none
}

// recall reads the session and returns the seed of the client's key: the one of
// the session, or a new one, which it keeps. Where the session is of another
// version all of it is left alone, and nothing kept.
func (m *memory) recall(port Session, seed [32]byte) [32]byte {
	if port == nil {
		return seed
	}
	m.foreign = make(map[id.ID]bool)
	records, err := port.Load()
	if err != nil {
		m.fault("", err)
		return seed
	}
	self, err := session.ParseSelf(records[selfName])
	switch {
	case err == nil:
		seed = self.Seed
	case errors.Is(err, session.ErrVersion):
		m.fault(selfName, err)
		return seed
	case records[selfName] != nil:
		m.fault(selfName, err)
	}
	m.port = port
	if err != nil {
		port.Keep(selfName, session.Self{Seed: seed}.Encode())
	}
	for name, data := range records { // order-free: sorted below
		if hash, ok := strings.CutSuffix(name, torrentSuffix); ok {
			m.read(hash, data, records[hash+piecesSuffix])
		}
	}
	slices.SortFunc(m.records, func(a, b record) int {
		return cmp.Or(cmp.Compare(a.torrent.Added, b.torrent.Added), a.torrent.InfoHash.Compare(b.torrent.InfoHash))
	})
	return seed
}

// read takes the records of one torrent. Without what is known of its pieces it
// is checked like any other that lies in a store.
func (m *memory) read(name string, data, pieces []byte) {
	hash, err := id.FromHex(name)
	if err != nil {
		m.fault(name, err)
		return
	}
	t, err := session.ParseTorrent(data)
	if err == nil && t.InfoHash != hash {
		err = fmt.Errorf("%w: it is of another torrent", session.ErrInvalid)
	}
	if err != nil {
		m.foreign[hash] = errors.Is(err, session.ErrVersion)
		m.fault(name, err)
		return
	}
	r := record{torrent: t}
	if t.Info != nil && pieces != nil {
		known, err := session.ParsePieces(pieces, t.Info.Layout.Pieces())
		if err != nil {
			m.fault(name, err)
		} else {
			r.pieces = &known
		}
		if errors.Is(err, session.ErrVersion) {
			m.foreign[hash] = true
			return
		}
	}
	m.records = append(m.records, r)
}

func (m *memory) fault(name string, err error) {
	m.faults = append(m.faults, &Error{CodeSession, fmt.Errorf("the session's record %q: %w", name, err)})
}

// Resumed lists the torrents that the client's session has brought back, and
// what was wrong with it.
func (c *Client) Resumed() ([]*Torrent, []*Error) {
	if !c.call(func() {}) {
		return nil, nil
	}
	return c.memory.resumed, c.memory.faults
}

// resume brings every torrent of the session back.
func (c *Client) resume() {
	for _, r := range c.memory.records {
		t, err := c.start(c.planOf(r))
		if err != nil {
			return // the client is closing
		}
		t.sequential, t.userPaused, t.up, t.down = r.torrent.Sequential, r.torrent.Paused, r.torrent.Up, r.torrent.Down
		if t.userPaused {
			t.tell(swarm.Pause{})
		}
		if t.sequential {
			t.tell(swarm.Order{Sequential: true})
		}
		if t.up > 0 || t.down > 0 {
			c.limit(t)
		}
		if r.torrent.Info == nil {
			c.fetchSources(t, t.sources)
		}
		c.memory.resumed = append(c.memory.resumed, t)
	}
	c.memory.records = nil
}

func (c *Client) planOf(r record) plan {
	p := plan{
		infoHash:  r.torrent.InfoHash,
		name:      r.torrent.Name,
		comment:   r.torrent.Comment,
		trackers:  r.torrent.Trackers,
		webSeeds:  r.torrent.WebSeeds,
		named:     r.torrent.Named,
		sources:   r.torrent.Sources,
		info:      r.torrent.Info,
		openStore: c.cfg.OpenStore,
		past:      r.pieces,
		added:     r.torrent.Added,
	}
	if r.torrent.Defaults {
		p.defaults = c.cfg.Trackers
	}
	if selection := r.torrent.Priority; selection != nil {
		p.choose = func(*metainfo.Info) []Priority { return prioritiesOf(selection) }
	}
	return p
}

// prioritiesOf and bytesOf turn a selection into its record and back.
func prioritiesOf(selection []byte) []Priority {
	priority := make([]Priority, len(selection))
	for i, p := range selection {
		priority[i] = Priority(p)
	}
	return priority
}

func bytesOf(priority []Priority) []byte {
	if priority == nil {
		return nil
	}
	selection := make([]byte, len(priority))
	for i, p := range priority {
		selection[i] = byte(p)
	}
	return selection
}

// Persist keeps at once what has changed and would be kept a little later: the
// page may be about to end.
func (c *Client) Persist() { c.mail.post(c.keepAll) }

// keepSoon has what has changed of a torrent kept: what it is, where renewed,
// otherwise its pieces.
func (c *Client) keepSoon(t *Torrent, renewed bool) {
	t.renewed = t.renewed || renewed
	t.moved = true
	if c.memory.port != nil && c.memory.keepAt.IsZero() {
		c.memory.keepAt = time.Now().Add(keepEvery)
	}
}

// keepDue keeps what has changed, when it is time.
func (c *Client) keepDue(now time.Time) {
	if !c.memory.keepAt.IsZero() && !c.memory.keepAt.After(now) {
		c.keepAll()
	}
}

func (c *Client) keepAll() {
	c.memory.keepAt = time.Time{}
	for _, t := range c.Torrents() {
		c.keep(t)
	}
}

// isKept reports whether a torrent has records. One whose bytes the session
// could not find again has none: what is seeded, and what lies in a store of its
// own. Nor has one whose files are chosen before they are known: no record can
// hold that.
func (c *Client) isKept(t *Torrent) bool {
	undecided := t.Info() == nil && (t.choose != nil || t.Selection() != nil)
	return c.memory.port != nil && !t.apart && !c.memory.foreign[t.infoHash] && !undecided
}

// keep writes what has changed of a torrent. What is verified lies in the store
// by then; pieces that were had are kept as they are until the store is open.
func (c *Client) keep(t *Torrent) {
	if !c.isKept(t) {
		return
	}
	if t.renewed {
		t.renewed = false
		c.memory.port.Keep(t.infoHash.String()+torrentSuffix, t.record().Encode())
	}
	s := c.node.Swarm(t.infoHash)
	if !t.moved || s == nil || s.Pieces() == nil {
		return
	}
	t.moved = false
	pieces := session.Pieces{Have: s.Pieces(), Writing: s.Writing(), Time: time.Now().Unix()}
	c.memory.port.Keep(t.infoHash.String()+piecesSuffix, pieces.Encode())
}

// unkeep takes a torrent's records away. Its bytes go later, if they do: a crash
// in between leaves bytes without a record, and no record without bytes.
func (c *Client) unkeep(t *Torrent) {
	if c.isKept(t) {
		c.memory.port.Keep(t.infoHash.String()+torrentSuffix, nil)
		c.memory.port.Keep(t.infoHash.String()+piecesSuffix, nil)
	}
}

func (t *Torrent) record() session.Torrent {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := session.Torrent{
		InfoHash:   t.infoHash,
		Info:       t.info,
		Name:       t.name,
		Comment:    t.comment,
		Trackers:   t.trackers,
		Defaults:   t.defaults != nil,
		WebSeeds:   t.webSeeds,
		Named:      t.named,
		Sources:    t.sources,
		Sequential: t.sequential,
		Paused:     t.userPaused,
		Up:         t.up,
		Down:       t.down,
		Added:      t.added,
	}
	if t.info != nil {
		r.Priority = bytesOf(t.priority)
	}
	return r
}

// Selection is how much each file is wanted, nil for all alike.
func (t *Torrent) Selection() []Priority {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.priority)
}

// chose notes a selection.
func (t *Torrent) chose(priority []Priority) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.priority = slices.Clone(priority)
}

// stock finds out what a store holds that is not fresh: by the session, and by
// hashing what was being written at its end; or by hashing all. Doubted is what
// only the session says.
func (t *Torrent) stock(store Store, info *metainfo.Info) (have, doubted *bitfield.Bitfield, err error) {
	have = bitfield.New(info.Layout.Pieces())
	if t.past == nil {
		return have, nil, check(t.ctx, store, info, have)
	}
	doubted = t.past.Have
	err = hashSome(t.ctx, store, info.Layout, indexes(t.past.Writing), func(p metainfo.Piece, digest metainfo.Digest) {
		if digest == info.Digests[p.Index] {
			have.Set(int(p.Index))
		}
	})
	for _, i := range indexes(doubted) {
		have.Set(int(i))
	}
	return have, doubted, err
}

// indexes lists what is in a set, in order.
func indexes(set *bitfield.Bitfield) []metainfo.PieceIndex {
	all := make([]metainfo.PieceIndex, 0, set.Count())
	for i := range set.Len() {
		if set.Has(i) {
			all = append(all, metainfo.PieceIndex(i))
		}
	}
	return all
}
