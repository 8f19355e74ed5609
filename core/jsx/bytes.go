//go:build js && wasm

package jsx

import "syscall/js"

// The constructors are looked up once: a look-up costs as much as a call.
var (
	uint8Array  = js.Global().Get("Uint8Array")
	arrayBuffer = js.Global().Get("ArrayBuffer")
)

// Bytes copies a Uint8Array, an ArrayBuffer or any other view of one into Go.
// Of anything else it makes nil.
func Bytes(v js.Value) []byte {
	switch {
	case v.Type() != js.TypeObject:
		return nil
	case v.InstanceOf(uint8Array):
	case v.InstanceOf(arrayBuffer):
		v = uint8Array.New(v)
	case v.Get("buffer").InstanceOf(arrayBuffer):
		v = uint8Array.New(v.Get("buffer"), v.Get("byteOffset"), v.Get("byteLength"))
	default:
		return nil
	}
	data := make([]byte, v.Get("byteLength").Int())
	js.CopyBytesToGo(data, v)
	return data
}

// Uint8Array copies bytes into a new Uint8Array.
func Uint8Array(data []byte) js.Value {
	v := uint8Array.New(len(data))
	js.CopyBytesToJS(v, data)
	return v
}
