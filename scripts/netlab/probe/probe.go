//go:build linux

// Package probe measures a way between two hosts by plain sockets: one host
// serves, the other pings it and sends it bulk. It is what the lab is checked
// with.
package probe

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"syscall"
	"time"
)

const (
	echoPort   = ":7007" // UDP: sends back what comes
	streamPort = ":7009" // TCP: counts a stream
	floodPort  = ":7010" // TCP: counts datagrams at a socket of their own
)

// payload is what a datagram of a data channel holds, about.
const payload = 1200

// Trip is what Ping has measured.
type Trip struct {
	Sent, Received           int
	Least, Median, P99, Most time.Duration // of round-trips
}

// Bulk is what Stream or Flood has measured.
type Bulk struct {
	Sent, Received int // datagrams, of a Flood
	Bytes          int // received
	Seconds        float64
}

// Rate is in bytes per second.
func (b Bulk) Rate() float64 { return float64(b.Bytes) / b.Seconds }

// Serve answers probes until it fails; ready is called when it can.
func Serve(ready func()) error {
	echo, err := net.ListenPacket("udp4", echoPort)
	if err != nil {
		return err
	}
	streams, err := net.Listen("tcp4", streamPort)
	if err != nil {
		return err
	}
	floods, err := net.Listen("tcp4", floodPort)
	if err != nil {
		return err
	}
	ready()
	failed := make(chan error)
	go func() { failed <- serveEcho(echo) }()
	go func() { failed <- accept(streams, serveStream) }()
	go func() { failed <- accept(floods, serveFlood) }()
	return <-failed
}

func accept(listener net.Listener, serve func(net.Conn) error) error {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer conn.Close()
			serve(conn) // a client that ends early is the client's fault to tell
		}()
	}
}

func serveEcho(conn net.PacketConn) error {
	buffer := make([]byte, 2048)
	for {
		n, from, err := conn.ReadFrom(buffer)
		if err != nil {
			return err
		}
		conn.WriteTo(buffer[:n], from)
	}
}

func serveStream(conn net.Conn) error {
	buffer := make([]byte, 256<<10)
	if _, err := io.ReadFull(conn, buffer[:1]); err != nil {
		return err
	}
	result := Bulk{Bytes: 1}
	began := time.Now()
	for {
		n, err := conn.Read(buffer)
		result.Bytes += n
		if err == io.EOF {
			result.Seconds = time.Since(began).Seconds()
			return json.NewEncoder(conn).Encode(result)
		}
		if err != nil {
			return err
		}
	}
}

// serveFlood opens a socket, tells its port, counts what comes there until the
// client says that all is sent and the last has had time to arrive.
func serveFlood(control net.Conn) error {
	flood, err := net.ListenUDP("udp4", nil)
	if err != nil {
		return err
	}
	defer flood.Close()
	if err := roomy(flood); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(control, flood.LocalAddr().(*net.UDPAddr).Port); err != nil {
		return err
	}
	go func() {
		control.Read(make([]byte, 1))
		flood.SetReadDeadline(time.Now().Add(500 * time.Millisecond))
	}()
	var result Bulk
	var first, last time.Time
	for buffer := make([]byte, 2048); ; {
		n, err := flood.Read(buffer)
		if err != nil {
			break
		}
		last = time.Now()
		if result.Received == 0 {
			first = last
		}
		result.Received++
		result.Bytes += n
	}
	result.Seconds = last.Sub(first).Seconds()
	return json.NewEncoder(control).Encode(result)
}

// roomy gives a socket so large a buffer that what is lost was lost on the way.
// Root may have more of it than the machine's limit.
func roomy(conn *net.UDPConn) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		failed = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUFFORCE, 32<<20)
	})
	return errors.Join(err, failed)
}

// Ping sends datagrams of 64 bytes, one by one, and waits for each a second at
// most.
func Ping(host string, count int, every time.Duration) (Trip, error) {
	conn, err := net.Dial("udp4", host+echoPort)
	if err != nil {
		return Trip{}, err
	}
	defer conn.Close()
	var trips []time.Duration
	buffer := make([]byte, 64)
	for i := range count {
		buffer[0], buffer[1] = byte(i), byte(i>>8)
		began := time.Now()
		if _, err := conn.Write(buffer); err != nil {
			return Trip{}, err
		}
		conn.SetReadDeadline(began.Add(time.Second))
		for answer := make([]byte, 64); ; {
			if _, err := conn.Read(answer); err != nil {
				break
			}
			if answer[0] == byte(i) && answer[1] == byte(i>>8) {
				trips = append(trips, time.Since(began))
				break
			}
		}
		time.Sleep(time.Until(began.Add(every)))
	}
	if len(trips) == 0 {
		return Trip{Sent: count}, nil
	}
	slices.Sort(trips)
	at := func(share float64) time.Duration { return trips[int(share*float64(len(trips)-1))] }
	return Trip{count, len(trips), at(0), at(0.5), at(0.99), at(1)}, nil
}

// Stream sends as much as a TCP connection takes for so long.
func Stream(host string, length time.Duration) (Bulk, error) {
	conn, err := net.Dial("tcp4", host+streamPort)
	if err != nil {
		return Bulk{}, err
	}
	defer conn.Close()
	buffer := make([]byte, 256<<10)
	for began := time.Now(); time.Since(began) < length; {
		if _, err := conn.Write(buffer); err != nil {
			return Bulk{}, err
		}
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		return Bulk{}, err
	}
	var result Bulk
	err = json.NewDecoder(conn).Decode(&result)
	return result, err
}

// Flood sends datagrams at a rate, in bytes of payload per second, for so long.
func Flood(host string, rate int, length time.Duration) (Bulk, error) {
	control, err := net.Dial("tcp4", host+floodPort)
	if err != nil {
		return Bulk{}, err
	}
	defer control.Close()
	answers := bufio.NewReader(control)
	var port int
	if _, err := fmt.Fscanln(answers, &port); err != nil {
		return Bulk{}, err
	}
	conn, err := net.Dial("udp4", net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		return Bulk{}, err
	}
	defer conn.Close()
	sent := pace(conn, rate, length)
	if _, err := control.Write([]byte{0}); err != nil {
		return Bulk{}, err
	}
	result := Bulk{}
	err = json.NewDecoder(answers).Decode(&result)
	result.Sent = sent
	return result, err
}

// pace writes what is due, a few times in a millisecond.
func pace(conn net.Conn, rate int, length time.Duration) (sent int) {
	buffer := make([]byte, payload)
	began := time.Now()
	for {
		passed := time.Since(began)
		if passed > length {
			return sent
		}
		for due := int(passed.Seconds() * float64(rate) / payload); sent < due; sent++ {
			conn.Write(buffer) // what the device refuses is lost
		}
		time.Sleep(200 * time.Microsecond)
	}
}
