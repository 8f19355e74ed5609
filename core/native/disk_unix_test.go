//go:build !js && unix

package native_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/shoal-p2p/shoal/core/client"
	"github.com/shoal-p2p/shoal/core/client/porttest"
	"github.com/shoal-p2p/shoal/core/native"
)

func TestBytesThatAreNotThereYetTakeNoRoom(t *testing.T) {
	dir := t.TempDir()
	info, content := porttest.Torrent(t, "film.mkv", 8<<20)
	s := mustOpen(t, dir, info)
	defer closeStore(t, s, false)
	last := info.Layout.Piece(200)
	must(t, writeBlock(s, info.Layout.Block(last.Index, 0), content[last.Offset:]))
	stat, err := os.Stat(filepath.Join(dir, "film.mkv"))
	must(t, err)
	if used := stat.Sys().(*syscall.Stat_t).Blocks * 512; used > 1<<20 {
		t.Errorf("one block of 8 MiB takes %d bytes of the disk", used)
	}
}

func TestAFullDiskIsAnErrorThatNamesTheFile(t *testing.T) {
	dir := t.TempDir()
	info, content := porttest.Torrent(t, "full", 100_000)
	s := mustOpen(t, dir, info)
	defer closeStore(t, s, false)
	// A device that is always full stands where the file was.
	path := filepath.Join(dir, "full")
	must(t, os.Remove(path))
	if err := syscall.Mknod(path, syscall.S_IFCHR|0o600, 1<<8|7); err != nil {
		t.Skipf("only root can make a device: %v", err)
	}
	err := writeBlock(s, info.Layout.Block(0, 0), content)
	if errors.Is(err, fs.ErrPermission) {
		t.Skip("devices do not work here")
	}
	if !errors.Is(err, syscall.ENOSPC) || !errors.Is(err, client.ErrFull) || !strings.Contains(err.Error(), path) {
		t.Errorf("the error is %v", err)
	}
}

func TestAQuotaIsAFullDiskAndAMissingFileIsNone(t *testing.T) {
	root, err := os.OpenRoot(t.TempDir())
	must(t, err)
	defer root.Close()
	for _, c := range []struct {
		err  error
		full bool
	}{
		{syscall.ENOSPC, true}, {syscall.EDQUOT, true}, {syscall.EIO, false}, {syscall.ENOENT, false}, {syscall.EROFS, false},
	} {
		err := native.Explain(root, &fs.PathError{Op: "write", Path: "file", Err: c.err})
		if !errors.Is(err, c.err) || errors.Is(err, client.ErrFull) != c.full {
			t.Errorf("%v is told as %v", c.err, err)
		}
	}
}
