//go:build js && wasm

// Package jsx is where Go and the page's JavaScript touch: callbacks, events,
// promises, bytes, errors and turns of the event loop. In go JavaScript values,
// out come Go's; whatever must be given back later comes with a release. It
// knows no browser API, holds no state but the count of live callbacks and the
// one dispatcher of Await, and is the only package that calls js.FuncOf.
//
// A function given to Callback or Listen runs on the page's event loop: it
// copies what it needs, posts it and returns. If it waits, the page stops.
package jsx

import (
	"sync"
	"sync/atomic"
	"syscall/js"

	"github.com/hack-pad/safejs"
)

var live atomic.Int64

// Live is the number of callbacks not yet released, for tests of leaks.
func Live() int { return int(live.Load()) }

// Callback makes a JavaScript function that calls fn with its arguments and
// returns undefined. JavaScript must not call it after release; releasing
// twice is once.
func Callback(fn func(args []js.Value)) (callback js.Value, release func()) {
	f := js.FuncOf(func(_ js.Value, args []js.Value) any {
		fn(args)
		return nil
	})
	live.Add(1)
	return f.Value, sync.OnceFunc(func() {
		live.Add(-1)
		f.Release()
	})
}

// Listen calls fn with every event of that name on an EventTarget until
// release. A target that takes no listeners hears nothing.
func Listen(target js.Value, event string, fn func(event js.Value)) (release func()) {
	callback, free := Callback(func(args []js.Value) {
		if len(args) > 0 {
			fn(args[0])
		}
	})
	// A throw here can only mean that target is no EventTarget: nothing will
	// be told, and there is nothing to take off either.
	safe := safejs.Safe(target)
	_, _ = safe.Call("addEventListener", event, callback)
	return sync.OnceFunc(func() {
		_, _ = safe.Call("removeEventListener", event, callback)
		free()
	})
}
