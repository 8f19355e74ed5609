package tracker

import "errors"

// What may be wrong with a tracker; wrapped by Warned.Err. Their texts go on
// after "the tracker wss://…".
var (
	// ErrURL: not the URL of a tracker that we can speak to.
	ErrURL = errors.New("has no usable WebSocket URL")
	// ErrUnreachable: the socket cannot be opened, or nothing is answered.
	ErrUnreachable = errors.New("cannot be reached")
	// ErrRefused: the tracker said no ("failure reason").
	ErrRefused = errors.New("refuses")
	// ErrProtocol: what the tracker says is no message of this protocol.
	ErrProtocol = errors.New("talks nonsense")
)
