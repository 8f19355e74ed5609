package client

// Event is what a client tells of a torrent: one of the structs below.
type Event interface{ event() }

type (
	// Ready: the metadata is known.
	Ready struct{}
	// Progress: verified bytes, rates or pieces have changed; told at most five
	// times a second.
	Progress struct{}
	// PeerEvent: a peer was met or is gone.
	PeerEvent struct {
		Peer PeerInfo
		Gone bool
	}
	// Warning: something is wrong that does not stop the torrent.
	Warning struct{ Err *Error }
	// Done: every wanted file is verified and stored.
	Done struct{}
	// Failed: the torrent has stopped until Resume.
	Failed struct{ Err *Error }
	// Ended: the torrent was removed or its client closed; the last event.
	Ended struct{ Err *Error }
)

func (Ready) event()     {}
func (Progress) event()  {}
func (PeerEvent) event() {}
func (Warning) event()   {}
func (Done) event()      {}
func (Failed) event()    {}
func (Ended) event()     {}
