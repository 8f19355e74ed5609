// Package datachannel stands in for the module of that name in the .wasm. In a
// page the browser carries data channels; pion/webrtc only names the type of one
// that is detached, which Shoal never does. The module itself would bring SCTP.
package datachannel

import "io"

// ReadWriteCloser is a detached channel: reads and writes of whole messages,
// which may be text.
type ReadWriteCloser interface {
	io.ReadWriteCloser
	ReadDataChannel(message []byte) (n int, isText bool, err error)
	WriteDataChannel(message []byte, isText bool) (n int, err error)
}
