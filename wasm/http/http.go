//go:build js && wasm

// Package http is the browser's fetch as a port of the client: a GET whose
// body is pulled in chunks and bounded in bytes.
package http

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall/js"

	"github.com/hack-pad/safejs"

	"github.com/shoal-p2p/shoal/core/client"
	"github.com/shoal-p2p/shoal/core/jsx"
)

// errUnreachable is all that a page is told, whatever was the cause.
var errUnreachable = errors.New("no answer: the network, or a server that does not let this page read it (CORS)")

// Browser is a client.HTTP.
type Browser struct{}

// Get returns the body of a 200 answer. The context ends the body, too.
func (Browser) Get(ctx context.Context, url string, most int64) (io.ReadCloser, error) {
	if !strings.HasPrefix(url, "http://") && !strings.HasPrefix(url, "https://") {
		return nil, fmt.Errorf("%q is not an http(s) URL", url)
	}
	b := &body{ctx: ctx, left: most}
	if err := b.request(url); err != nil {
		b.abort()
		return nil, err
	}
	return b, nil
}

// body reads an answer as it comes.
type body struct {
	ctx        context.Context
	controller safejs.Value
	reader     safejs.Value // undefined where the answer has no body
	chunk      []byte       // not yet read
	left       int64        // bytes that may still come
	err        error        // of every Read from now on
}

func (b *body) request(url string) error {
	response, err := b.fetch(url)
	if err != nil {
		return err
	}
	status, err := response.Get("status")
	if err != nil {
		return err
	}
	if code, err := status.Int(); err != nil || code != 200 {
		return fmt.Errorf("the server answers with status %d", code)
	}
	stream, err := response.Get("body")
	if err != nil {
		return err
	}
	b.reader = safejs.Undefined()
	if stream.IsNull() {
		return nil
	}
	b.reader, err = stream.Call("getReader")
	return err
}

func (b *body) fetch(url string) (response safejs.Value, err error) {
	constructor, err := safejs.Global().Get("AbortController")
	if err != nil {
		return response, err
	}
	if b.controller, err = constructor.New(); err != nil {
		return response, err
	}
	signal, err := b.controller.Get("signal")
	if err != nil {
		return response, err
	}
	// No cookies: a torrent's source need not know who we are.
	promise, err := safejs.Global().Call("fetch", url, map[string]any{
		"signal":      safejs.Unsafe(signal),
		"credentials": "omit",
	})
	if err != nil {
		return response, err
	}
	answer, err := jsx.Await(b.ctx, safejs.Unsafe(promise))
	if jsx.Named(err, "TypeError") {
		return response, errUnreachable
	}
	return safejs.Safe(answer), err
}

// Read pulls one chunk when it has none.
func (b *body) Read(p []byte) (int, error) {
	for len(b.chunk) == 0 && b.err == nil {
		b.err = b.pull()
	}
	if len(b.chunk) == 0 {
		return 0, b.err
	}
	n := copy(p, b.chunk)
	b.chunk = b.chunk[n:]
	return n, nil
}

func (b *body) pull() error {
	if b.reader.IsUndefined() {
		return io.EOF
	}
	promise, err := b.reader.Call("read")
	if err != nil {
		return err
	}
	result, err := jsx.Await(b.ctx, safejs.Unsafe(promise))
	if err != nil {
		return err
	}
	if result.Get("done").Bool() {
		return io.EOF
	}
	return b.take(result.Get("value"))
}

// take judges a chunk by its length before it is copied into Go.
func (b *body) take(chunk js.Value) error {
	length := int64(chunk.Get("byteLength").Int())
	if length > b.left {
		b.abort()
		return client.ErrBodyTooLong
	}
	b.left -= length
	b.chunk = jsx.Bytes(chunk)
	return nil
}

// Close ends the request wherever it is.
func (b *body) Close() error {
	b.abort()
	b.chunk, b.err = nil, io.ErrClosedPipe
	return nil
}

func (b *body) abort() {
	if safejs.Unsafe(b.controller).Truthy() {
		// A request that is over already takes no harm.
		_, _ = b.controller.Call("abort")
	}
}
