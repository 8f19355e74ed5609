//go:build js && wasm

package http

import (
	"os"
	"syscall/js"
	"testing"

	"github.com/shoal-p2p/shoal/core/client/porttest"
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

// The server is the one that this page comes from, which knows no ranges; only
// what it does not have is answered by a fetch of our own: a redirect, a body
// without end, one that breaks off, and ranges, which the browser cuts out of a
// Blob.
const routes = `
	const content = arguments[0], asked = arguments[1]
	const real = globalThis.fetch
	const blob = URL.createObjectURL(new Blob([content]))
	const cut = start => new ReadableStream({ start })
	const route = {
		'/moved': options => real('/wasm_exec.js', options),
		'/ranged': options => real(blob, options),
		'/stuck': options => new Response(cut(controller => {
			options.signal.onabort = () => controller.error(options.signal.reason)
		})),
		'/cut': () => new Response(cut(controller => {
			controller.enqueue(content.subarray(0, 1000))
			queueMicrotask(() => controller.error(new TypeError('network error')))
		}), { status: 206 })
	}
	globalThis.fetch = async (url, options) => {
		if (options?.signal) asked.push(options) // what runs the tests has none
		const path = url.startsWith(location.origin) ? url.slice(location.origin.length) : ''
		return Object.hasOwn(route, path) ? route[path](options) : real(url, options)
	}
	return () => { globalThis.fetch = real; URL.revokeObjectURL(blob) }`

func TestHTTP(t *testing.T) {
	origin := js.Global().Get("location").Get("origin").String()
	response, err := jsx.Await(t.Context(), js.Global().Call("fetch", "/wasm_exec.js"))
	if err != nil {
		t.Fatal(err)
	}
	content, err := jsx.Await(t.Context(), response.Call("arrayBuffer"))
	if err != nil {
		t.Fatal(err)
	}
	asked := js.Global().Get("Array").New()
	restore := js.Global().Get("Function").New(routes).Invoke(js.Global().Get("Uint8Array").New(content), asked)
	defer restore.Invoke()
	porttest.HTTP(t, Browser{}, porttest.HTTPServer{
		Body:     origin + "/wasm_exec.js",
		Content:  jsx.Bytes(content),
		Missing:  origin + "/none",
		Redirect: origin + "/moved",
		Stuck:    origin + "/stuck",
		Refused:  "http://127.0.0.1:9/",
		Ranged:   origin + "/ranged",
		Whole:    origin + "/wasm_exec.js",
		Cut:      origin + "/cut",
	})

	if asked.Length() == 0 {
		t.Fatal("no request was seen")
	}
	for i := range asked.Length() {
		options := asked.Index(i)
		if options.Get("credentials").String() != "omit" {
			t.Error("a request could carry cookies")
		}
		if options.Get("headers").Truthy() && options.Get("cache").String() != "no-store" {
			t.Error("a range could come out of the cache, or fill it")
		}
	}
}
