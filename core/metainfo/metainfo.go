// Package metainfo describes torrents: it parses and makes .torrent files and
// magnet links, and owns the arithmetic of pieces (Layout). In come bytes and
// lists of files, out come Info, Torrent, Magnet and Layout; it reads no file
// and computes no piece's hash.
package metainfo

import (
	"crypto/sha1"
	"errors"

	"github.com/shoal-p2p/shoal/core/id"
)

// MaxInfoSize bounds an info dictionary in bytes, whether it comes in a
// .torrent file or from a peer (BEP 9): half a million pieces, or a hundred
// thousand files.
const MaxInfoSize = 10 << 20

// maxSources bounds each list of trackers, web seeds and the like: a torrent
// has a handful, and we may open a connection to each. More are left out.
const maxSources = 256

var (
	// ErrInvalid is wrapped by what says why a torrent, info dictionary, link or
	// list of files cannot be used.
	ErrInvalid = errors.New("metainfo: invalid")
	// ErrUnsupportedVersion is wrapped where something is of BitTorrent v2 alone
	// (BEP 52).
	ErrUnsupportedVersion = errors.New("metainfo: BitTorrent v2 only")
)

// Digest is the SHA-1 of a piece.
type Digest = [sha1.Size]byte

// File is one file of a torrent.
type File struct {
	Path   []string // from the torrent's name downward; for a single file the name itself
	Length int64    // bytes
	Offset int64    // of its first byte in the torrent
	Pad    bool     // a padding file of BEP 47: zeros that nobody asks for
}

// Info is a parsed info dictionary (BEP 3). It is never changed once made.
type Info struct {
	Hash    id.ID  // SHA-1 of Bytes
	Bytes   []byte // the dictionary exactly as it was encoded
	Name    string
	Files   []File // at least one; several, or one with a path, in a multi-file torrent
	Multi   bool   // whether the files lie in a directory called Name
	Private bool   // BEP 27
	Layout  Layout
	Digests []Digest // one for each piece
}

// Torrent is a .torrent file: an info dictionary and how to find its peers.
type Torrent struct {
	Info         *Info
	Trackers     []string // every tier, flattened, without duplicates (BEP 12); at most 256
	WebSeeds     []string // http and https URLs (BEP 19); at most 256
	Comment      string
	CreatedBy    string
	CreationDate int64 // seconds since 1970, 0 where not said
}
