//go:build !js

package native_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/client"
	"github.com/shoal-p2p/shoal/core/client/porttest"
	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/native"
)

func TestFilesOnDiskKeepTheContractOfASource(t *testing.T) {
	porttest.Source(t, func(t *testing.T, names []string, lengths []int64, content []byte) client.Source {
		dir := t.TempDir()
		for i, name := range names {
			must(t, os.WriteFile(filepath.Join(dir, name), content[:lengths[i]], 0o600))
			content = content[lengths[i]:]
		}
		src, err := native.OpenFiles(dir)
		must(t, err)
		return src
	})
}

// plant makes files that hold their own paths, and returns the directory.
func plant(t *testing.T, paths ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, path := range paths {
		path = filepath.Join(dir, filepath.FromSlash(path))
		must(t, os.MkdirAll(filepath.Dir(path), 0o700))
		must(t, os.WriteFile(path, []byte(path), 0o600))
	}
	return dir
}

func TestWhatIsFoundUnderWhichName(t *testing.T) {
	dir := plant(t,
		"album/b.mp3", "album/a/2.mp3", "album/a/1.mp3", "album/a.txt", "album/ä 文.txt", "album/B.mp3",
		"album/.DS_Store", "album/Thumbs.db", "album/desktop.ini", "album/.git/config", "album/__MACOSX/x",
		"album/notes.txt~", "album/a/._1.mp3", "single.bin", ".hidden")
	must(t, os.Symlink(filepath.Join(dir, "single.bin"), filepath.Join(dir, "album", "link.bin")))
	must(t, os.Symlink(filepath.Join(dir, "album"), filepath.Join(dir, "album", "loop")))
	in := func(names ...string) []string {
		for i := range names {
			names[i] = filepath.Join(dir, names[i])
		}
		return names
	}
	cases := []struct {
		name  string
		paths []string
		want  string
		title string
		multi bool
	}{
		{"one file", in("single.bin"), "single.bin", "single.bin", false},
		{"one file that is hidden, when it is asked for", in(".hidden"), ".hidden", ".hidden", false},
		{"a directory, without junk", in("album"), "B.mp3 a/1.mp3 a/2.mp3 a.txt b.mp3 link.bin ä 文.txt", "album", true},
		{"a directory of one file", in("album/a/../a"), "1.mp3 2.mp3", "a", true},
		{"several", in("single.bin", "album/a", "album/a.txt"), "a/1.mp3 a/2.mp3 a.txt single.bin", filepath.Base(dir), true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			src, err := native.OpenFiles(c.paths...)
			must(t, err)
			var got []string
			for _, f := range src.Files {
				got = append(got, strings.Join(f.Path, "/"))
			}
			if strings.Join(got, " ") != c.want || src.Name != c.title || src.Multi != c.multi {
				t.Errorf("found %q as %q, multi %v", got, src.Name, src.Multi)
			}
		})
	}
}

func TestADirectoryIsCalledAsItIsWhereverOneStands(t *testing.T) {
	t.Chdir(plant(t, "album/a.txt"))
	for _, path := range []string{"album", "./album/", "album/../album"} {
		src, err := native.OpenFiles(path)
		must(t, err)
		if src.Name != "album" {
			t.Errorf("%s is called %q", path, src.Name)
		}
	}
	t.Chdir("album")
	src, err := native.OpenFiles(".")
	must(t, err)
	if src.Name != "album" {
		t.Errorf(". is called %q", src.Name)
	}
}

func TestWhatCannotBeSeeded(t *testing.T) {
	dir := plant(t, "x/same.txt", "y/same.txt", "junk/.DS_Store")
	in := func(name string) string { return filepath.Join(dir, name) }
	for name, paths := range map[string][]string{
		"nothing":              nil,
		"what is not there":    {in("missing")},
		"only junk":            {in("junk")},
		"a device":             {os.DevNull},
		"two of the same name": {in("x/same.txt"), in("y/same.txt")},
		"the same twice":       {in("x"), in("x")},
	} {
		if _, err := native.OpenFiles(paths...); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestAFileThatChangesOrDisappearsIsNoticed(t *testing.T) {
	changes := map[string]func(t *testing.T, path string){
		"longer": func(t *testing.T, path string) {
			must(t, os.WriteFile(path, make([]byte, 40_001), 0o600))
		},
		"shorter": func(t *testing.T, path string) { must(t, os.Truncate(path, 5)) },
		"written to": func(t *testing.T, path string) {
			must(t, os.Chtimes(path, time.Time{}, time.Now().Add(time.Minute)))
		},
		"gone": func(t *testing.T, path string) { must(t, os.Remove(path)) },
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "file")
			must(t, os.WriteFile(path, make([]byte, 40_000), 0o600))
			src, err := native.OpenFiles(path)
			must(t, err)
			layout, err := metainfo.NewLayout(40_000, 16<<10)
			must(t, err)
			s, err := src.Open(layout)
			must(t, err)
			defer closeStore(t, s, false)
			readPiece(t, s, layout.Piece(0))

			change(t, path)

			answers := make(chan error, 2)
			s.Read(layout.Piece(0), func(_ []byte, err error) { answers <- err })
			s.Verify(layout.Piece(1), func(_ metainfo.Digest, err error) { answers <- err })
			for range 2 {
				if err := <-answers; !errors.Is(err, client.ErrSourceChanged) || !strings.Contains(err.Error(), path) {
					t.Errorf("the error is %v", err)
				}
			}
		})
	}
}
