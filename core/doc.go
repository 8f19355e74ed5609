// Package core holds the house of Shoal; see ARCHITECTURE.md for its floors.
//
// # Glossary
//
// One word per idea, in Go and in TypeScript alike.
//
//   - Torrent: an agreed set of files, named by the hash of its info dictionary.
//   - Info hash: the SHA-1 of the bencoded info dictionary (BEP 3).
//   - Piece: the unit of verification; every piece but the last has the piece length.
//   - Block: the unit of request, 16 KiB or the rest of a piece.
//   - Layout: the arithmetic that joins files, pieces and blocks.
//   - Peer: an identity in a swarm, known by its 20-byte peer id.
//   - Connection: a transport to a peer; in this house a WebRTC peer connection
//     with one data channel, a byte stream in both directions.
//   - Swarm: all peers of one torrent, and the state machine that trades with them.
//   - Seed: a peer that has every piece. Leecher: one that has not.
//   - Choke: to refuse a peer's requests for now. Unchoke: to serve them.
//   - Interested: a peer has a piece that we lack.
//   - Snub: to leave an unchoked peer waiting.
//   - Endgame: the last blocks are asked of several peers; the slower are cancelled.
//   - Tracker: a server that introduces the peers of a swarm by relaying offers.
//   - Announce: what a peer tells a tracker. Scrape: to ask a tracker for counts only.
//   - Offer, answer: the two session descriptions by which a connection is made.
//   - Glare: two peers that offer to each other at the same time.
//   - Relay: whoever carries an offer to a peer and its answer back.
//   - Budget: how many connections the client may have, unanswered offers counted.
//   - Event: what happens to a state machine. Effect: what it asks the shell to do.
//   - Port: an interface by which the shell reaches the world.
//   - Store: the port that keeps a torrent's bytes and hashes them where they lie.
//   - Node: one peer as one state machine, swarms, trackers and signaling joined.
//   - Client: the shell around a node, and the API.
package core
