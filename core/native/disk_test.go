//go:build !js

package native_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/shoal-p2p/shoal/core/client"
	"github.com/shoal-p2p/shoal/core/client/porttest"
	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/native"
)

func TestADirectoryKeepsTheContractOfAStore(t *testing.T) {
	porttest.Store(t, inNewDir)
	porttest.StoreKeeps(t, inNewDir)
}

func inNewDir(t *testing.T) client.OpenStore {
	return native.OpenDir(filepath.Join(t.TempDir(), "not", "there", "yet"))
}

func TestFilesLieWhereTheirTorrentSaysWithTheirFinalLength(t *testing.T) {
	dir := t.TempDir()
	single, _ := porttest.Torrent(t, "film.mkv", 8<<20)
	multi, content := porttest.Torrent(t, "album", 0, 40_000, 5)
	closeStore(t, mustOpen(t, dir, single), false)
	s := mustOpen(t, dir, multi)
	writePieces(t, s, multi.Layout, content)
	closeStore(t, s, false)

	info, err := os.Stat(filepath.Join(dir, "film.mkv"))
	if err != nil || info.Size() != 8<<20 {
		t.Fatalf("the file of a torrent of one: %v, %v", info, err)
	}
	var joined []byte
	for _, f := range multi.Files {
		data, err := os.ReadFile(filepath.Join(append([]string{dir, "album"}, f.Path...)...))
		if err != nil || int64(len(data)) != f.Length {
			t.Errorf("%q has %d bytes, %v", f.Path, len(data), err)
		}
		joined = append(joined, data...)
	}
	if !bytes.Equal(joined, content) {
		t.Error("the files hold something else than was written")
	}
}

func TestRemoveLeavesWhatIsNotTheTorrents(t *testing.T) {
	dir := t.TempDir()
	info, _ := porttest.Torrent(t, "album", 10, 20)
	s := mustOpen(t, dir, info)
	mine := filepath.Join(dir, "album", "mine.txt")
	if err := os.WriteFile(mine, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	closeStore(t, s, true)
	if _, err := os.Stat(filepath.Join(dir, "album", "sub")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the emptied directory is still there: %v", err)
	}
	if _, err := os.ReadFile(mine); err != nil {
		t.Errorf("somebody else's file is gone: %v", err)
	}
}

func TestAPartialFileIsTakenUp(t *testing.T) {
	dir := t.TempDir()
	info, content := porttest.Torrent(t, "half", 100_000)
	if err := os.WriteFile(filepath.Join(dir, "half"), content[:50_000], 0o600); err != nil {
		t.Fatal(err)
	}
	s, fresh, err := native.OpenDir(dir)(info)
	if err != nil || fresh {
		t.Fatalf("fresh %v, %v", fresh, err)
	}
	defer closeStore(t, s, false)
	piece := info.Layout.Piece(0)
	if got := readPiece(t, s, piece); !bytes.Equal(got, content[:piece.Length]) {
		t.Error("what was there is not what is read")
	}
}

func TestWhatCannotBeOpenedIsAnErrorAndHarmsNothing(t *testing.T) {
	cases := []struct {
		name    string
		path    []string
		prepare func(t *testing.T, dir string)
		says    string
	}{
		{"climbs", []string{"..", "x"}, nil, "not a file name"},
		{"is absolute", []string{"/etc", "x"}, nil, "not a file name"},
		{"has a slash", []string{"a/b"}, nil, "not a file name"},
		{"is a dot", []string{".", "x"}, nil, "not a file name"},
		{"is empty", []string{""}, nil, "not a file name"},
		{"has a zero byte", []string{"a\x00b"}, nil, "not a file name"},
		{"leads out by a link", []string{"link", "x"}, func(t *testing.T, dir string) {
			must(t, os.Symlink(t.TempDir(), filepath.Join(dir, "t", "link")))
		}, "escape"},
		{"is a longer file", []string{"long"}, func(t *testing.T, dir string) {
			must(t, os.WriteFile(filepath.Join(dir, "t", "long"), make([]byte, 101), 0o600))
		}, "move it away"},
		{"is a directory", []string{"d"}, func(t *testing.T, dir string) {
			must(t, os.Mkdir(filepath.Join(dir, "t", "d"), 0o700))
		}, "not a file"},
		{"lies below a file", []string{"f", "x"}, func(t *testing.T, dir string) {
			must(t, os.WriteFile(filepath.Join(dir, "t", "f"), nil, 0o600))
		}, "exists"},
		{"is too long", []string{strings.Repeat("x", 300)}, nil, "name too long"},
		{"is there twice", []string{"first"}, nil, "have this name"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			must(t, os.Mkdir(filepath.Join(dir, "t"), 0o700))
			if c.prepare != nil {
				c.prepare(t, dir)
			}
			info, _ := porttest.Torrent(t, "t", 10, 100)
			info.Files = []metainfo.File{{Path: []string{"first"}, Length: 10}, {Path: c.path, Length: 100, Offset: 10}}
			_, _, err := native.OpenDir(dir)(info)
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("the error is %v, which does not say %q", err, c.says)
			}
			if _, err := os.Stat(filepath.Join(dir, "t", "first")); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("a file is left behind: %v", err)
			}
		})
	}
}

func TestAFileThatIsGoneIsAnErrorAndIsNotMadeAnew(t *testing.T) {
	dir := t.TempDir()
	info, content := porttest.Torrent(t, "gone", 100_000)
	s := mustOpen(t, dir, info)
	defer closeStore(t, s, false)
	must(t, os.Remove(filepath.Join(dir, "gone")))
	if err := writeBlock(s, info.Layout.Block(0, 0), content); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the write ends with %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "gone")); err == nil {
		t.Error("a file was made that holds one block and claims to be all")
	}
}

func TestAFileThatWasCutShortIsAnError(t *testing.T) {
	dir := t.TempDir()
	info, _ := porttest.Torrent(t, "short", 100_000)
	s := mustOpen(t, dir, info)
	defer closeStore(t, s, false)
	must(t, os.Truncate(filepath.Join(dir, "short"), 10))
	answer := make(chan error, 1)
	s.Verify(info.Layout.Piece(0), func(_ metainfo.Digest, err error) { answer <- err })
	if err := <-answer; err == nil || !strings.Contains(err.Error(), filepath.Join(dir, "short")) {
		t.Errorf("the error is %v", err)
	}
}

func mustOpen(t *testing.T, dir string, info *metainfo.Info) client.Store {
	t.Helper()
	s, fresh, err := native.OpenDir(dir)(info)
	if err != nil || !fresh {
		t.Fatalf("open: fresh %v, %v", fresh, err)
	}
	return s
}

func closeStore(t *testing.T, s client.Store, remove bool) {
	t.Helper()
	closed := make(chan error, 1)
	s.Close(remove, func(err error) { closed <- err })
	if err := <-closed; err != nil {
		t.Errorf("close: %v", err)
	}
}

func writePieces(t *testing.T, s client.Store, layout metainfo.Layout, content []byte) {
	t.Helper()
	for i := range layout.Pieces() {
		for n := range layout.Blocks(metainfo.PieceIndex(i)) {
			b := layout.Block(metainfo.PieceIndex(i), n)
			must(t, writeBlock(s, b, content[layout.Piece(b.Piece).Offset:]))
		}
	}
}

// writeBlock writes a block of a piece that begins where content begins.
func writeBlock(s client.Store, b metainfo.Block, content []byte) error {
	wrote := make(chan error, 1)
	s.Write(b, bytes.Clone(content[b.Begin:][:b.Length]), func(err error) { wrote <- err })
	return <-wrote
}

func readPiece(t *testing.T, s client.Store, p metainfo.Piece) []byte {
	t.Helper()
	read := make(chan []byte, 1)
	s.Read(p, func(data []byte, err error) {
		if err != nil {
			t.Error(err)
		}
		read <- data
	})
	return <-read
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
