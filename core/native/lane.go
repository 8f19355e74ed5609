//go:build !js

package native

import (
	"sync"

	"github.com/shoal-p2p/shoal/core/metainfo"
)

// maxBatch bounds the blocks that are joined into one write, in bytes: enough
// that the system call costs nothing beside the copy.
const maxBatch = 1 << 20

// job is what a lane does: one of the structs below.
type job interface{ job() }

type (
	// write keeps a block.
	write struct {
		block metainfo.Block
		data  []byte
		done  func(error)
	}
	// call does something with a piece and answers by itself.
	call struct{ run func() }
)

func (write) job() {}
func (call) job()  {}

// lane does jobs in order. Its goroutine lives only while there are any.
type lane struct {
	mu      sync.Mutex
	queue   []job
	running bool
	idle    sync.WaitGroup
}

func (l *lane) post(s *store, j job) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.queue = append(l.queue, j)
	if !l.running {
		l.running = true
		l.idle.Go(func() { l.run(s) })
	}
}

// wait returns when no job is left. Nobody may post any more.
func (l *lane) wait() { l.idle.Wait() }

func (l *lane) run(s *store) {
	for {
		jobs := l.take()
		if jobs == nil {
			return
		}
		for len(jobs) > 0 {
			jobs = jobs[s.do(jobs):]
		}
	}
}

func (l *lane) take() []job {
	l.mu.Lock()
	defer l.mu.Unlock()
	jobs := l.queue
	l.queue = nil
	l.running = jobs != nil
	return jobs
}

// do does the first of jobs, with all that follow and can be joined to it, and
// returns how many that were.
func (s *store) do(jobs []job) int {
	switch j := jobs[0].(type) {
	case write:
		batch := adjacent(jobs)
		err := s.writeBatch(batch)
		for _, w := range batch {
			w.done(err)
		}
		return len(batch)
	case call:
		j.run()
		return 1
	default:
		panic("native: unknown job")
	}
}

// writeBatch writes blocks that lie side by side; they fail together.
func (s *store) writeBatch(batch []write) error {
	b := batch[0].block
	offset := s.layout.Piece(b.Piece).Offset + int64(b.Begin)
	if len(batch) == 1 {
		return s.writeRange(offset, batch[0].data)
	}
	var joined []byte
	for _, w := range batch {
		joined = append(joined, w.data...)
	}
	return s.writeRange(offset, joined)
}

// adjacent returns the writes at the head of jobs of which each begins where
// the one before it ends, at least one.
func adjacent(jobs []job) []write {
	batch := []write{jobs[0].(write)}
	total := len(batch[0].data)
	for _, j := range jobs[1:] {
		w, ok := j.(write)
		last := batch[len(batch)-1].block
		if !ok || w.block.Piece != last.Piece || w.block.Begin != last.Begin+last.Length || total+len(w.data) > maxBatch {
			break
		}
		batch = append(batch, w)
		total += len(w.data)
	}
	return batch
}
