package client

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/shoal-p2p/shoal/core/bitfield"
	"github.com/shoal-p2p/shoal/core/id"
	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/node"
	"github.com/shoal-p2p/shoal/core/picker"
	"github.com/shoal-p2p/shoal/core/session"
	"github.com/shoal-p2p/shoal/core/swarm"
)

var errRemoved = &Error{CodeRemoved, errors.New("the torrent was removed")}

// Torrent is one torrent of a client. Its methods may be called from any
// goroutine.
type Torrent struct {
	client   *Client
	infoHash id.ID
	ctx      context.Context // ends with the torrent
	cancel   context.CancelFunc
	ready    chan struct{}
	done     chan struct{}

	// Owned by the client's goroutine.
	store    Store
	openPort OpenStore
	opening  bool        // openPort is at work
	parting  func(error) // told when the store of an ended torrent is closed
	choose   func(*metainfo.Info) []Priority
	forget   bool              // whoever closes the store deletes the data
	fetches  map[uint64]*fetch // requests to web seeds
	named    []string          // web seeds that our caller has named, and no stranger
	losses   int               // of its swarm, that pieces shows

	// Of these too, for the session.
	past       *session.Pieces // what an earlier one says of the store
	apart      bool            // none could find its bytes again
	renewed    bool            // what it is has changed since it was kept,
	moved      bool            // and so have its pieces
	userPaused bool            // by Pause, and not by a failure
	sequential bool
	up, down   int64    // limits
	sources    []string // of the metadata
	added      int64    // milliseconds since 1970

	mu       sync.Mutex
	name     string
	trackers []string // its own
	defaults []string // the client's, for a torrent that is not private
	webSeeds []string
	comment  string
	info     *metainfo.Info
	pieces   *bitfield.Bitfield
	stats    Stats
	peers    []PeerInfo
	priority []Priority // of files; nil for all alike
	err      *Error
	finished bool // done is closed
	ended    bool // the torrent has left the client
}

// InfoHash names the torrent.
func (t *Torrent) InfoHash() id.ID { return t.infoHash }

// Ready is closed when the metadata is known, or the torrent ended before.
func (t *Torrent) Ready() <-chan struct{} { return t.ready }

// Done is closed when every wanted file is verified for the first time, or the
// torrent ended before.
func (t *Torrent) Done() <-chan struct{} { return t.done }

// Err says why the torrent ended (CodeRemoved, CodeClosed) or stopped
// (CodeStore, CodeQuota, CodeSourceChanged, CodeInvalidTorrent); nil while it lives.
func (t *Torrent) Err() *Error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.err
}

// Info is the metadata, nil until Ready.
func (t *Torrent) Info() *metainfo.Info {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.info
}

// Name is the torrent's name: the link's until the metadata is known.
func (t *Torrent) Name() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.info != nil {
		return t.info.Name
	}
	return t.name
}

// Magnet is a magnet link that names the torrent and its trackers.
func (t *Torrent) Magnet() string {
	name := t.Name()
	t.mu.Lock()
	defer t.mu.Unlock()
	m := metainfo.Magnet{InfoHash: t.infoHash, Name: name, Trackers: t.announces(), WebSeeds: t.webSeeds}
	return m.String()
}

// TorrentFile is the .torrent file, nil until Ready.
func (t *Torrent) TorrentFile() []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.info == nil {
		return nil
	}
	file := metainfo.Torrent{Info: t.info, Trackers: t.announces(), WebSeeds: t.webSeeds, Comment: t.comment}
	return file.Encode()
}

// announces lists the trackers that may know of the torrent: of one that is
// private only its own (BEP 27). The caller holds mu.
func (t *Torrent) announces() []string {
	if t.info != nil && t.info.Private {
		return t.trackers
	}
	return unite(t.trackers, t.defaults)
}

// Pieces returns the verified pieces in wire form, nil until the store is open.
func (t *Torrent) Pieces() []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.pieces == nil {
		return nil
	}
	return t.pieces.Bytes()
}

// Has reports whether length bytes of the torrent from offset are verified.
func (t *Torrent) Has(offset, length int64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.info == nil || offset < 0 || length < 0 || offset > t.info.Layout.Length()-length {
		return false
	}
	if length == 0 {
		return true
	}
	if t.pieces == nil {
		return false
	}
	first, last := span(t.info.Layout, offset, length)
	for i := first; i <= last; i++ {
		if !t.pieces.Has(int(i)) {
			return false
		}
	}
	return true
}

// span is the first and the last piece of a range of at least one byte.
func span(layout metainfo.Layout, offset, length int64) (first, last metainfo.PieceIndex) {
	pieceLength := int64(layout.PieceLength())
	return metainfo.PieceIndex(offset / pieceLength), metainfo.PieceIndex((offset + length - 1) / pieceLength)
}

// Stats returns the torrent's counts, as they were at most 0.2 seconds ago.
func (t *Torrent) Stats() Stats {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.stats
}

// Peers lists the connected peers, as they were when Stats last changed.
func (t *Torrent) Peers() []PeerInfo {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.peers)
}

// Priority says how much a file is wanted: Skip, or 1 to 7.
type Priority = picker.Priority

// The priorities that have a name.
const (
	Skip   = picker.Skip
	Normal = picker.Normal
)

// Select says how much files are wanted, by their number; nil wants all.
func (t *Torrent) Select(priority []Priority) {
	t.client.mail.post(func() {
		t.choose = nil
		t.chose(priority)
		t.client.keepSoon(t, true)
		t.tell(swarm.Select{Priority: priority})
	})
}

// Order says whether pieces are fetched in their order, or the rarest first.
func (t *Torrent) Order(sequential bool) {
	t.client.mail.post(func() {
		t.sequential = sequential
		t.client.keepSoon(t, true)
		t.tell(swarm.Order{Sequential: sequential})
	})
}

// SetLimits sets how fast the torrent may send and receive, in bytes per second;
// 0 leaves it to the client's limits.
func (t *Torrent) SetLimits(upload, download int64) {
	t.client.mail.post(func() {
		t.up, t.down = upload, download
		t.client.keepSoon(t, true)
		t.client.limit(t)
	})
}

// limit sets the rates of a torrent.
func (c *Client) limit(t *Torrent) {
	c.handle(node.Limit{InfoHash: t.infoHash, Up: t.up, Down: t.down})
}

// Window says which bytes a reader needs next; they are fetched before all
// others, in their order. A reader, whose number the caller chooses, has one
// window: a new one replaces it, CloseWindow ends it. Before Ready it is nothing.
func (t *Torrent) Window(reader uint64, offset, length int64) {
	info := t.Info()
	if info == nil || length <= 0 || offset < 0 || offset >= info.Layout.Length() {
		return
	}
	first, last := span(info.Layout, offset, min(length, info.Layout.Length()-offset))
	t.client.mail.post(func() { t.tell(swarm.Window{Reader: reader, First: first, Last: last}) })
}

// CloseWindow: a reader needs nothing any more.
func (t *Torrent) CloseWindow(reader uint64) {
	t.client.mail.post(func() { t.tell(swarm.CloseWindow{Reader: reader}) })
}

// Pause stops transfer in both directions.
func (t *Torrent) Pause() {
	t.client.mail.post(func() {
		t.userPaused = true
		t.client.keepSoon(t, true)
		t.tell(swarm.Pause{})
	})
}

// Resume ends a Pause, and tries again after Failed.
func (t *Torrent) Resume() {
	t.client.mail.post(func() {
		t.mu.Lock()
		if !t.ended {
			t.err = nil
		}
		t.mu.Unlock()
		t.userPaused = false
		t.client.keepSoon(t, true)
		t.tell(swarm.Resume{})
	})
}

// Remove takes the torrent out of the client and returns when its store is
// closed, or ctx ends; data deletes what was stored.
func (t *Torrent) Remove(ctx context.Context, data bool) error {
	closed := make(chan error, 1)
	t.client.mail.post(func() { t.client.end(t, errRemoved, data, func(err error) { closed <- err }) })
	select {
	case err := <-closed:
		if err != nil {
			return &Error{CodeStore, err}
		}
		return nil
	case <-t.client.done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// tell hands an event to the torrent's swarm and lets the change be seen.
func (t *Torrent) tell(ev swarm.Event) {
	c := t.client
	if c.torrent(t.infoHash) != t {
		return
	}
	c.handle(node.Torrent{InfoHash: t.infoHash, Event: ev})
	if c.refresh(t) {
		c.event(t, Progress{})
	}
}

// learned keeps the metadata and reports whether it is new.
func (t *Torrent) learned(info *metainfo.Info) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.info != nil {
		return false // the store is opened once more, after it failed
	}
	t.info = info
	close(t.ready)
	return true
}

// have adds a piece and reports whether it is the first: the moment at which
// something can be shown is worth an event of its own.
func (t *Torrent) have(piece metainfo.PieceIndex) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.pieces.Set(int(piece))
	t.client.keepSoon(t, false)
	return t.pieces.Count() == 1
}

func (t *Torrent) finish() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.finished {
		t.finished = true
		close(t.done)
	}
}

func (t *Torrent) fail(err *Error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.err = err
}

// ends marks the torrent as gone and reports whether it was there.
func (t *Torrent) ends(err *Error) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended {
		return false
	}
	t.ended, t.err = true, err
	if t.info == nil {
		close(t.ready)
	}
	if !t.finished {
		t.finished = true
		close(t.done)
	}
	return true
}
