//go:build !js

package stun

import (
	"bytes"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/stun/v4"
)

var request = stun.MustBuild(stun.TransactionID, stun.BindingRequest)

func TestAPeerLearnsItsAddress(t *testing.T) {
	for _, network := range []string{"127.0.0.1", "[::1]"} {
		server, err := Listen(network + ":0")
		if err != nil {
			t.Skipf("%s: %v", network, err)
		}
		peer, err := net.Dial("udp", server.conn.LocalAddr().String())
		if err != nil {
			t.Fatal(err)
		}
		for _, noise := range []string{"", "GET / HTTP/1.1\r\n\r\n", string(make([]byte, 20)), string(make([]byte, maxPacket+1))} {
			send(t, peer, []byte(noise))
		}
		send(t, peer, stun.MustBuild(stun.TransactionID, stun.BindingSuccess).Raw)
		send(t, peer, request.Raw)

		peer.SetReadDeadline(time.Now().Add(10 * time.Second))
		packet := make([]byte, 1500)
		n, err := peer.Read(packet)
		if err != nil {
			t.Fatalf("no answer: %v", err)
		}
		var response stun.Message
		if err := stun.Decode(packet[:n], &response); err != nil {
			t.Fatal(err)
		}
		var mapped stun.XORMappedAddress
		if err := mapped.GetFrom(&response); err != nil {
			t.Fatal(err)
		}
		if response.TransactionID != request.TransactionID || response.Type != stun.BindingSuccess {
			t.Errorf("the answer is %v", response)
		}
		if mapped.String() != peer.LocalAddr().String() {
			t.Errorf("the peer at %v is told %v", peer.LocalAddr(), mapped)
		}
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		if server.Requests() != 1 {
			t.Errorf("%d requests were answered", server.Requests())
		}
		peer.Close()
	}
}

func TestATakenPortIsAnError(t *testing.T) {
	first, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	if second, err := Listen(first.conn.LocalAddr().String()); err == nil {
		second.Close()
		t.Error("two servers on one port")
	}
}

func TestAnIPv4PeerOfADualStackSocketIsToldItsIPv4Address(t *testing.T) {
	from := netip.MustParseAddrPort("[::ffff:192.0.2.7]:1234")
	packet, ok := answer(bytes.Clone(request.Raw), from)
	if !ok {
		t.Fatal("no answer")
	}
	var response stun.Message
	var mapped stun.XORMappedAddress
	if err := stun.Decode(packet, &response); err != nil {
		t.Fatal(err)
	}
	if err := mapped.GetFrom(&response); err != nil || mapped.String() != "192.0.2.7:1234" || len(packet) != 32 {
		t.Errorf("told %v in %d bytes, %v", mapped, len(packet), err)
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add(request.Raw)
	f.Add(stun.MustBuild(stun.TransactionID, stun.BindingRequest, stun.NewSoftware("x"), stun.Fingerprint).Raw)
	f.Add(stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodBinding, stun.ClassIndication)).Raw)
	f.Add(stun.MustBuild(stun.TransactionID, stun.BindingError).Raw)
	from := netip.MustParseAddrPort("192.0.2.7:1234")
	f.Fuzz(func(t *testing.T, packet []byte) {
		response, ok := answer(bytes.Clone(packet), from)
		if !ok {
			return
		}
		if packet[0] != 0 || packet[1] != 1 {
			t.Errorf("% x is no binding request, and was answered", packet)
		}
		if len(response) != 32 || !bytes.Equal(response[4:20], packet[4:20]) {
			t.Errorf("answered by % x", response)
		}
	})
}

func send(t *testing.T, conn net.Conn, packet []byte) {
	t.Helper()
	if _, err := conn.Write(packet); err != nil {
		t.Fatal(err)
	}
}
