//go:build js && wasm

// Shoal's .wasm: one client in a page. Its only way in and out is the object
// that the loader calls shoalPort; it ends when that client is closed.
package main

import (
	"syscall/js"

	"github.com/shoal-p2p/shoal/wasm/api"
)

func main() {
	api.Serve(js.Global().Get("shoalPort"))
}
