//go:build js && wasm

package rtc

import (
	"context"
	"errors"
	"os"
	"runtime"
	"syscall/js"
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/jsx"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if n := jsx.Live(); n != 0 {
		println("callbacks not released:", n)
		code = 1
	}
	os.Exit(code)
}

func hasWebRTC() bool { return js.Global().Get("RTCPeerConnection").Truthy() }

const tellsAddress = false // Chromium does where the description had it, others do not

func needWebRTC(tb testing.TB) {
	if !hasWebRTC() {
		tb.Skip("needs a browser: -exec scripts/wasmexec/wasmexec")
	}
}

func checkNothingLeft(t *testing.T) {
	t.Helper()
	if n := jsx.Live(); n != 0 {
		t.Errorf("%d callbacks are not released", n)
	}
}

func sendText(_ *testing.T, c *conn, text string) { c.look().channel.dc.Call("send", text) }

// openAnother opens a second channel; what it returns is closed when the
// channel is.
func openAnother(_ *testing.T, c *conn) <-chan struct{} {
	dc := c.pc.JSValue().Call("createDataChannel", "another")
	closed := make(chan struct{})
	var release func()
	release = jsx.Listen(dc, "close", func(js.Value) {
		release()
		close(closed)
	})
	return closed
}

func TestNoWebRTC(t *testing.T) {
	if window := js.Global().Get("window"); window.Truthy() {
		constructor := window.Get("RTCPeerConnection")
		window.Set("RTCPeerConnection", js.Undefined())
		defer window.Set("RTCPeerConnection", constructor)
	}
	d := New(Config{})
	e := newTold()
	d.Offer(e.events())
	if err := <-e.failed; !errors.Is(err, ErrNoWebRTC) {
		t.Errorf("Described(%v), want ErrNoWebRTC", err)
	}
	if err := <-e.closed; !errors.Is(err, ErrNoWebRTC) {
		t.Errorf("Closed(%v), want ErrNoWebRTC", err)
	}
	d.Close()
	checkNothingLeft(t)
}

func TestTooManyConnectionsAreRefused(t *testing.T) {
	needWebRTC(t)
	d := New(Config{})
	d.factory.census.count, d.factory.census.open = maxConstructed, maxConstructed
	e := newTold()
	d.Offer(e.events())
	if err := <-e.failed; !errors.Is(err, ErrTooMany) {
		t.Errorf("Described(%v), want ErrTooMany", err)
	}
	<-e.closed
	d.Close()
	checkNothingLeft(t)
}

func TestClosedOnesSlowDownWhatComesAfter(t *testing.T) {
	s := newCensus()
	defer s.close()
	now := time.Unix(1e9, 0)
	s.count, s.open = maxConstructed-1, 10
	if !s.admit(now) {
		t.Error("refused below the bound")
	}
	s.count++
	for i, want := range []bool{true, false, true, false} {
		if got := s.admit(now.Add(time.Duration(i) * overPace / 2)); got != want {
			t.Errorf("at the bound, half a pace later each time: admitted the %dth: %t", i, got)
		}
	}
}

// TestClosedConnectionsAreFreed: the page's collector can take what was closed.
func TestClosedConnectionsAreFreed(t *testing.T) {
	needWebRTC(t)
	collect := js.Global().Get("gc")
	if !collect.Truthy() {
		t.Skip("this browser does not let a page run its collector")
	}
	d := New(Config{})
	const count = collectAfter + 8
	for range count {
		e := newTold()
		c := d.Offer(e.events())
		<-e.described
		c.Close()
		<-e.closed
	}
	left := func() int {
		d.factory.census.mu.Lock()
		defer d.factory.census.mu.Unlock()
		return d.factory.census.count
	}
	runtime.GC()
	for range 100 {
		if left() == 0 {
			break
		}
		runtime.GC()
		_, _ = jsx.Await(context.Background(), collect.Invoke(map[string]any{"execution": "async"}))
	}
	if left() != 0 {
		t.Errorf("%d of %d closed connections are still there", left(), count)
	}
	d.Close()
	checkNothingLeft(t)
}
