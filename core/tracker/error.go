package tracker

import "errors"

// What may be wrong with a tracker; wrapped by Warned.Err.
var (
	// ErrURL: not the URL of a tracker that we can speak to.
	ErrURL = errors.New("tracker: not a usable WebSocket URL")
	// ErrUnreachable: the socket cannot be opened, or nothing is answered.
	ErrUnreachable = errors.New("tracker: unreachable")
	// ErrRefused: the tracker said no ("failure reason").
	ErrRefused = errors.New("tracker: refused")
	// ErrProtocol: what the tracker says is no message of this protocol.
	ErrProtocol = errors.New("tracker: nonsense")
)
