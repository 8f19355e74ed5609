package client

import "errors"

// Code names a kind of error for programs. The list is closed, and the same in
// Go, in TypeScript and in the documentation.
type Code string

// The codes that arise in Go. Those of the loader (a .wasm that cannot be
// loaded) are in js/.
const (
	CodeInvalidLink        Code = "INVALID_LINK"        // not a magnet link, info hash, URL or .torrent
	CodeInvalidTorrent     Code = "INVALID_TORRENT"     // a .torrent that breaks BEP 3 or our bounds
	CodeUnsupportedVersion Code = "UNSUPPORTED_VERSION" // a BitTorrent v2 link (btmh)
	CodeInvalidOption      Code = "INVALID_OPTION"      // an unknown option, or a value out of range
	CodeInvalidInput       Code = "INVALID_INPUT"       // what cannot be seeded
	CodeUnsupported        Code = "UNSUPPORTED"         // known, but not there yet
	CodeHTTP               Code = "HTTP"                // a .torrent URL that cannot be fetched
	CodeSourceChanged      Code = "SOURCE_CHANGED"      // a seeded file changed or is gone
	CodeStore              Code = "STORE"               // the store cannot write or read
	CodeQuota              Code = "QUOTA"               // the store is full
	CodeNotReady           Code = "NOT_READY"           // the metadata or the bytes are not there yet
	CodeRemoved            Code = "REMOVED"             // the torrent was removed
	CodeClosed             Code = "CLOSED"              // the client was closed
	CodeTracker            Code = "TRACKER"             // a warning: a tracker cannot be reached or talks nonsense
	CodeNoPeers            Code = "NO_PEERS"            // a warning: nobody has answered yet
	CodeWebSeed            Code = "WEB_SEED"            // a warning: a web seed cannot be used, or not for a while
	CodePeerBanned         Code = "PEER_BANNED"         // a warning: a peer has lied and is shut out
	CodeSession            Code = "SESSION"             // a warning: the session, or a record of it, cannot be read
	CodeInternal           Code = "INTERNAL"            // our own fault
)

// Error is an error with its code.
type Error struct {
	Code Code
	Err  error
}

// Error returns the message, without the code.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

var (
	// ErrMessageTooLong ends a socket whose peer sends more than MaxSocketMessage.
	ErrMessageTooLong = errors.New("message too long")
	// ErrBodyTooLong ends a body that is longer than was asked for.
	ErrBodyTooLong = errors.New("body too long")
	// ErrSourceChanged is wrapped by a store whose source is not what it was.
	ErrSourceChanged = errors.New("the file changed or is gone")
	// ErrFull is wrapped by a store that has no room for more.
	ErrFull = errors.New("there is no room left")
)
