// Package dht is the overlay: a Kademlia among nodes that hold few connections
// and cannot dial each other by address. In come links, messages, questions and
// the time; out come messages, answers, and with whom to be linked. It makes no
// connection itself, knows no address and no torrent.
//
// A lookup travels from node to node by links that are there already, so it costs
// no connection, and its answer comes back the same way. Every node knows its
// neighbours' neighbours, so a message looks two links ahead.
//
// # The rooms
//
// Below this package are four of its own: frame has what crosses a link,
// byte by byte; krpc the questions and answers inside it; record what is kept
// for others; table whom a node knows, and which of them serve it. Here each file
// is one idea:
//
//	dht.go       the machine: Config, New, Handle, Poll, Deadline
//	event.go     what may happen to it, what it asks for
//	link.go      a neighbour: its round trip, doubt and proof that it is alive
//	tend.go      the heartbeat; which links to ask for; when to announce oneself
//	meet.go      two nodes agree to be linked, before any connection is made
//	passage.go   a message on its way through, as soft state
//	route.go     the next step of a message; what is done about silence
//	reply.go     an answer on its way back
//	lookup.go    our own questions: hedges, second tries, values
//	serve.go     answers to others'
//	standing.go  records of our own, put again and again
//	keep.go      records of others: who else should hold them
//
// # How a message travels
//
// Whoever has it picks the way that leads to the closest node that anybody here
// has told of: a neighbour, or a neighbour's neighbour. Each step gets closer
// than all that came before; only a node that was chosen for somebody behind it
// may itself be further, and the step after it may not. So a message ends,
// whatever the digests say. A node sees a message once; copies are acknowledged
// and no more.
//
// Every hop is acknowledged: "taken", or "nothing closer". Then, or after silence
// or the loss of the link, the next best way is tried. Silence makes the link
// suspect and whatever comes of the message provisional: it may be that the
// silent one led closer. Who asks gets a provisional answer too, asks once more,
// and takes the better of the two.
//
// # What is bounded
//
// Of a neighbour 50 messages a second are passed on, 100 at once; two digests a
// second; two records a second, 128 at once, and a quarter of the store. In all
// there are 4,096 messages or a mebibyte on their way for 30 seconds, 1,024
// replies without their ack, 256 questions of our own, 8,192 records of 4 MiB.
// Three breaches of form end a link.
package dht
