//go:build !js

package native

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/shoal-p2p/shoal/core/client"
	"github.com/shoal-p2p/shoal/core/metainfo"
)

// OpenFiles describes files and directories that shall be seeded from where
// they lie: they are neither copied nor held in memory. One file makes a
// torrent of one file; a directory, or several paths, one of several, sorted by
// path. From directories, what operating systems leave there and hidden files
// are left out. When a file is no longer as it was found here, reading it ends
// with an error that wraps client.ErrSourceChanged.
func OpenFiles(paths ...string) (client.Source, error) {
	found, err := findAll(paths)
	if err != nil {
		return client.Source{}, err
	}
	if len(found) == 0 {
		return client.Source{}, fmt.Errorf("%s: there are no files to seed", strings.Join(paths, ", "))
	}
	single := len(paths) == 1 && len(found[0].torrentPath) == 1
	name := found[0].torrentPath[0]
	if !single {
		if name, err = collect(paths, found); err != nil {
			return client.Source{}, err
		}
	}
	return client.Source{
		Name:  name,
		Multi: !single,
		Files: found.list(),
		Open: func(layout metainfo.Layout) (client.Store, error) {
			files := layOut(found.list())
			if total := found.length(); total != layout.Length() {
				return nil, fmt.Errorf("open %s: %d bytes for a torrent of %d", name, total, layout.Length())
			}
			return newStore(files, layout, found), nil
		},
	}, nil
}

// sourceFile is a file as it was found.
type sourceFile struct {
	diskPath    string
	torrentPath []string // with the directory it was found in, if there was one
	size        int64
	modified    time.Time
}

// source is the backing of what is seeded from disk.
type source []sourceFile

func (s source) list() []metainfo.File {
	files := make([]metainfo.File, len(s))
	for i, f := range s {
		files[i] = metainfo.File{Path: f.torrentPath, Length: f.size}
	}
	return files
}

func (s source) length() int64 {
	var total int64
	for _, f := range s {
		total += f.size
	}
	return total
}

func (s source) readAt(file int, offset int64, p []byte) error {
	was := s[file]
	f, err := os.Open(was.diskPath)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: %w", was.diskPath, client.ErrSourceChanged)
	}
	if err != nil {
		return err
	}
	defer f.Close()
	n, readErr := f.ReadAt(p, offset)
	// Looking after reading catches a change before and one in between.
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size() != was.size || !info.ModTime().Equal(was.modified) {
		return fmt.Errorf("%s: %w", was.diskPath, client.ErrSourceChanged)
	}
	if n < len(p) {
		return readErr
	}
	return nil
}

func (s source) writeAt(int, int64, []byte) error { return client.ErrReadOnly }

// close removes nothing in either case: the files are the user's.
func (s source) close(bool) error { return nil }

// findAll lists the files at paths, those of directories with the directory's
// name first in their torrentPath.
func findAll(paths []string) (source, error) {
	var found source
	for _, path := range paths {
		absolute, err := filepath.Abs(path)
		if err != nil {
			return nil, err
		}
		info, err := os.Stat(absolute)
		if err != nil {
			return nil, err
		}
		var more source
		if info.IsDir() {
			more, err = findIn(absolute)
		} else {
			more, err = findOne(absolute, info)
		}
		if err != nil {
			return nil, err
		}
		found = append(found, more...)
	}
	return found, nil
}

func findOne(path string, info fs.FileInfo) (source, error) {
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: not a file or directory", path)
	}
	return source{{path, []string{filepath.Base(path)}, info.Size(), info.ModTime()}}, nil
}

// findIn lists a directory. A link to a file counts as the file; a link to a
// directory is not followed, as it may lead round in a circle.
func findIn(dir string) (source, error) {
	var found source
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case path != dir && isJunk(entry.Name()):
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case entry.IsDir():
			return nil
		}
		info, err := os.Stat(path)
		if err != nil || !info.Mode().IsRegular() {
			return err
		}
		inside, err := filepath.Rel(filepath.Dir(dir), path)
		if err != nil {
			return err
		}
		found = append(found, sourceFile{path, strings.Split(inside, string(filepath.Separator)), info.Size(), info.ModTime()})
		return nil
	})
	return found, err
}

// collect sorts the files of a torrent of several and names it: after the one
// directory, which is then taken off the paths, or after the directory in which
// the first path lies.
func collect(paths []string, found source) (string, error) {
	slices.SortFunc(found, func(a, b sourceFile) int {
		return cmp.Or(slices.Compare(a.torrentPath, b.torrentPath), cmp.Compare(a.diskPath, b.diskPath))
	})
	for i := 1; i < len(found); i++ {
		if slices.Equal(found[i-1].torrentPath, found[i].torrentPath) {
			return "", fmt.Errorf("%s and %s would have the same name in the torrent: rename one, or seed them apart",
				found[i-1].diskPath, found[i].diskPath)
		}
	}
	if len(paths) == 1 {
		name := found[0].torrentPath[0]
		for i := range found {
			found[i].torrentPath = found[i].torrentPath[1:]
		}
		return name, nil
	}
	first, err := filepath.Abs(paths[0])
	if err != nil {
		return "", err
	}
	if name := filepath.Base(filepath.Dir(first)); filepath.IsLocal(name) {
		return name, nil
	}
	return "files", nil // they lie in the root of the file system
}
