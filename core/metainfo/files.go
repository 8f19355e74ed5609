package metainfo

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// checkElement judges a torrent's name, or one element of a file's path: it
// must name something in the directory where it stands, and nothing else, on
// every system. Some names that are taken here ("aux", "a:b") are still not
// possible on some systems; that is for a store on such a system to solve.
func checkElement(s string) error {
	switch {
	case s == "":
		return errors.New("empty")
	case s == "." || s == "..":
		return fmt.Errorf("%q is no name", s)
	case !utf8.ValidString(s):
		return fmt.Errorf("%q is not UTF-8", s)
	case strings.ContainsFunc(s, forbidden):
		return fmt.Errorf("%q has a separator or control character", s)
	}
	return nil
}

func forbidden(r rune) bool {
	return r == '/' || r == '\\' || r < ' ' || r == 0x7f
}

// checkPaths judges the paths of a multi-file torrent: there is one, none is
// there twice, and no file is where another needs a directory.
func checkPaths(files []File) error {
	if len(files) == 0 {
		return errors.New("no files")
	}
	joined := make([]string, len(files))
	for i, f := range files {
		if len(f.Path) == 0 {
			return fmt.Errorf("file %d: empty path", i)
		}
		for _, element := range f.Path {
			if err := checkElement(element); err != nil {
				return fmt.Errorf("file %d: path: %w", i, err)
			}
		}
		joined[i] = strings.Join(f.Path, "\x00")
	}
	// NUL is in no element and sorts before all else, so that what lies below a
	// path comes right after it.
	slices.Sort(joined)
	for i := range joined[1:] {
		if above, below := joined[i], joined[i+1]; above == below || strings.HasPrefix(below, above+"\x00") {
			return fmt.Errorf("path %q is there twice, or as a directory too", strings.ReplaceAll(above, "\x00", "/"))
		}
	}
	return nil
}

// layOut sets the files' offsets and returns the sum of their lengths.
func layOut(files []File) (total int64, err error) {
	for i := range files {
		f := &files[i]
		if f.Length < 0 || f.Length > math.MaxInt64-total {
			return 0, fmt.Errorf("file %d: %d bytes long", i, f.Length)
		}
		f.Offset = total
		total += f.Length
	}
	return total, nil
}
