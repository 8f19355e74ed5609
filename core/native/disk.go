//go:build !js

package native

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/shoal-p2p/shoal/core/client"
	"github.com/shoal-p2p/shoal/core/metainfo"
)

// errName says that a torrent's file cannot have its name on this disk.
var errName = errors.New("not a file name here")

// OpenDir keeps torrents below dir: a torrent of one file as dir/name, one of
// several as dir/name/path. Directories and files are made as they are needed,
// the files with their final length and without blocks on disk where the file
// system can do that. A file that is there already is taken for what an earlier
// run left, and then the store is not fresh; one that is longer than the
// torrent's is somebody else's, and an error.
func OpenDir(dir string) client.OpenStore {
	return func(info *metainfo.Info) (client.Store, bool, error) {
		d, err := openDisk(dir, info)
		if err != nil {
			return nil, false, err
		}
		if err := d.create(); err != nil {
			d.undo()
			return nil, false, err
		}
		fresh := len(d.made) == len(d.names)
		return newStore(layOut(info.Files), info.Layout, d), fresh, nil
	}
}

// disk is the backing of a torrent below a directory. Files are opened for
// each operation, so that a torrent of a hundred thousand files needs no more
// descriptors than there are lanes, and a file that is gone is noticed.
type disk struct {
	root  *os.Root
	names []string // of each file, from the root
	sizes []int64  // of each file, in bytes
	made  []string // files that were not there before
}

func openDisk(dir string, info *metainfo.Info) (*disk, error) {
	d := &disk{}
	for _, f := range info.Files {
		path := f.Path
		if info.Multi {
			path = append([]string{info.Name}, path...)
		}
		name, err := localName(path)
		if err != nil {
			return nil, err
		}
		d.names = append(d.names, name)
		d.sizes = append(d.sizes, f.Length)
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	d.root = root
	return d, nil
}

// localName joins a path that came from a torrent. metainfo has checked it;
// this is the second of three fences, os.Root the third.
func localName(path []string) (string, error) {
	for _, part := range path {
		if part == "." || strings.ContainsAny(part, "/\x00") || strings.ContainsRune(part, filepath.Separator) || !filepath.IsLocal(part) {
			return "", fmt.Errorf("%q: %w", strings.Join(path, "/"), errName)
		}
	}
	return filepath.Join(path...), nil
}

// create makes every file that is not there.
func (d *disk) create() error {
	seen := map[string]fs.FileInfo{} // by name without case, as some file systems know no case
	for i, name := range d.names {
		if err := d.root.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			return d.explain(err)
		}
		info, err := d.createFile(name, d.sizes[i])
		if err != nil {
			return d.explain(err)
		}
		folded := strings.ToLower(name)
		if other, ok := seen[folded]; ok && os.SameFile(other, info) {
			return fmt.Errorf("%s: two files of the torrent have this name here", name)
		}
		seen[folded] = info
	}
	return nil
}

func (d *disk) createFile(name string, size int64) (fs.FileInfo, error) {
	f, err := d.root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	if errors.Is(err, fs.ErrExist) {
		return d.adopt(name, size)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	d.made = append(d.made, name)
	if err := f.Truncate(size); err != nil {
		return nil, err
	}
	return f.Stat()
}

// adopt takes a file that is there already.
func (d *disk) adopt(name string, size int64) (fs.FileInfo, error) {
	info, err := d.root.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "open", Path: name, Err: errors.New("there is something here that is not a file")}
	}
	if info.Size() > size {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fmt.Errorf(
			"there is another file here, longer than the torrent's (%d bytes, not %d): move it away", info.Size(), size)}
	}
	f, err := d.root.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := f.Truncate(size); err != nil {
		return nil, err
	}
	return info, nil
}

// undo takes back what create has made before it came upon an error.
func (d *disk) undo() {
	d.removeAll(d.made)
	d.root.Close()
}

func (d *disk) readAt(file int, offset int64, p []byte) error {
	f, err := d.root.Open(d.names[file])
	if err != nil {
		return d.explain(err)
	}
	defer f.Close()
	n, err := f.ReadAt(p, offset)
	if n == len(p) {
		return nil
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF // somebody has made the file shorter
	}
	return fmt.Errorf("read %s: %w", d.path(d.names[file]), d.explain(err))
}

func (d *disk) writeAt(file int, offset int64, p []byte) error {
	f, err := d.root.OpenFile(d.names[file], os.O_WRONLY, 0)
	if err != nil {
		return d.explain(err)
	}
	_, err = f.WriteAt(p, offset)
	// Some file systems tell only here that the disk is full.
	return d.explain(errors.Join(err, f.Close()))
}

func (d *disk) close(remove bool) error {
	if remove {
		if err := d.removeAll(d.names); err != nil {
			return errors.Join(d.explain(err), d.root.Close())
		}
	}
	return d.root.Close()
}

// removeAll removes files, then the directories that they have left empty.
func (d *disk) removeAll(names []string) error {
	var failed error
	dirs := map[string]bool{}
	for _, name := range names {
		if err := d.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			failed = errors.Join(failed, err)
		}
		for dir := filepath.Dir(name); dir != "."; dir = filepath.Dir(dir) {
			dirs[dir] = true
		}
	}
	for _, dir := range deepestFirst(dirs) {
		d.root.Remove(dir) // fails where somebody else keeps something in it
	}
	return failed
}

func deepestFirst(dirs map[string]bool) []string {
	var sorted []string
	for dir := range dirs {
		sorted = append(sorted, dir)
	}
	slices.Sort(sorted) // a directory comes before what lies in it
	slices.Reverse(sorted)
	return sorted
}

// explain puts the whole path into an error of the root, whose own is relative,
// and says of a full disk that it is client.ErrFull.
func (d *disk) explain(err error) error {
	if at, ok := errors.AsType[*fs.PathError](err); ok && !filepath.IsAbs(at.Path) {
		err = &fs.PathError{Op: "open", Path: d.path(at.Path), Err: at.Err}
	}
	if slices.ContainsFunc(full, func(full error) bool { return errors.Is(err, full) }) {
		return fmt.Errorf("%w: %w", client.ErrFull, err)
	}
	return err
}

func (d *disk) path(name string) string { return filepath.Join(d.root.Name(), name) }
