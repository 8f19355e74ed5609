//go:build js && wasm

package store

import (
	"context"
	"crypto/sha1"
	"errors"
	"syscall/js"

	"github.com/shoal-p2p/shoal/core/jsx"
	"github.com/shoal-p2p/shoal/core/metainfo"
)

// hashChunk is how much Go hashes before the page has its turn: about 20 ms.
const hashChunk = 4 << 20

// hasher computes SHA-1 where the bytes lie: the browser's own threads do it
// six times as fast as Go. Pages that are not served securely have no
// crypto.subtle; there Go does it, and lets the page breathe in between.
type hasher struct {
	subtle js.Value // undefined where there is none
	yield  jsx.Yielder
}

func newHasher() *hasher {
	return &hasher{subtle: js.Global().Get("crypto").Get("subtle")}
}

// sum hashes a Uint8Array.
func (h *hasher) sum(ctx context.Context, data js.Value) (digest metainfo.Digest, err error) {
	if !h.subtle.Truthy() {
		return h.sumInGo(data), nil
	}
	var promise js.Value
	if err := jsx.Try(func() { promise = h.subtle.Call("digest", "SHA-1", data) }); err != nil {
		return digest, err
	}
	return digestOf(jsx.Await(ctx, promise))
}

func digestOf(value js.Value, err error) (digest metainfo.Digest, _ error) {
	if err == nil && copy(digest[:], jsx.Bytes(value)) != len(digest) {
		err = errors.New("crypto.subtle gave no SHA-1")
	}
	return digest, err
}

func (h *hasher) sumInGo(data js.Value) (digest metainfo.Digest) {
	hash := sha1.New()
	length := data.Length()
	for begin := 0; begin < length; begin += hashChunk {
		if begin > 0 {
			h.yield.Yield()
		}
		hash.Write(jsx.Bytes(data.Call("subarray", begin, min(begin+hashChunk, length))))
	}
	h.yield.Yield()
	hash.Sum(digest[:0])
	return digest
}

func (h *hasher) close() { h.yield.Close() }
