package client

import "github.com/shoal-p2p/shoal/core/id"

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
	Downloaded, Uploaded       int64   // payload bytes
	DownloadSpeed, UploadSpeed int64   // payload bytes per second
	Choked, Choking            bool    // we are choked by it; it is choked by us
	Interested, Interesting    bool    // it wants our pieces; we want its
}

// ClientStats counts for a client since New.
type ClientStats struct {
	Torrents, Peers, Connections int   // connections count unanswered offers
	Downloaded, Uploaded         int64 // payload bytes
	DownloadSpeed, UploadSpeed   int64 // payload bytes per second
}
