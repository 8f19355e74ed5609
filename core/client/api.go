// Package client is the shell around a node and the Go API of Shoal: a mailbox
// and one goroutine own the node, its effects are carried out through ports.
// In come contexts, links and stores; out come Torrents, their events and
// errors with a code.
package client

import (
	"context"

	"github.com/shoal-p2p/shoal/core/id"
	"github.com/shoal-p2p/shoal/core/metainfo"
)

// Config is what a client is made of. The ports must be set.
type Config struct {
	Dialer    Dialer
	Sockets   Sockets
	HTTP      HTTP
	OpenStore OpenStore

	Trackers       []string // for torrents that name none, and beside those they name
	MaxConnections int      // the budget; 0 means 55

	// OnEvent is told what happens to torrents, in order, from the client's
	// goroutine; it must not block nor call back into the client.
	OnEvent func(*Torrent, Event)
	// Breathe, where it is set, is called when a turn has taken eight
	// milliseconds; it returns when others of the same thread have had theirs.
	Breathe func()
}

// Event is what a client tells of a torrent: one of the structs below.
type Event interface{ event() }

type (
	// Ready: the metadata is known.
	Ready struct{}
	// Progress: verified bytes, rates or pieces have changed; told at most five
	// times a second, and once more at the end.
	Progress struct{}
	// PeerEvent: a peer was met or is gone.
	PeerEvent struct {
		Peer PeerInfo
		Gone bool
	}
	// Warning: something is wrong that does not stop the torrent.
	Warning struct{ Err *Error }
	// Done: every wanted file is verified and stored.
	Done struct{}
	// Failed: the torrent has stopped until Resume.
	Failed struct{ Err *Error }
)

func (Ready) event()     {}
func (Progress) event()  {}
func (PeerEvent) event() {}
func (Warning) event()   {}
func (Done) event()      {}
func (Failed) event()    {}

// Source is what is seeded: a list of files, and how to read them where they
// lie, as one run of bytes in the order of the list.
type Source struct {
	Name  string          // of the torrent
	Multi bool            // whether the files lie in a directory of that name
	Files []metainfo.File // Path and Length; Offset is computed
	Open  func(metainfo.Layout) (Store, error)
}

// SeedOptions may be zero.
type SeedOptions struct {
	PieceLength int64 // bytes, a power of two from 16 KiB; 0 lets metainfo choose
	Comment     string
	Private     bool
	Trackers    []string // instead of the client's; nil means the client's
	// OnProgress is told how many bytes have been hashed; it must not block.
	OnProgress func(done, total int64)
}

// AddOptions may be zero.
type AddOptions struct {
	Trackers []string // instead of the client's; nil means the client's, beside the link's own
	// Select says which files are wanted once they are known; nil wants all.
	Select    func(*metainfo.Info) []bool
	OpenStore OpenStore // instead of the client's
}

// Client is one peer.
type Client struct{}

// New starts a client.
func New(cfg Config) *Client { panic("not there yet") }

// Seed hashes a source and serves it. It returns when the torrent is ready to
// serve, and needs no tracker's answer for that. When ctx ends first, nothing
// is left behind and the error is the context's cause.
func (c *Client) Seed(ctx context.Context, src Source, opts SeedOptions) (*Torrent, error) {
	panic("not there yet")
}

// Add begins to fetch what a link names: a magnet link, an info hash in hex or
// base32, the http(s) URL of a .torrent file. It returns at once; a torrent
// that the client has already is returned as it is. A URL's torrent has no
// info hash until the file is there, so Add waits for it, no longer than ctx.
func (c *Client) Add(ctx context.Context, link string, opts AddOptions) (*Torrent, error) {
	panic("not there yet")
}

// AddTorrent begins to fetch what a .torrent file describes.
func (c *Client) AddTorrent(data []byte, opts AddOptions) (*Torrent, error) {
	panic("not there yet")
}

// Torrents lists what the client has, in the order in which it was added.
func (c *Client) Torrents() []*Torrent { panic("not there yet") }

// Stats counts connections and bytes of the whole client.
func (c *Client) Stats() ClientStats { panic("not there yet") }

// Close says goodbye to trackers and peers, closes every connection, socket
// and store, and returns when nothing of the client runs any more, or when ctx
// ends. Every pending call ends with CodeClosed.
func (c *Client) Close(ctx context.Context) error { panic("not there yet") }

// ClientStats counts for a client since New.
type ClientStats struct {
	Torrents, Peers, Connections int   // connections count unanswered offers
	Downloaded, Uploaded         int64 // payload bytes
	DownloadSpeed, UploadSpeed   int64 // payload bytes per second
}

// Torrent is one torrent of a client. Its methods may be called from any
// goroutine.
type Torrent struct{}

// InfoHash names the torrent.
func (t *Torrent) InfoHash() id.ID { panic("not there yet") }

// Ready is closed when the metadata is known, or the torrent ended before.
func (t *Torrent) Ready() <-chan struct{} { panic("not there yet") }

// Done is closed when every wanted file is verified for the first time, or the
// torrent ended before.
func (t *Torrent) Done() <-chan struct{} { panic("not there yet") }

// Err says why the torrent ended or stopped: *Error with CodeRemoved,
// CodeClosed, CodeStore, CodeSourceChanged; nil while it lives.
func (t *Torrent) Err() error { panic("not there yet") }

// Info is the metadata, nil until Ready.
func (t *Torrent) Info() *metainfo.Info { panic("not there yet") }

// Name is the torrent's name: the link's until the metadata is known.
func (t *Torrent) Name() string { panic("not there yet") }

// Magnet is a magnet link that names the torrent and its trackers.
func (t *Torrent) Magnet() string { panic("not there yet") }

// TorrentFile is the .torrent file, nil until Ready.
func (t *Torrent) TorrentFile() []byte { panic("not there yet") }

// Pieces returns the verified pieces in wire form, nil until Ready.
func (t *Torrent) Pieces() []byte { panic("not there yet") }

// Has reports whether length bytes of the torrent from offset are verified.
func (t *Torrent) Has(offset, length int64) bool { panic("not there yet") }

// Stats returns the torrent's counts.
func (t *Torrent) Stats() Stats { panic("not there yet") }

// Peers lists the connected peers.
func (t *Torrent) Peers() []PeerInfo { panic("not there yet") }

// Select says which files are wanted; nil wants all.
func (t *Torrent) Select(wanted []bool) { panic("not there yet") }

// Pause stops transfer in both directions; Resume goes on, after an error too.
func (t *Torrent) Pause() { panic("not there yet") }

// Resume ends a Pause, and tries again after Failed.
func (t *Torrent) Resume() { panic("not there yet") }

// Read returns verified bytes of the torrent. Where one is missing the error
// has CodeNotReady.
func (t *Torrent) Read(ctx context.Context, offset int64, length int) ([]byte, error) {
	panic("not there yet")
}

// Remove takes the torrent out of the client; data deletes what was stored.
func (t *Torrent) Remove(ctx context.Context, data bool) error { panic("not there yet") }

// Stats counts for one torrent.
type Stats struct {
	Done, Total                int64 // verified bytes of all wanted files
	Downloaded, Uploaded       int64 // payload bytes, wasted ones included
	DownloadSpeed, UploadSpeed int64 // payload bytes per second, over about five seconds
	Peers, Seeds               int
	Paused                     bool
}

// PeerInfo describes a connected peer.
type PeerInfo struct {
	ID                         id.ID
	Client                     string  // what the peer id says, "WebTorrent 3.0.0"
	Progress                   float64 // 0 to 1, what the peer has
	Downloaded, Uploaded       int64
	DownloadSpeed, UploadSpeed int64
	Choked, Choking            bool // we are choked by it; it is choked by us
	Interested, Interesting    bool // it wants our pieces; we want its
}
