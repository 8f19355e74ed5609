//go:build !js

// Package stun answers one question of the STUN protocol (RFC 8489): from which
// address does a peer's packet come? In come binding requests, out go binding
// responses with XOR-MAPPED-ADDRESS. Everything else is left unanswered: it
// knows no users, no errors and no relaying.
package stun

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"

	"github.com/pion/stun/v4"
)

// maxPacket is the longest packet that is looked at, in bytes; a binding
// request has 20, with all attributes that browsers add less than 200.
const maxPacket = 1280

// Server answers on one UDP socket. It holds no state of a peer, and its answer
// is hardly longer than the shortest request, so it is of no use to flood
// anybody with.
type Server struct {
	conn     *net.UDPConn
	running  sync.WaitGroup
	requests atomic.Int64
}

// Listen begins to answer on a UDP address such as ":8080".
func Listen(address string) (*Server, error) {
	udp, err := net.ResolveUDPAddr("udp", address)
	if err != nil {
		return nil, err
	}
	conn, err := net.ListenUDP("udp", udp)
	if err != nil {
		return nil, err
	}
	s := &Server{conn: conn}
	s.running.Go(s.serve)
	return s, nil
}

// Port is the UDP port.
func (s *Server) Port() int { return s.conn.LocalAddr().(*net.UDPAddr).Port }

// Requests counts the requests that were answered.
func (s *Server) Requests() int64 { return s.requests.Load() }

// Close ends the server and returns when its goroutine has ended.
func (s *Server) Close() error {
	err := s.conn.Close()
	s.running.Wait()
	return err
}

func (s *Server) serve() {
	packet := make([]byte, maxPacket+1)
	for {
		n, from, err := s.conn.ReadFromUDPAddrPort(packet)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil || n > maxPacket {
			continue // an ICMP error of an earlier answer, or nothing for us
		}
		if response, ok := answer(packet[:n], from); ok {
			// A peer asks again when an answer is lost, here as on the way.
			s.conn.WriteToUDPAddrPort(response, from)
			s.requests.Add(1)
		}
	}
}

// answer returns the response to a packet, if it is a binding request. A
// response is never answered, or two servers could be set upon each other.
func answer(packet []byte, from netip.AddrPort) ([]byte, bool) {
	// The library does not look at the two bits that are zero in all STUN messages.
	if !stun.IsMessage(packet) || packet[0]&0xc0 != 0 {
		return nil, false
	}
	request := &stun.Message{Raw: packet}
	if request.Decode() != nil || request.Type != stun.BindingRequest {
		return nil, false
	}
	response, err := stun.Build(
		stun.NewTransactionIDSetter(request.TransactionID),
		stun.BindingSuccess,
		&stun.XORMappedAddress{IP: from.Addr().Unmap().AsSlice(), Port: int(from.Port())},
	)
	if err != nil {
		return nil, false
	}
	return response.Raw, true
}
