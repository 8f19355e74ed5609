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

// The server is the one that this page comes from; only what it does not have,
// a redirect and a body without end, is answered by a fetch of our own.
const routes = `
	const real = globalThis.fetch
	globalThis.fetch = (url, options) => {
		if (url === location.origin + '/moved') return real('/wasm_exec.js', options)
		if (url !== location.origin + '/stuck') return real(url, options)
		return Promise.resolve(new Response(new ReadableStream({
			start(controller) { options.signal.onabort = () => controller.error(options.signal.reason) }
		})))
	}
	return () => { globalThis.fetch = real }`

func TestHTTP(t *testing.T) {
	restore := js.Global().Get("Function").New(routes).Invoke()
	defer restore.Invoke()
	origin := js.Global().Get("location").Get("origin").String()
	response, err := jsx.Await(t.Context(), js.Global().Call("fetch", "/wasm_exec.js"))
	if err != nil {
		t.Fatal(err)
	}
	content, err := jsx.Await(t.Context(), response.Call("arrayBuffer"))
	if err != nil {
		t.Fatal(err)
	}
	porttest.HTTP(t, Browser{}, porttest.HTTPServer{
		Body:     origin + "/wasm_exec.js",
		Content:  jsx.Bytes(content),
		Missing:  origin + "/none",
		Redirect: origin + "/moved",
		Stuck:    origin + "/stuck",
		Refused:  "http://127.0.0.1:9/",
	})
}
