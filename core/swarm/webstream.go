package swarm

import (
	"slices"
	"sort"
	"time"

	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/picker"
	"github.com/shoal-p2p/shoal/core/webseed"
)

const (
	// streamAhead is how many bytes of a stream are let on in advance: what a quick
	// server sends while our turn to let it go on comes.
	streamAhead = 1 << 20
	// streamRest is how long until files are looked for again where none was worth
	// reading, and until one is read again that brought nothing.
	streamRest = 2 * time.Second
	emptyRest  = time.Minute
	// streamLooks is how often, of a long file, it is found out whether what lies
	// ahead is still worth its way, and lookStep every how many bytes at most.
	streamLooks = 16
	lookStep    = 4 << 20
)

// stream is a run from a server that knows no ranges: files one after the other,
// each from its first byte, and whatever is missing of what passes by is kept.
// No block is reserved for it, as nobody can say when it passes.
type stream struct {
	file    int   // that is being read, by its number in Info.Files
	at      int64 // the torrent's byte that comes next
	look    int64 // where to see next whether it is worth going on
	allowed int64 // bytes that the server may send yet
	held    int   // blocks of web.asked that stand for these
	fresh   bool  // whether anything has come that was missing
}

// beginStream begins to read from a server that knows no ranges, and reports
// whether there was a file worth it.
func (s *Swarm) beginStream(w *webSeed) bool {
	if s.picker.Endgame() && !s.onlyStreams() {
		return false // others are at all that is missing
	}
	if s.now.Before(w.idleTill) {
		s.wakeBy(w.idleTill)
		return false
	}
	first, ok := s.streamStart(w)
	if !ok {
		w.idleTill = s.now.Add(streamRest)
		s.wakeBy(w.idleTill)
		return false
	}
	r := &run{from: w, stream: &stream{file: first - 1}}
	s.web.runs = append(s.web.runs, r)
	s.goOn(r)
	return true
}

// streamStart is the file to begin with: what a reader waits for, or the first
// that is worth it after the one that failed last.
func (s *Swarm) streamStart(w *webSeed) (file int, ok bool) {
	files := s.info.Files
	for _, window := range s.wishes.windows {
		if i, waits := s.firstMissing(window); waits {
			offset := s.info.Layout.Piece(i).Offset
			at := slices.IndexFunc(files, func(f metainfo.File) bool { return f.Offset+f.Length > offset && !f.Pad })
			if at >= 0 && s.worthReading(at) {
				return at, true
			}
		}
	}
	for k := range files {
		if at := (w.nextFile + k) % len(files); s.worthReading(at) {
			return at, true
		}
	}
	return 0, false
}

func (s *Swarm) worthReading(file int) bool {
	f := s.info.Files[file]
	needed, wasted, _ := s.weigh(f, f.Offset)
	return !f.Pad && s.worth(needed, wasted)
}

// worth: where nobody else brings what is missing, it is worth any way.
func (s *Swarm) worth(needed, wasted int64) bool {
	return webseed.Worth(needed, wasted) || needed > 0 && s.onlyStreams()
}

// onlyStreams reports whether neither a peer that serves us nor a server that
// knows ranges can be asked.
func (s *Swarm) onlyStreams() bool {
	return !slices.ContainsFunc(s.order, func(p *peer) bool { return s.source(p) != nil && !p.down.snubbed }) &&
		!slices.ContainsFunc(s.web.seeds, func(w *webSeed) bool {
			_, ok := w.Ready()
			return ok && w.Ranges()
		})
}

// weigh counts what is missing of a file from a byte of the torrent on, what must
// be read for it although it is not, and where the last of what is missing ends.
func (s *Swarm) weigh(f metainfo.File, from int64) (needed, wasted, end int64) {
	length, past := int64(s.info.Layout.PieceLength()), f.Offset+f.Length
	between := int64(0)
	for from < past {
		i := from / length
		next := min((i+1)*length, past)
		if s.misses(metainfo.PieceIndex(i)) {
			needed, wasted, end = needed+next-from, wasted+between, next
			between = 0
		} else {
			between += next - from
		}
		from = next
	}
	return needed, wasted, end
}

// misses reports whether blocks of a piece are missing that somebody wants.
func (s *Swarm) misses(i metainfo.PieceIndex) bool {
	if s.picker.Have().Has(int(i)) || !s.wants(i) && !s.inWindow(i) {
		return false
	}
	w := s.store.pieces[i]
	return w == nil || !w.complete
}

// wants reports whether a file that a piece touches is selected.
func (s *Swarm) wants(i metainfo.PieceIndex) bool {
	if s.priority == nil {
		return true
	}
	p, files := s.info.Layout.Piece(i), s.info.Files
	first := sort.Search(len(files), func(n int) bool { return files[n].Offset+files[n].Length > p.Offset })
	for n := first; n < min(len(files), len(s.priority)) && files[n].Offset < p.Offset+int64(p.Length); n++ {
		if s.priority[n] != picker.Skip && files[n].Length > 0 {
			return true
		}
	}
	return false
}

// nextFile gives a stream its next request: the next file that is worth it.
func (s *Swarm) nextFile(r *run) {
	st := r.stream
	for st.file++; st.file < len(s.info.Files); st.file++ {
		f := s.info.Files[st.file]
		if f.Pad {
			s.passPadding(r, f)
			continue
		}
		needed, wasted, end := s.weigh(f, f.Offset)
		if s.worth(needed, wasted) {
			s.enterFile(r, f)
			r.requests = append(r.requests, r.from.Stream(st.file, end-f.Offset))
			break
		}
	}
	r.from.nextFile = st.file % len(s.info.Files)
}

// enterFile moves a stream to a file. What it has of the block in which the file
// begins is of use where nothing, or only padding, lies in between.
func (s *Swarm) enterFile(r *run, f metainfo.File) {
	st := r.stream
	if st.at != f.Offset {
		r.partial, st.at = nil, f.Offset
		_, start := s.blockAt(f.Offset)
		if before := st.file - 1; start < f.Offset && before >= 0 && s.info.Files[before].Pad && s.info.Files[before].Offset <= start {
			r.partial = make([]byte, f.Offset-start, metainfo.BlockSize)
		}
	}
	st.look = st.at + max(lookStep, f.Length/streamLooks)
}

// passPadding completes the block in which padding begins.
func (s *Swarm) passPadding(r *run, f metainfo.File) {
	if r.stream.at != f.Offset || r.partial == nil {
		return
	}
	b, start := s.blockAt(f.Offset)
	s.passBy(r, make([]byte, min(f.Length, start+int64(b.Length)-f.Offset)))
}

// blockAt is the block in which a byte of the torrent lies, and where it begins.
func (s *Swarm) blockAt(offset int64) (b metainfo.Block, start int64) {
	length := int64(s.info.Layout.PieceLength())
	i := offset / length
	b = s.info.Layout.Block(metainfo.PieceIndex(i), int(offset%length)/metainfo.BlockSize)
	return b, i*length + int64(b.Begin)
}

// passBy keeps of a stream's bytes the blocks that are missing.
func (s *Swarm) passBy(r *run, data []byte) {
	st := r.stream
	for len(data) > 0 && !r.over {
		b, start := s.blockAt(st.at)
		n := int(min(start+int64(b.Length)-st.at, int64(len(data))))
		if r.partial == nil && st.at == start {
			r.partial = make([]byte, 0, b.Length)
		}
		if r.partial != nil {
			r.partial = append(r.partial, data[:n]...)
		} else {
			s.wasted += int64(n) // it began before the file
		}
		st.at, data = st.at+int64(n), data[n:]
		if len(r.partial) == b.Length {
			s.passed(r, b)
		}
	}
}

// passed takes a block of a stream, and ends the stream where what lies ahead of
// it is no longer worth its way.
func (s *Swarm) passed(r *run, b metainfo.Block) {
	st, whole, wasted := r.stream, r.partial, s.wasted
	r.partial = nil
	s.arrived(r.from.slot, b, whole)
	st.fresh = st.fresh || s.wasted == wasted
	if r.over || st.at < st.look {
		return
	}
	f := s.info.Files[st.file]
	st.look = st.at + max(lookStep, f.Length/streamLooks)
	if needed, wasted, _ := s.weigh(f, min(st.at, f.Offset+f.Length)); !s.worth(needed, wasted) && r.left > 0 {
		r.from.nextFile = (st.file + 1) % len(s.info.Files)
		s.abort(r)
	}
}

// letOn lets a stream's server send more, as far as the limit and our memory go.
func (s *Swarm) letOn(r *run) {
	if r.over || r.fetch == 0 || r.stream == nil || r.stream.allowed > streamAhead/2 {
		return
	}
	st := r.stream
	want := min(streamAhead, r.left) - st.allowed
	room := int64(s.allowance()) * metainfo.BlockSize
	if room < want {
		want, s.requests.stalled = room, true
	}
	if want <= 0 {
		return
	}
	more := s.affordWeb(want)
	if more == 0 {
		return
	}
	s.spendWeb(more)
	if st.allowed == 0 && !r.since.IsZero() {
		r.since, r.came = s.now, 0 // until now it was we who kept it waiting
	}
	s.grant(r, more)
	s.emit(Fetch{r.fetch, webseed.Request{Length: more, Stream: true}, r.from.URL()})
}

// grant counts bytes that a stream may send, or with less than 0 has sent.
func (s *Swarm) grant(r *run, bytes int64) {
	st := r.stream
	st.allowed = max(st.allowed+bytes, 0)
	held := int((st.allowed + metainfo.BlockSize - 1) / metainfo.BlockSize)
	s.web.asked += held - st.held
	st.held = held
}
