//go:build !js

package rtc

import (
	"flag"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	before := runtime.NumGoroutine()
	code := m.Run()
	fuzzing := flag.Lookup("test.fuzz").Value.String() != "" // its engine leaves one
	if !fuzzing && !settles(func() bool { return runtime.NumGoroutine() <= before }) {
		println("goroutines are left:", runtime.NumGoroutine()-before)
		code = 1
	}
	os.Exit(code)
}

// settles waits until is holds, for a few seconds.
func settles(is func() bool) bool {
	ticks, patient := time.NewTicker(10*time.Millisecond), time.After(10*time.Second)
	defer ticks.Stop()
	for !is() {
		select {
		case <-ticks.C:
		case <-patient:
			return false
		}
	}
	return true
}

const tellsAddress = true

func needWebRTC(testing.TB) {}

func checkNothingLeft(*testing.T) {} // TestMain does

func sendText(t *testing.T, c *conn, text string) {
	if err := c.look().channel.dc.SendText(text); err != nil {
		t.Fatal(err)
	}
}

// openAnother opens a second channel; what it returns is closed when the
// channel is.
func openAnother(t *testing.T, c *conn) <-chan struct{} {
	dc, err := c.pc.CreateDataChannel("another", nil)
	if err != nil {
		t.Fatal(err)
	}
	closed := make(chan struct{})
	dc.OnClose(func() { close(closed) })
	return closed
}

// TestOffersThatNobodyAnswers is of a peer that never gets further than its offer.
func TestOffersThatNobodyAnswers(t *testing.T) {
	d := New(Config{})
	for range 20 {
		e := newTold()
		c := d.Offer(e.events())
		<-e.described
		c.Close()
		if err := <-e.closed; err != nil {
			t.Errorf("Closed(%v) after Close", err)
		}
	}
	d.Close()
}

// TestReceiverIsHeldUp: what a peer sends while our side is busy waits at
// the peer, not with us.
func TestReceiverIsHeldUp(t *testing.T) {
	c := newConn(nil, newTold().events())
	c.receive(make([]byte, maxUnread+1))
	waited := make(chan struct{})
	go func() {
		c.waitForRoom()
		close(waited)
	}()
	select {
	case <-waited:
		t.Fatal("there is no room, and yet it did not wait")
	case <-time.After(20 * time.Millisecond):
	}
	c.tell(c.take().received)
	<-waited

	c.receive(make([]byte, maxUnread+1))
	go c.Close()
	c.waitForRoom() // returns, for the connection is over
}

// TestSpoiltOffers gives pion offers of which some lines are gone, doubled,
// swapped or broken. Each is answered or refused; none brings us down.
func TestSpoiltOffers(t *testing.T) {
	t.Logf("-seed %d", *seed)
	rng := rand.New(rand.NewPCG(*seed, 0))
	d := New(Config{})
	defer d.Close()
	offerer := newTold()
	d.Offer(offerer.events())
	offer := <-offerer.described
	for range 150 {
		e := newTold()
		spoilt := spoil(rng, offer)
		c := d.Answer(spoilt, e.events())
		if err, sdp := <-e.failed, <-e.described; (err == nil) == (sdp == "") {
			t.Errorf("described as %q, %v, from %q", sdp, err, spoilt)
		}
		c.Close()
		<-e.closed
	}
}

func spoil(rng *rand.Rand, sdp string) string {
	lines := strings.SplitAfter(sdp, "\n")
	for range 1 + rng.IntN(3) {
		i, j := rng.IntN(len(lines)), rng.IntN(len(lines))
		switch rng.IntN(5) {
		case 0:
			lines[i] = ""
		case 1:
			lines[i] += lines[i]
		case 2:
			lines[i], lines[j] = lines[j], lines[i]
		case 3:
			lines[i] = lines[i][:rng.IntN(len(lines[i])+1)] + "\r\n"
		case 4:
			broken := []byte(lines[i])
			for k := range broken {
				if rng.IntN(8) == 0 {
					broken[k] = byte(rng.IntN(256))
				}
			}
			lines[i] = string(broken)
		}
	}
	return strings.Join(lines, "")
}
