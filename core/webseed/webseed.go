// Package webseed is a web server as a seed (BEP 19): which URL and range holds
// which bytes of a torrent, when to ask again after a failure and when not. In
// come a torrent's info, a URL and outcomes, out come requests. It fetches
// nothing and checks no hash.
package webseed

import (
	"sort"
	"time"

	"github.com/shoal-p2p/shoal/core/metainfo"
)

// maxWaste is how many bytes of a file may be read for nothing where they are
// more than what comes of it: of a server that knows no ranges a file is read
// from its first byte, and a short one may be read whole for its end.
const maxWaste = 4 << 20

// Request is one HTTP request for a range.
type Request struct {
	URL    string
	Offset int64 // of the first byte in the file behind URL
	Length int64 // bytes; at least 1
	Whole  bool  // the range is the whole file, so a 200 will do
	Zeros  bool  // a padding file (BEP 47): nothing to fetch, Length zeros
	// Stream is set for a server that knows no ranges: Offset is 0, and nothing is
	// read before a Request without URL lets Length bytes through, and again.
	Stream bool
}

// Seed is one URL of a torrent. It may be asked for several ranges at once.
type Seed struct {
	info *metainfo.Info
	url  string
	base address

	noRanges bool      // answers ranges with whole files
	over     bool      // is never asked again
	failures int       // since bytes came last
	strikes  int       // of these, the ones that a second try settles
	readyAt  time.Time // zero while it has not failed
}

// New checks the URL; see Check.
func New(info *metainfo.Info, url string) (*Seed, error) {
	base, err := parse(url)
	if err != nil {
		return nil, err
	}
	return &Seed{info: info, url: url, base: base}, nil
}

// URL is the URL as it was given.
func (s *Seed) URL() string { return s.url }

// Ranges reports whether the server may be asked for a range: as long as it has
// not answered one with a whole file. After that it is asked for Streams.
func (s *Seed) Ranges() bool { return !s.noRanges }

// Stream is the request for the first length bytes, at least one, of a file that
// is no padding, by its number in Info.Files.
func (s *Seed) Stream(file int, length int64) Request {
	f := s.info.Files[file]
	return Request{URL: s.base.of(s.info, f), Length: length, Whole: length == f.Length, Stream: true}
}

// Worth reports whether a file is to be read of which so many bytes are needed,
// for so many that are not.
func Worth(needed, wasted int64) bool { return needed > 0 && wasted <= max(maxWaste, needed) }

// Requests cuts a range of the torrent's bytes into requests, one for each file
// that it touches, in order; together they are as long as the range.
func (s *Seed) Requests(offset, length int64) []Request {
	var all []Request
	for _, f := range s.touched(offset, length) {
		begin := max(offset, f.Offset) - f.Offset
		end := min(offset+length, f.Offset+f.Length) - f.Offset
		if begin == end {
			continue // an empty file
		}
		r := Request{Offset: begin, Length: end - begin, Zeros: f.Pad}
		if !f.Pad {
			r.URL, r.Whole = s.base.of(s.info, f), r.Length == f.Length
		}
		all = append(all, r)
	}
	return all
}

// touched returns the files from the one that holds the range's first byte to
// the one that holds its last.
func (s *Seed) touched(offset, length int64) []metainfo.File {
	if offset < 0 || length < 0 || offset > s.info.Layout.Length()-length {
		panic("webseed: a range outside of the torrent")
	}
	files := s.info.Files
	first := sort.Search(len(files), func(i int) bool { return files[i].Offset+files[i].Length > offset })
	past := sort.Search(len(files), func(i int) bool { return files[i].Offset >= offset+length })
	return files[first:max(first, past)]
}
