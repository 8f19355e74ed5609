// Package metainfo describes torrents: it parses and makes .torrent files and
// magnet links, and owns the arithmetic of pieces (Layout). In come bytes and
// lists of files, out come Info, Torrent, Magnet and Layout; it reads no file
// and computes no piece's hash.
package metainfo

import (
	"crypto/sha1"

	"github.com/shoal-p2p/shoal/core/id"
)

// Digest is the SHA-1 of a piece.
type Digest = [sha1.Size]byte

// File is one file of a torrent.
type File struct {
	Path   []string // from the torrent's name downward; for a single file the name itself
	Length int64    // bytes
	Offset int64    // of its first byte in the torrent
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
	Trackers     []string // every tier, flattened, without duplicates (BEP 12)
	WebSeeds     []string // BEP 19
	Comment      string
	CreatedBy    string
	CreationDate int64 // seconds since 1970, 0 where not said
}
