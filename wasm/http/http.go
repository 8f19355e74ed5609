//go:build js && wasm

// Package http is the browser's fetch as a port of the client: a GET, of a
// whole body that is bounded in bytes or of a range; bodies are pulled in
// chunks.
package http

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
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
	b := &body{ctx: ctx, left: most}
	status, err := b.request(url, map[string]any{})
	if err == nil && status != 200 {
		err = fmt.Errorf("the server answers with status %d", status)
	}
	if err != nil {
		b.abort()
		return nil, err
	}
	return b, nil
}

// Range asks for a range. The browser's cache is passed by: it lets requests
// for parts of one file wait for each other, would be filled with what the
// store keeps already, and might give bytes again that were found to be wrong.
func (Browser) Range(ctx context.Context, url string, offset, length int64) (*client.Answer, error) {
	b := &body{ctx: ctx, left: math.MaxInt64}
	status, err := b.request(url, map[string]any{
		"headers": map[string]any{"Range": client.RangeHeader(offset, length)},
		"cache":   "no-store",
	})
	if err != nil {
		b.abort()
		return nil, err
	}
	return &client.Answer{Status: status, Body: b}, nil
}

// body reads an answer as it comes. A chunk stays in JavaScript, however long
// the browser made it, and is copied into Go as it is read.
type body struct {
	ctx        context.Context
	controller safejs.Value
	reader     safejs.Value // undefined where the answer has no body
	chunk      safejs.Value // a Uint8Array
	begin, end int          // what of the chunk is not yet read
	left       int64        // bytes that may still come
	err        error        // of every Read from now on
}

// request begins; the answer's status is known before its body.
func (b *body) request(url string, options map[string]any) (status int, err error) {
	if !strings.HasPrefix(url, "http://") && !strings.HasPrefix(url, "https://") {
		return 0, fmt.Errorf("%q is not an http(s) URL", url)
	}
	response, err := b.fetch(url, options)
	if err != nil {
		return 0, err
	}
	code, err := response.Get("status")
	if err != nil {
		return 0, err
	}
	if status, err = code.Int(); err != nil {
		return 0, err
	}
	stream, err := response.Get("body")
	if err != nil {
		return 0, err
	}
	b.reader = safejs.Undefined()
	if !stream.IsNull() {
		b.reader, err = stream.Call("getReader")
	}
	return status, err
}

func (b *body) fetch(url string, options map[string]any) (response safejs.Value, err error) {
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
	options["signal"], options["credentials"] = safejs.Unsafe(signal), "omit"
	promise, err := safejs.Global().Call("fetch", url, options)
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
	for b.begin == b.end && b.err == nil {
		b.err = b.pull()
	}
	if b.begin == b.end {
		return 0, b.err
	}
	part, err := b.chunk.Call("subarray", b.begin, min(b.end, b.begin+len(p)))
	if err != nil {
		return 0, err
	}
	n, err := safejs.CopyBytesToGo(p, part)
	b.begin += n
	return n, err
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

// take judges a chunk by its length before it is read.
func (b *body) take(chunk js.Value) error {
	length := chunk.Get("byteLength").Int()
	if int64(length) > b.left {
		b.abort()
		return client.ErrBodyTooLong
	}
	b.left -= int64(length)
	b.chunk, b.begin, b.end = safejs.Safe(chunk), 0, length
	return nil
}

// Close ends the request wherever it is.
func (b *body) Close() error {
	b.abort()
	b.chunk, b.begin, b.end, b.err = safejs.Undefined(), 0, 0, io.ErrClosedPipe
	return nil
}

func (b *body) abort() {
	if safejs.Unsafe(b.controller).Truthy() {
		// A request that is over already takes no harm.
		_, _ = b.controller.Call("abort")
	}
}
