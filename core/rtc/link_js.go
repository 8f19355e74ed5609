//go:build js && wasm

package rtc

import (
	"errors"
	"fmt"
	"net/netip"
	"syscall/js"
	"time"

	"github.com/hack-pad/safejs"
	"github.com/pion/webrtc/v4"

	"github.com/shoal-p2p/shoal/core/jsx"
)

// factory makes the page's connections and counts them.
type factory struct{ census *census }

func newFactory() factory { return factory{newCensus()} }

func (f factory) construct(config webrtc.Configuration) (*webrtc.PeerConnection, error) {
	// pion looks for it in window, and only there.
	if window := js.Global().Get("window"); !window.Truthy() || !window.Get("RTCPeerConnection").Truthy() {
		return nil, ErrNoWebRTC
	}
	if !f.census.admit(time.Now()) {
		return nil, ErrTooMany
	}
	pc, err := webrtc.NewPeerConnection(config)
	if err != nil {
		return nil, constructError(err)
	}
	f.census.constructed(pc.JSValue())
	return pc, nil
}

// constructError tells the browser's own bound, which all pages of a process
// share, from a wrong configuration: Chromium throws an UnknownError.
func constructError(err error) error {
	var thrown js.Error
	if errors.As(err, &thrown) {
		err = jsx.ErrorOf(thrown.Value)
	}
	if jsx.Named(err, "UnknownError") {
		return fmt.Errorf("%w: %w", ErrTooMany, err)
	}
	return fmt.Errorf("new connection: %w", err)
}

func (f factory) destroy(pc *webrtc.PeerConnection) {
	_ = pc.Close() // it may be closed already
	f.census.closed()
}

func (f factory) close() { f.census.close() }

// watched is how a connection's news reach us: listeners of our own, as pion's
// start a goroutine for every event, leak, or read the event wrong.
type watched struct{ listeners []func() }

func watch(pc *webrtc.PeerConnection, c *conn) watched {
	var w watched
	value := pc.JSValue()
	w.listen(value, "icecandidate", func(event js.Value) {
		candidate := event.Get("candidate")
		if !candidate.Truthy() {
			c.note(func(n *news) { n.gathered = true })
			return
		}
		c.found(candidate.Get("type").Equal(js.ValueOf("srflx")))
	})
	w.listen(value, "icegatheringstatechange", func(js.Value) {
		if value.Get("iceGatheringState").String() == "complete" {
			c.note(func(n *news) { n.gathered = true })
		}
	})
	w.listen(value, "connectionstatechange", func(js.Value) {
		c.changed(value.Get("connectionState").String())
	})
	// Listeners must be on a channel before this event is over, or its first
	// messages are lost. run is in none of its own steps on w meanwhile: it
	// waits for a promise or for news.
	w.listen(value, "datachannel", func(event js.Value) { c.watched.take(event.Get("channel"), c) })
	return w
}

func (w *watched) listen(target js.Value, event string, fn func(js.Value)) {
	w.listeners = append(w.listeners, jsx.Listen(target, event, fn))
}

func (w *watched) release() {
	for _, release := range w.listeners {
		release()
	}
	w.listeners = nil
}

// add takes the channel that we made; it is open when it says so.
func (w *watched) add(dc *webrtc.DataChannel, c *conn) {
	value := dc.JSValue()
	c.adopt(newChannel(value))
	w.listen(value, "open", func(js.Value) { c.opened() })
	w.hear(value, c)
}

// settled is how long a peer's channel is given to be open. Chromium tells of
// it, and calls it open, before its transport is: what is sent at once is lost
// without an error. The peer's first message proves that it is open (serve).
const settled = 100 * time.Millisecond

// take takes a channel that the peer made, if it is the first.
func (w *watched) take(dc js.Value, c *conn) {
	if !c.adopt(newChannel(dc)) {
		_, _ = safejs.Safe(dc).Call("close")
		return
	}
	wait := time.AfterFunc(settled, c.opened)
	w.listeners = append(w.listeners, func() { wait.Stop() })
	w.hear(dc, c)
}

func (c *conn) opened() { c.note(func(n *news) { n.opened = true }) }

// remoteAddr is where the peer is. It asks only what a page may ask at once:
// Chromium knows the pair of candidates that is in use, and its address unless
// that was not in the description; Firefox does not, and it is zero.
func remoteAddr(pc *webrtc.PeerConnection) (addr netip.Addr) {
	_ = jsx.Try(func() {
		ice := pc.JSValue().Get("sctp").Get("transport").Get("iceTransport")
		if ice.Get("getSelectedCandidatePair").Type() != js.TypeFunction {
			return
		}
		remote := ice.Call("getSelectedCandidatePair").Get("remote")
		addr = addrOf(remote.Get("type").String(), remote.Get("address").String())
	})
	return addr
}

// hear listens to a channel.
func (w *watched) hear(dc js.Value, c *conn) {
	in := openInbox(dc, c)
	w.listeners = append(w.listeners, in.close)
	w.listen(dc, "bufferedamountlow", func(js.Value) { c.note(func(n *news) { n.low = true }) })
	// What came before the end is told before it.
	w.listen(dc, "error", func(event js.Value) { in.take(); c.channelError(event.Get("error")) })
	w.listen(dc, "closing", func(js.Value) { in.take(); c.fail(nil) })
	w.listen(dc, "close", func(js.Value) { in.take(); c.fail(nil) })
}

// userAbort is the SCTP cause "User-Initiated Abort" (RFC 9260, 3.3.10.12): so
// Chromium reports a peer that closed its connection in order.
const userAbort = 12

func (c *conn) channelError(err js.Value) {
	if err.Type() == js.TypeObject && err.Get("sctpCauseCode").Equal(js.ValueOf(userAbort)) {
		c.fail(nil)
		return
	}
	c.fail(fmt.Errorf("channel: %w", jsx.ErrorOf(err)))
}

// channel is a data channel. Its messages go past pion and past safejs: a
// message through pion costs a goroutine, and safejs's guard a closure and a
// stack trace; send guards itself.
type channel struct {
	dc   js.Value
	view js.Value // where a message lies while send copies it
}

func newChannel(dc js.Value) *channel {
	dc.Set("binaryType", "arraybuffer")
	return &channel{dc: dc, view: js.Global().Get("Uint8Array").New(maxMessage)}
}

func (ch *channel) send(message []byte) error {
	view := ch.view
	if len(message) < maxMessage {
		view = view.Call("subarray", 0, len(message))
	}
	js.CopyBytesToJS(view, message)
	return jsx.Try(func() { ch.dc.Call("send", view) })
}

func (ch *channel) buffered() int64  { return int64(ch.dc.Get("bufferedAmount").Int()) }
func (ch *channel) setLow(low int64) { ch.dc.Set("bufferedAmountLowThreshold", low) }
