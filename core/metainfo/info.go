package metainfo

import (
	"bytes"
	"crypto/sha1"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/shoal-p2p/shoal/core/id"
)

// ParseInfo reads an info dictionary (BEP 3), as it is in a .torrent file or
// comes from peers (BEP 9), and keeps a copy of its exact bytes. Where
// "name.utf-8" and "path.utf-8" are present they are taken before "name" and
// "path", as other clients do. Of a hybrid torrent the v1 part is read. The
// keys need not be in order: the hash is that of the bytes as they are. Errors
// wrap ErrInvalid or ErrUnsupportedVersion.
func ParseInfo(data []byte) (*Info, error) {
	return ParseHashedInfo(sha1.Sum(data), data)
}

// ParseHashedInfo is ParseInfo of data whose SHA-1 is known: of 2 MB a page takes
// 30 ms to compute it.
func ParseHashedInfo(hash id.ID, data []byte) (*Info, error) {
	if len(data) > MaxInfoSize {
		return nil, fmt.Errorf("%w info dictionary: %d bytes long", ErrInvalid, len(data))
	}
	d, err := readDict(data)
	if err != nil {
		return nil, fmt.Errorf("%w info dictionary: %w", ErrInvalid, err)
	}
	if d["pieces"] == nil && (d["meta version"] != nil || d["file tree"] != nil) {
		return nil, fmt.Errorf("%w: info dictionary without pieces", ErrUnsupportedVersion)
	}
	info := &Info{
		Hash:    hash,
		Bytes:   bytes.Clone(data),
		Name:    d.text("name.utf-8", "name"),
		Multi:   d["files"] != nil,
		Private: d["private"] != nil && string(d["private"]) != "i0e",
	}
	if err := info.read(d); err != nil {
		return nil, fmt.Errorf("%w info dictionary: %w", ErrInvalid, err)
	}
	return info, nil
}

// read fills in the files, the layout and the digests.
func (info *Info) read(d dict) (err error) {
	if err := checkElement(info.Name); err != nil {
		return fmt.Errorf("name: %w", err)
	}
	if info.Files, err = readFiles(d, info.Name); err != nil {
		return err
	}
	total, err := layOut(info.Files)
	if err != nil {
		return err
	}
	var pieceLength int64
	if err := d.get("piece length", &pieceLength); err != nil {
		return fmt.Errorf("piece length: %w", err)
	}
	if info.Layout, err = NewLayout(total, pieceLength); err != nil {
		return fmt.Errorf("%d bytes in pieces of %d: %w", total, pieceLength, err)
	}
	info.Digests, err = readDigests(d, info.Layout.Pieces())
	return err
}

func readDigests(d dict, pieces int) ([]Digest, error) {
	var joined []byte
	if err := d.get("pieces", &joined); err != nil {
		return nil, fmt.Errorf("pieces: %w", err)
	}
	if len(joined) != pieces*len(Digest{}) {
		return nil, fmt.Errorf("pieces: %d bytes of digests for %d pieces", len(joined), pieces)
	}
	digests := make([]Digest, pieces)
	for i := range digests {
		digests[i] = Digest(joined[i*len(Digest{}):])
	}
	return digests, nil
}

// readFiles reads "files", or "length" where there is none.
func readFiles(d dict, name string) ([]File, error) {
	list := d["files"]
	if list == nil {
		var length int64
		if err := d.get("length", &length); err != nil {
			return nil, fmt.Errorf("length: %w", err)
		}
		return []File{{Path: []string{name}, Length: length}}, nil
	}
	if list[0] != 'l' {
		return nil, errors.New("files: not a list")
	}
	var files []File
	for list = list[1:]; list[0] != 'e'; {
		entry, rest, err := readDictPrefix(list)
		if err != nil {
			return nil, fmt.Errorf("file %d: %w", len(files), err)
		}
		file, err := readFile(entry, len(files))
		if err != nil {
			return nil, fmt.Errorf("file %d: %w", len(files), err)
		}
		files, list = append(files, file), rest
	}
	return files, checkPaths(files)
}

func readFile(entry dict, index int) (File, error) {
	var file File
	if err := entry.get("length", &file.Length); err != nil {
		return File{}, fmt.Errorf("length: %w", err)
	}
	// BEP 47 gives all padding files of one length the same path, so that
	// theirs says nothing; a number is as good.
	if file.Pad = strings.Contains(entry.text("attr"), "p"); file.Pad {
		file.Path = []string{".pad", strconv.Itoa(index)}
		return file, nil
	}
	if entry.get("path.utf-8", &file.Path) != nil || len(file.Path) == 0 {
		if err := entry.get("path", &file.Path); err != nil {
			return File{}, fmt.Errorf("path: %w", err)
		}
	}
	for i, element := range file.Path {
		file.Path[i] = validText(element)
	}
	return file, nil
}
