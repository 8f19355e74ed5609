//go:build js && wasm

package rtc

import (
	"bytes"
	"slices"
	"syscall/js"
	"testing"

	"github.com/shoal-p2p/shoal/core/client"
	"github.com/shoal-p2p/shoal/core/jsx"
)

// post gives a channel's listener a message, as the page does.
func post(dc js.Value, data any) { dc.Call("onmessage", map[string]any{"data": data}) }

func postBytes(dc js.Value, data []byte) { post(dc, jsx.Uint8Array(data).Get("buffer")) }

func inboxOf(t *testing.T) (dc js.Value, c *conn, in *inbox) {
	dc = js.ValueOf(map[string]any{})
	c = newConn(nil, client.ConnEvents{})
	in = openInbox(dc, c)
	t.Cleanup(in.close)
	return dc, c, in
}

func taken(c *conn) [][]byte { return c.take().received }

func TestShortMessagesAreToldAtOnce(t *testing.T) {
	dc, c, _ := inboxOf(t)
	for _, text := range []string{"a", "b"} {
		postBytes(dc, []byte(text))
		if got := taken(c); len(got) != 1 || string(got[0]) != text {
			t.Errorf("told %q, want %q", got, text)
		}
	}
}

func TestWhatFollowsALongMessageIsToldTogether(t *testing.T) {
	dc, c, in := inboxOf(t)
	// Given a channel over which a block came,
	block := bytes.Repeat([]byte{1}, bulk)
	postBytes(dc, block)
	if got := taken(c); len(got) != 1 || !bytes.Equal(got[0], block) {
		t.Fatalf("%d messages were told at once, want the first", len(got))
	}
	<-c.wake
	// when others follow,
	postBytes(dc, []byte("second "))
	postBytes(dc, nil)
	postBytes(dc, []byte("third"))
	if got := taken(c); len(got) != 0 {
		t.Fatalf("%q was told before its time", got)
	}
	// then they are told joined, in their order,
	<-c.wake
	if got := taken(c); len(got) != 1 || string(got[0]) != "second third" {
		t.Errorf("told %q", got)
	}
	// and when none follow any more, each is told at once again.
	in.next()
	postBytes(dc, []byte("x"))
	if got := taken(c); len(got) != 1 {
		t.Errorf("%d messages told", len(got))
	}
}

func TestABatchIsBounded(t *testing.T) {
	dc, c, in := inboxOf(t)
	postBytes(dc, make([]byte, bulk))
	taken(c)
	var sent []byte
	for i := range 10 {
		message := bytes.Repeat([]byte{byte(i)}, maxBatch/3)
		sent = append(sent, message...)
		postBytes(dc, message)
	}
	in.take()
	got := taken(c)
	for _, batch := range got {
		if len(batch) > maxBatch {
			t.Errorf("%d bytes at once", len(batch))
		}
	}
	if len(got) != 4 || !bytes.Equal(slices.Concat(got...), sent) {
		t.Errorf("%d batches, or other bytes", len(got))
	}
}

func TestTextAmongWhatGatheredEndsTheConnection(t *testing.T) {
	dc, c, in := inboxOf(t)
	postBytes(dc, make([]byte, bulk))
	taken(c)
	postBytes(dc, []byte("before"))
	post(dc, "text")
	postBytes(dc, []byte("after"))
	in.take()
	n := c.look()
	if n.err != ErrText || len(n.received) != 1 || string(n.received[0]) != "before" {
		t.Errorf("told %q and %v, want what came before the text", n.received, n.err)
	}
}

func TestAHiddenPageDoesNotGather(t *testing.T) {
	if !js.Global().Get("document").Truthy() {
		t.Skip("needs a page")
	}
	document := js.Global().Get("document")
	js.Global().Get("Object").Call("defineProperty", document, "hidden", map[string]any{"value": true, "configurable": true})
	defer js.Global().Get("Reflect").Call("deleteProperty", document, "hidden")
	dc, c, _ := inboxOf(t)
	for range 2 {
		postBytes(dc, make([]byte, bulk))
		if got := taken(c); len(got) != 1 {
			t.Errorf("%d messages were told at once", len(got))
		}
	}
}
