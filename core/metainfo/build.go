package metainfo

import (
	"fmt"
	"math"

	"github.com/shoal-p2p/shoal/core/bencode"
)

const (
	// minPieceLength is the least that we make, and create-torrent chooses.
	minPieceLength = 16 << 10
	// stockPieceLength is the most that create-torrent chooses, in bytes.
	stockPieceLength = 4 << 20
	// longPieceLength is the most that we choose, in bytes: a peer holds whole
	// pieces in memory.
	longPieceLength = 16 << 20
	// manyPieces is when stockPieceLength is not enough any more: each piece
	// costs 20 bytes of info dictionary before the first byte can be fetched.
	manyPieces = 4096
)

// Spec is what a torrent is made of, but for its digests.
type Spec struct {
	Name        string // of the file, or of the directory
	Multi       bool   // whether the files lie in a directory called Name
	Files       []File // Path and Length count; Path does not where Multi is false
	PieceLength int64  // bytes, a power of two of at least 16 KiB; 0 means PieceLength of the sum
	Private     bool   // BEP 27; false leaves the key out
}

// Layout checks the spec and cuts its files into pieces, whose digests Build
// wants. Errors wrap ErrInvalid.
func (s Spec) Layout() (Layout, error) {
	layout, err := s.layout()
	if err != nil {
		return Layout{}, fmt.Errorf("%w files: %w", ErrInvalid, err)
	}
	return layout, nil
}

func (s Spec) layout() (Layout, error) {
	if err := checkElement(s.Name); err != nil {
		return Layout{}, fmt.Errorf("name: %w", err)
	}
	if s.Multi {
		if err := checkPaths(s.Files); err != nil {
			return Layout{}, err
		}
	} else if len(s.Files) != 1 {
		return Layout{}, fmt.Errorf("%d files without a directory", len(s.Files))
	}
	total, err := layOut(append([]File(nil), s.Files...))
	if err != nil {
		return Layout{}, err
	}
	length := s.PieceLength
	if length == 0 {
		length = PieceLength(total)
	}
	if length < minPieceLength || length&(length-1) != 0 {
		return Layout{}, fmt.Errorf("piece length %d", length)
	}
	layout, err := NewLayout(total, length)
	if err != nil {
		return Layout{}, err
	}
	return layout, s.fits(layout)
}

// fits says before the first byte is hashed whether peers would take the info
// dictionary.
func (s Spec) fits(layout Layout) error {
	const prefix = 8 // the length of the digests grows by no more digits than this
	undigested := s.encode(layout, nil)
	if size := len(undigested) + prefix + layout.Pieces()*len(Digest{}); size > MaxInfoSize {
		return fmt.Errorf("%d files and %d pieces need %d bytes", len(s.Files), layout.Pieces(), size)
	}
	if !bencode.Canonical(undigested) {
		return fmt.Errorf("%d files are too many", len(s.Files))
	}
	return nil
}

// Build makes the info dictionary of a spec, whose pieces have these digests.
// Every byte of it is what npm's create-torrent would write, so that the same
// files have the same info hash. Errors wrap ErrInvalid.
func Build(spec Spec, digests []Digest) (*Info, error) {
	data, err := spec.Encode(digests)
	if err != nil {
		return nil, err
	}
	return ParseInfo(data)
}

// Encode makes the bytes of an info dictionary of the digests of all pieces.
func (s Spec) Encode(digests []Digest) ([]byte, error) {
	layout, err := s.Layout()
	if err != nil {
		return nil, err
	}
	return s.encode(layout, digests), nil
}

func (s Spec) encode(layout Layout, digests []Digest) []byte {
	pieces := make([]byte, 0, len(digests)*len(Digest{}))
	for _, digest := range digests {
		pieces = append(pieces, digest[:]...)
	}
	info := map[string]any{
		"name":         s.Name,
		"piece length": layout.PieceLength(),
		"pieces":       pieces,
	}
	if s.Private {
		info["private"] = 1
	}
	if s.Multi {
		info["files"] = fileList(s.Files)
	} else {
		info["length"] = layout.Length()
	}
	return encode(info)
}

type listedFile struct {
	Length int64    `bencode:"length"`
	Path   []string `bencode:"path"`
}

func fileList(files []File) []listedFile {
	list := make([]listedFile, len(files))
	for i, f := range files {
		list[i] = listedFile{f.Length, f.Path}
	}
	return list
}

// PieceLength chooses a piece length for so many bytes in all, as create-torrent
// does: the power of two that is nearest to a 1024th (nearest as a logarithm:
// the border is the power times √2), from 16 KiB to 4 MiB. Where that makes
// more than 4,096 pieces, beyond 16 GiB, it goes on to 16 MiB.
func PieceLength(total int64) int64 {
	length := int64(minPieceLength)
	for length < stockPieceLength && float64(total) >= float64(length)*1024*math.Sqrt2 {
		length *= 2
	}
	for length < longPieceLength && total > length*manyPieces {
		length *= 2
	}
	return length
}
