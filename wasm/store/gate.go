//go:build js && wasm

package store

import "sync"

// maxInFlight is how many bytes of pieces a store works on at once: enough to
// keep a disk and the hashing threads busy, little beside what a page may take.
const maxInFlight = 32 << 20

// gate lets work begin, in order, while the bytes under way stay within
// maxInFlight; one piece may always be under way.
type gate struct {
	mu      sync.Mutex
	held    int // bytes under way
	waiting []job
}

type job struct {
	size int // bytes
	work func()
}

// run does work on its own goroutine, as soon as there is room for size bytes.
func (g *gate) run(size int, work func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.waiting = append(g.waiting, job{size, work})
	g.begin()
}

func (g *gate) begin() {
	for len(g.waiting) > 0 {
		next := g.waiting[0]
		if g.held > 0 && g.held+next.size > maxInFlight {
			return
		}
		g.waiting[0] = job{}
		g.waiting = g.waiting[1:]
		g.held += next.size
		go g.do(next)
	}
}

func (g *gate) do(j job) {
	j.work()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.held -= j.size
	g.begin()
}
