//go:build !js

package native

import "github.com/shoal-p2p/shoal/core/metainfo"

// span is a range of one file.
type span struct {
	file   int   // index in the torrent's list
	offset int64 // bytes from the start of the file
	length int
}

// extents are the files of a torrent laid end to end.
type extents []metainfo.File

// layOut returns the files with their offsets computed from their lengths.
func layOut(files []metainfo.File) extents {
	laid := make(extents, len(files))
	var offset int64
	for i, f := range files {
		laid[i] = metainfo.File{Path: f.Path, Length: f.Length, Offset: offset}
		offset += f.Length
	}
	return laid
}

// spans cuts a range of the torrent into ranges of its files; empty files have
// no part in it.
func (e extents) spans(offset int64, length int) []span {
	var cut []span
	for i := e.find(offset); length > 0; i++ {
		from := offset - e[i].Offset
		n := int(min(int64(length), e[i].Length-from))
		if n > 0 {
			cut = append(cut, span{i, from, n})
		}
		offset, length = offset+int64(n), length-n
	}
	return cut
}

// find returns the first file that ends after offset.
func (e extents) find(offset int64) int {
	low, high := 0, len(e)
	for low < high {
		mid := (low + high) / 2
		if e[mid].Offset+e[mid].Length > offset {
			high = mid
		} else {
			low = mid + 1
		}
	}
	return low
}
