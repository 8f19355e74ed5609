package swarm

import (
	"net/netip"

	"github.com/shoal-p2p/shoal/core/bitfield"
	"github.com/shoal-p2p/shoal/core/blame"
	"github.com/shoal-p2p/shoal/core/id"
	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/picker"
	"github.com/shoal-p2p/shoal/core/webseed"
	"github.com/shoal-p2p/shoal/core/wire"
)

// Peer is the handle of one connection in this swarm, chosen by the caller and
// never used twice.
type Peer uint64

// Link is what the transport knows of a connection. A zero field is unknown.
type Link struct {
	// Binding is the same at both ends of this connection and of no other; who
	// signs it cannot be impersonated by someone in between.
	Binding [32]byte
	Addr    netip.Addr // the peer's
}

// Event is what may happen to a Swarm: one of the structs of this file.
type Event interface{ event() }

type (
	// Connected: a channel to a peer is open; our handshake may go. Claimed is the
	// peer id that it is said to have, zero where nobody has said.
	Connected struct {
		Peer    Peer
		Link    Link
		Claimed id.ID
	}
	// Received: bytes came over the channel. The swarm owns Data from now on.
	Received struct {
		Peer Peer
		Data []byte
	}
	// Drained: of the bytes that were sent to the peer since Connected, Total
	// have left the channel's buffer. Total only grows; it counts encoded bytes.
	Drained struct {
		Peer  Peer
		Total int64
	}
	// Disconnected: the channel is gone. Answers Drop too.
	Disconnected struct{ Peer Peer }

	// Learn: the info dictionary is known from elsewhere (a .torrent file, an
	// "xs" link). Ignored when it is known already.
	Learn struct{ Info *metainfo.Info }
	// Opened answers Open: the store is there. Have says which pieces it holds
	// and has verified before; nil means none.
	Opened struct {
		Have *bitfield.Bitfield
		Err  error
	}
	// Recalled comes before Opened: of the pieces that it will tell these were
	// verified before this session. Each is verified again before it is used.
	Recalled struct{ Pieces *bitfield.Bitfield }
	// Wrote answers Write.
	Wrote struct {
		Block metainfo.Block
		Err   error
	}
	// Verified answers Verify: the SHA-1 of what the store holds of the piece. That
	// of a Recalled one may come unasked.
	Verified struct {
		Piece  metainfo.PieceIndex
		Digest metainfo.Digest
		Err    error
	}
	// ReadDone answers Read. Data is the whole piece and belongs to the swarm.
	ReadDone struct {
		Piece metainfo.PieceIndex
		Data  []byte
		Err   error
	}

	// Select says how much each file is wanted, by its number in Info.Files; nil
	// makes all Normal, and files beyond the list are not wanted. Before the
	// metadata is known the choice is kept for later.
	Select struct{ Priority []picker.Priority }
	// Order says whether pieces are asked for in their order or by rarity.
	Order struct{ Sequential bool }
	// Window says which pieces a reader needs next, in order, from First to Last.
	// A reader has one window; a new one replaces it.
	Window struct {
		Reader      uint64
		First, Last metainfo.PieceIndex
	}
	// CloseWindow: a reader is done.
	CloseWindow struct{ Reader uint64 }
	// AddWebSeeds names web servers that hold the torrent's files (BEP 19).
	AddWebSeeds struct{ URLs []string }
	// Chunk: bytes of a Fetch came, in order. The swarm owns Data. One without any
	// says that the server is being asked now: its time begins.
	Chunk struct {
		Fetch uint64
		Data  []byte
	}
	// Fetched: a Fetch has ended, after its last Chunk. Err describes anything
	// but Delivered.
	Fetched struct {
		Fetch   uint64
		Outcome webseed.Outcome
		Err     error
	}
	// Extend sends a message of wire.NameExchange to a peer that speaks it.
	Extend struct {
		Peer    Peer
		Payload []byte
	}
	// Pause stops transfer in both directions; connections stay.
	Pause struct{}
	// Resume ends a Pause.
	Resume struct{}
	// Tick: the time of Deadline has come.
	Tick struct{}
)

func (Connected) event()    {}
func (Received) event()     {}
func (Drained) event()      {}
func (Disconnected) event() {}
func (Learn) event()        {}
func (Opened) event()       {}
func (Recalled) event()     {}
func (Wrote) event()        {}
func (Verified) event()     {}
func (ReadDone) event()     {}
func (Select) event()       {}
func (Order) event()        {}
func (Window) event()       {}
func (CloseWindow) event()  {}
func (AddWebSeeds) event()  {}
func (Chunk) event()        {}
func (Fetched) event()      {}
func (Extend) event()       {}
func (Pause) event()        {}
func (Resume) event()       {}
func (Tick) event()         {}

// Effect is what a Swarm asks for: one of the structs below.
type Effect interface{ effect() }

type (
	// Send a message to a peer, in order, after those sent before it.
	Send struct {
		Peer Peer
		Msg  wire.Message
	}
	// Drop a peer's connection. The swarm has forgotten the peer already.
	Drop struct {
		Peer   Peer
		Reason string
	}
	// Met: the peer's handshake was right and this is its id.
	Met struct {
		Peer Peer
		ID   id.ID
	}
	// Speaks: the peer speaks wire.NameExchange and has proved its identity.
	Speaks struct {
		Peer     Peer
		ID       id.ID
		Identity id.Identity
	}
	// Extension: a message of wire.NameExchange came.
	Extension struct {
		Peer    Peer
		Payload []byte
	}
	// Banned: a peer has lied, is dropped and shut out.
	Banned struct {
		Who    blame.Who
		Reason string
	}
	// Fetch a range from a web seed; answered by Chunks and one Fetched. One that has
	// the number of a stream, and no URL, lets Request.Length bytes of it through.
	Fetch struct {
		Fetch   uint64
		Request webseed.Request
		Seed    string // as it was named in AddWebSeeds
	}
	// Abort a Fetch; Fetched follows all the same.
	Abort struct{ Fetch uint64 }
	// WebSeedFailed: a web seed is not asked again, or not for a while.
	WebSeedFailed struct {
		URL string
		Err error
	}
	// Open the store for this torrent; emitted once, when the metadata is known.
	Open struct{ Info *metainfo.Info }
	// Write a block to the store. Data belongs to the store from now on.
	Write struct {
		Block metainfo.Block
		Data  []byte
	}
	// Verify hashes a piece of which every block was written.
	Verify struct{ Piece metainfo.Piece }
	// Read a piece whole as it is stored, for upload or to find who lied.
	Read struct{ Piece metainfo.Piece }
	// Have: a piece was verified and may be used.
	Have struct{ Piece metainfo.PieceIndex }
	// Done: every wanted piece is verified; emitted again if the selection grows
	// and is met again, and not for a selection of no file.
	Done struct{}
	// Failed: the store cannot go on, or its content changed under us; the swarm
	// has paused itself. Resume tries again.
	Failed struct{ Err error }
)

func (Send) effect()          {}
func (Drop) effect()          {}
func (Met) effect()           {}
func (Speaks) effect()        {}
func (Extension) effect()     {}
func (Banned) effect()        {}
func (Fetch) effect()         {}
func (Abort) effect()         {}
func (WebSeedFailed) effect() {}
func (Open) effect()          {}
func (Write) effect()         {}
func (Verify) effect()        {}
func (Read) effect()          {}
func (Have) effect()          {}
func (Done) effect()          {}
func (Failed) effect()        {}
