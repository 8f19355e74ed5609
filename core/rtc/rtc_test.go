package rtc

import (
	"errors"
	"testing"

	"github.com/shoal-p2p/shoal/core/client"
	"github.com/shoal-p2p/shoal/core/client/porttest"
)

func TestDialer(t *testing.T) {
	needWebRTC(t)
	porttest.Dialer(t, func() client.Dialer { return New(Config{}) })
	checkNothingLeft(t)
}

// told is what a connection of a test tells, each on a channel with room.
type told struct {
	described chan string
	failed    chan error
	opened    chan struct{}
	link      client.Link // once opened
	received  chan []byte
	drained   chan int64
	closed    chan error
}

func newTold() *told {
	return &told{described: make(chan string, 1), failed: make(chan error, 1), opened: make(chan struct{}, 1),
		received: make(chan []byte, 1<<16), drained: make(chan int64, 1<<16), closed: make(chan error, 1)}
}

func (e *told) events() client.ConnEvents {
	return client.ConnEvents{
		Described: func(sdp string, err error) { e.failed <- err; e.described <- sdp },
		Opened:    func(link client.Link) { e.link = link; e.opened <- struct{}{} },
		Received:  func(data []byte) { e.received <- data },
		Drained:   func(total int64) { e.drained <- total },
		Closed:    func(err error) { e.closed <- err },
	}
}

// connect joins two dialers by one connection.
func connect(tb testing.TB, a, b *Dialer) (offerer, answerer client.Conn, x, y *told) {
	tb.Helper()
	x, y = newTold(), newTold()
	offerer = a.Offer(x.events())
	if err := <-x.failed; err != nil {
		tb.Fatal(err)
	}
	answerer = b.Answer(<-x.described, y.events())
	if err := <-y.failed; err != nil {
		tb.Fatal(err)
	}
	offerer.Apply(<-y.described)
	<-x.opened
	<-y.opened
	return offerer, answerer, x, y
}

func TestClosedDialerRefuses(t *testing.T) {
	d := New(Config{})
	d.Close()
	d.Close()
	e := newTold()
	d.Offer(e.events()).Close()
	if err := <-e.failed; !errors.Is(err, ErrDialerClosed) {
		t.Errorf("Described(%v), want ErrDialerClosed", err)
	}
	if err := <-e.closed; !errors.Is(err, ErrDialerClosed) {
		t.Errorf("Closed(%v), want ErrDialerClosed", err)
	}
	checkNothingLeft(t)
}

func TestTextCloses(t *testing.T) {
	needWebRTC(t)
	a, b := New(Config{}), New(Config{})
	offerer, _, x, y := connect(t, a, b)
	sendText(t, offerer.(*conn), "hello")
	if err := <-y.closed; !errors.Is(err, ErrText) {
		t.Errorf("Closed(%v) after a text, want ErrText", err)
	}
	if err := <-x.closed; err != nil {
		t.Errorf("Closed(%v) at the sender, want an orderly end", err)
	}
	a.Close()
	b.Close()
	checkNothingLeft(t)
}

func TestFurtherChannelsAreClosed(t *testing.T) {
	needWebRTC(t)
	a, b := New(Config{}), New(Config{})
	offerer, answerer, x, y := connect(t, a, b)
	<-openAnother(t, offerer.(*conn))
	<-openAnother(t, answerer.(*conn))
	offerer.Send([]byte("still"))
	answerer.Send([]byte("here"))
	if got := string(<-y.received) + string(<-x.received); got != "stillhere" {
		t.Errorf("got %q over the first channel", got)
	}
	a.Close()
	b.Close()
	checkNothingLeft(t)
}

func TestUnreachableServersDoNotHoldUpTheOffer(t *testing.T) {
	needWebRTC(t)
	// 192.0.2.0/24 belongs to nobody (RFC 5737).
	d := New(Config{ICEServers: []ICEServer{{URLs: []string{"stun:192.0.2.77:3478"}},
		{URLs: []string{"turn:192.0.2.77:3478"}, Username: "u", Credential: "p"}}})
	e := newTold()
	d.Offer(e.events())
	if err := <-e.failed; err != nil {
		t.Errorf("Described(%v)", err)
	}
	if _, err := readDescription(<-e.described); err != nil {
		t.Error(err)
	}
	d.Close()
	checkNothingLeft(t)
}

func TestWrongServersAreAnError(t *testing.T) {
	needWebRTC(t)
	d := New(Config{ICEServers: []ICEServer{{URLs: []string{"http://example.com"}}}})
	e := newTold()
	d.Offer(e.events())
	if err := <-e.failed; err == nil {
		t.Error("a web server is no ICE server, but there is no error")
	}
	<-e.closed
	d.Close()
	checkNothingLeft(t)
}

// BenchmarkOneWay sends over one connection from one dialer to another in this
// process, in messages of 64 KiB with at most 1 MiB under way.
func BenchmarkOneWay(b *testing.B) {
	needWebRTC(b)
	const message, inFlight = 64 << 10, 1 << 20
	a, d := New(Config{}), New(Config{})
	defer a.Close()
	defer d.Close()
	offerer, _, x, y := connect(b, a, d)
	data := make([]byte, message)
	b.SetBytes(message)
	var sent, drained, received int64
	for b.Loop() {
		offerer.Send(data)
		for sent += message; sent-drained > inFlight; {
			drained = <-x.drained
		}
		for range len(y.received) {
			received += int64(len(<-y.received))
		}
	}
	for received < sent {
		received += int64(len(<-y.received))
	}
}
