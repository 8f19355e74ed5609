//go:build js && wasm

package rtc

import (
	"runtime"
	"sync"
	"syscall/js"
	"time"

	"github.com/shoal-p2p/shoal/core/jsx"
)

const (
	// maxConstructed bounds the connections that are open or closed and not yet
	// freed. Chromium throws at the 501st of a process, which other pages share.
	maxConstructed = 300
	// overPace is how often one more is admitted beyond it, if those that are
	// open are fewer: Firefox knows no bound, and frees when it likes.
	overPace = time.Second
	// collectAfter is how many closed connections make us run Go's collector.
	// Each keeps about 270 KB in the page until then.
	collectAfter = 32
)

// census counts the page's connections. A page has no way to free a closed one
// but its garbage collector, which cannot take it while Go refers to it; and
// Go lets go only when its own collector runs, which in an idle page it never
// does by itself.
type census struct {
	registry js.Value // a FinalizationRegistry
	token    js.Value // under which all are registered
	release  func()

	mu        sync.Mutex
	open      int       // constructed and not closed
	count     int       // constructed and not finalised
	uncleared int       // closed since our collector last ran
	over      time.Time // when one was last admitted beyond maxConstructed, or refused
}

func newCensus() *census {
	s := &census{token: js.Global().Get("Object").New()}
	finalised, release := jsx.Callback(func([]js.Value) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.count--
	})
	s.release = release
	s.registry = js.Global().Get("FinalizationRegistry").New(finalised)
	return s
}

// admit reports whether one more may be constructed. At the bound it makes both
// collectors work, so that a later one may.
func (s *census) admit(now time.Time) bool {
	s.mu.Lock()
	full, paced := s.count >= maxConstructed, now.Sub(s.over) < overPace
	admitted := !full || s.open < maxConstructed && !paced
	if full && !paced {
		s.over = now
	}
	s.mu.Unlock()
	if full && !paced {
		s.collect()
		press()
	}
	return admitted
}

// press makes a page's collector believe that memory runs short. Nobody touches
// these buffers, so they cost next to nothing; Chromium then collects at once.
func press() {
	for range 4 {
		_ = jsx.Try(func() { js.Global().Get("ArrayBuffer").New(32 << 20) })
	}
}

func (s *census) constructed(pc js.Value) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++
	s.open++
	s.registry.Call("register", pc, 0, s.token)
}

func (s *census) closed() {
	s.mu.Lock()
	s.open--
	s.uncleared++
	due := s.uncleared >= collectAfter
	s.mu.Unlock()
	if due {
		s.collect()
	}
}

func (s *census) collect() {
	s.mu.Lock()
	s.uncleared = 0
	s.mu.Unlock()
	runtime.GC()
}

// close ends the counting; the page may finalise what is left, unheard.
func (s *census) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.release == nil {
		return
	}
	s.registry.Call("unregister", s.token)
	s.release()
	s.release = nil
}
