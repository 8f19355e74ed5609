package porttest

import (
	"bytes"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/client"
)

// maxUntold is how many bytes may have left a send buffer before Drained tells.
const maxUntold = client.DrainLow + 64<<10

// Dialer is the contract of connections. newDialer is called twice for every
// story, once for each side; the two must reach each other. A dialer that has
// a method Close is closed at a story's end, and must then leave no goroutine.
func Dialer(t *testing.T, newDialer func() client.Dialer) {
	stories := []struct {
		name string
		tell func(*testing.T, *pair)
	}{
		{"bytes cross in order in both directions", bytesCross},
		{"both ends are bound to one connection", boundToOne},
		{"one large send drains by itself", largeSendDrains},
		{"what is sent block by block drains by itself", blocksDrain},
		{"what is sent outside Opened and Closed is nothing", sentTooEarlyOrLate},
		{"the offerer closes", func(t *testing.T, p *pair) { closes(t, p, true, false) }},
		{"the answerer closes", func(t *testing.T, p *pair) { closes(t, p, false, true) }},
		{"both close", func(t *testing.T, p *pair) { closes(t, p, true, true) }},
		{"closed with bytes in the buffer", closedWhileSending},
		{"a bad offer", badOffer},
		{"a bad answer", badAnswer},
		{"an answer is applied twice", appliedTwice},
		{"closed before anything else", closedAtOnce},
		{"closed without an answer", closedUnanswered},
		{"closed between answer and Apply", closedBeforeApply},
		{"many connections", manyConnections},
	}
	for _, story := range stories {
		t.Run(story.name, func(t *testing.T) {
			before := runtime.NumGoroutine()
			p := &pair{t: t, offering: newDialer(), answering: newDialer()}
			story.tell(t, p)
			p.close(before)
		})
	}
}

// pair is the two dialers of a story and every end they made.
type pair struct {
	t                   *testing.T
	offering, answering client.Dialer
	ends                []*end
}

func (p *pair) offer() *end {
	e := newEnd(p.t, "offerer")
	e.Conn = p.offering.Offer(e.events())
	p.ends = append(p.ends, e)
	return e
}

func (p *pair) answer(offer string) *end {
	e := newEnd(p.t, "answerer")
	e.Conn = p.answering.Answer(offer, e.events())
	p.ends = append(p.ends, e)
	return e
}

func (p *pair) connect() (offerer, answerer *end) {
	offerer = p.offer()
	answerer = p.answer(offerer.description())
	offerer.Apply(answerer.description())
	offerer.wait("Opened", func() bool { return offerer.opened == 1 })
	answerer.wait("Opened", func() bool { return answerer.opened == 1 })
	return offerer, answerer
}

// close ends a story: every end is told that it is closed, once, and nothing
// after that; no goroutine stays.
func (p *pair) close(goroutines int) {
	for _, e := range p.ends {
		e.Close()
	}
	closable := false
	for _, d := range []client.Dialer{p.offering, p.answering} {
		if d, ok := d.(interface{ Close() }); ok {
			closable = true
			d.Close()
		}
	}
	for _, e := range p.ends {
		e.wait("Closed", func() bool { return e.closed > 0 })
		e.mu.Lock()
		if e.closed != 1 || e.late != "" {
			p.t.Errorf("%s: Closed was told %d times, and after it %q", e.name, e.closed, e.late)
		}
		e.mu.Unlock()
	}
	if closable {
		awaitGoroutines(p.t, goroutines)
	}
}

func awaitGoroutines(t *testing.T, want int) {
	if runtime.GOOS == "js" {
		want++ // the page's event in which we are running may count as one
	}
	ticks := time.NewTicker(10 * time.Millisecond)
	defer ticks.Stop()
	patient := time.After(patience)
	for runtime.NumGoroutine() > want {
		select {
		case <-ticks.C:
		case <-patient:
			stacks := make([]byte, 1<<20)
			stacks = stacks[:runtime.Stack(stacks, true)]
			t.Fatalf("%d goroutines where %d were before:\n%s", runtime.NumGoroutine(), want, stacks)
		}
	}
}

// end records what one connection tells.
type end struct {
	t    *testing.T
	name string
	client.Conn
	changed chan struct{} // holds a token after a call

	mu        sync.Mutex
	described int
	sdp       string
	sdpErr    error
	opened    int
	link      client.Link
	received  []byte
	check     func(data []byte) // instead of keeping them
	drained   int64
	closed    int
	err       error
	late      string // what was told after Closed
}

func newEnd(t *testing.T, name string) *end {
	return &end{t: t, name: name, changed: make(chan struct{}, 1)}
}

func (e *end) events() client.ConnEvents {
	return client.ConnEvents{
		Described: func(sdp string, err error) {
			e.told("Described", func() { e.described++; e.sdp, e.sdpErr = sdp, err })
		},
		Opened:   func(link client.Link) { e.told("Opened", func() { e.opened++; e.link = link }) },
		Received: func(data []byte) { e.told("Received", func() { e.take(data) }) },
		Drained:  func(total int64) { e.told("Drained", func() { e.drain(total) }) },
		Closed:   func(err error) { e.told("Closed", func() { e.closed++; e.err = err }) },
	}
}

func (e *end) told(what string, record func()) {
	e.mu.Lock()
	if e.closed > 0 {
		e.late = what
	}
	record()
	e.mu.Unlock()
	select {
	case e.changed <- struct{}{}:
	default:
	}
}

func (e *end) take(data []byte) {
	switch {
	case e.opened == 0:
		e.t.Errorf("%s: Received before Opened", e.name)
	case len(data) == 0:
		e.t.Errorf("%s: Received nothing", e.name)
	case e.check != nil:
		e.check(data)
	default:
		e.received = append(e.received, data...)
	}
}

func (e *end) drain(total int64) {
	if total <= e.drained {
		e.t.Errorf("%s: Drained told %d after %d", e.name, total, e.drained)
	}
	e.drained = total
}

// wait returns when is holds; is may read what the end has recorded.
func (e *end) wait(what string, is func() bool) {
	e.t.Helper()
	patient := time.After(patience)
	for {
		e.mu.Lock()
		done, closed, err := is(), e.closed > 0, e.err
		e.mu.Unlock()
		if done {
			return
		}
		if closed {
			e.t.Fatalf("%s: %s did not come before Closed(%v)", e.name, what, err)
		}
		select {
		case <-e.changed:
		case <-patient:
			e.t.Fatalf("%s: %s did not come within %v", e.name, what, patience)
		}
	}
}

func (e *end) description() string {
	e.t.Helper()
	var sdp string
	var err error
	e.wait("Described", func() bool { sdp, err = e.sdp, e.sdpErr; return e.described == 1 })
	if err != nil || sdp == "" {
		e.t.Fatalf("%s: described as %q, %v", e.name, sdp, err)
	}
	return sdp
}

// expectClosed waits for Closed and returns its error.
func (e *end) expectClosed() (err error) {
	e.t.Helper()
	e.wait("Closed", func() bool { err = e.err; return e.closed > 0 })
	return err
}

// say sends a text and waits until the other has it.
func (e *end) say(other *end, text string) {
	e.t.Helper()
	e.Send([]byte(text))
	var got string
	other.wait(text, func() bool { got = string(other.received); return len(got) >= len(text) })
	if got != text {
		e.t.Fatalf("%q arrived as %q", text, got)
	}
	other.mu.Lock()
	defer other.mu.Unlock()
	other.received = nil
}

func bytesCross(t *testing.T, p *pair) {
	offerer, answerer := p.connect()
	var both sync.WaitGroup
	expectStream(answerer, 1)
	expectStream(offerer, 2)
	both.Go(func() { stream(offerer, 1) })
	both.Go(func() { stream(answerer, 2) })
	both.Wait()
	for e, other := range map[*end]*end{offerer: answerer, answerer: offerer} {
		other.wait("the whole stream", func() bool { return len(other.received) == 1 })
		var drained int64
		e.wait("Drained", func() bool { drained = e.drained; return drained >= streamLength-maxUntold })
		if drained > streamLength {
			t.Errorf("%s: %d bytes drained of %d", e.name, drained, streamLength)
		}
	}
}

// boundToOne: what the two ends of a connection are bound to is the same, and
// of no other connection, though the same two dialers made it.
func boundToOne(t *testing.T, p *pair) {
	var none client.Link
	seen := map[[32]byte]bool{none.Binding: true}
	for range 3 {
		offerer, answerer := p.connect()
		if offerer.link.Binding != answerer.link.Binding {
			t.Errorf("the offerer is bound to %x, the answerer to %x", offerer.link.Binding, answerer.link.Binding)
		}
		if seen[offerer.link.Binding] {
			t.Errorf("bound to %x, which is nothing or another connection", offerer.link.Binding)
		}
		seen[offerer.link.Binding] = true
	}
}

// A stream is streamLength bytes that follow from its seed, sent in pieces of
// every size up to three messages' worth, with at most inFlight bytes between
// what was sent and what has drained.
const (
	streamLength = 8 << 20
	inFlight     = 1 << 20
)

func stream(e *end, seed uint64) {
	bytesOf, sizes := rand.NewChaCha8([32]byte{byte(seed)}), rand.New(rand.NewPCG(seed, seed))
	buffer := make([]byte, 3*64<<10)
	for sent := 0; sent < streamLength; {
		n := 1 + sizes.IntN(len(buffer))
		if sizes.IntN(4) == 0 {
			n = 1 + sizes.IntN(100)
		}
		n = min(n, streamLength-sent)
		bytesOf.Read(buffer[:n])
		e.Send(buffer[:n])
		clear(buffer[:n]) // Send has taken its own copy
		sent += n
		if !e.drainedTo(int64(sent) - inFlight) {
			return
		}
	}
}

// drainedTo waits as wait does, but may be called from any goroutine.
func (e *end) drainedTo(total int64) bool {
	patient := time.After(patience)
	for {
		e.mu.Lock()
		drained, closed := e.drained, e.closed > 0
		e.mu.Unlock()
		if drained >= total {
			return true
		}
		if closed {
			e.t.Errorf("%s: closed with %v in the middle of a stream", e.name, e.err)
			return false
		}
		select {
		case <-e.changed:
		case <-patient:
			e.t.Errorf("%s: %d bytes have not drained within %v, %d have", e.name, total, patience, drained)
			return false
		}
	}
}

// expectStream checks a stream as it comes; at its end one byte is recorded.
func expectStream(e *end, seed uint64) {
	bytesOf, got := rand.NewChaCha8([32]byte{byte(seed)}), 0
	e.check = func(data []byte) {
		want := make([]byte, len(data))
		bytesOf.Read(want)
		if !bytes.Equal(data, want) {
			e.t.Errorf("%s: bytes %d to %d are not what was sent", e.name, got, got+len(data))
		}
		if got += len(data); got == streamLength {
			e.received = []byte{1}
		}
	}
}

func largeSendDrains(t *testing.T, p *pair) {
	const length = 2<<20 + 1
	offerer, answerer := p.connect()
	offerer.Send(make([]byte, length))
	answerer.wait("all of it", func() bool { return len(answerer.received) == length })
	offerer.wait("Drained", func() bool { return offerer.drained >= length-maxUntold })
}

// blocksDrain: whoever has one block in the buffer at a time, as toward a slow
// peer, is told of each that it has left.
func blocksDrain(t *testing.T, p *pair) {
	const block, blocks = 16<<10 + 13, 50
	offerer, answerer := p.connect()
	for n := range blocks {
		offerer.Send(make([]byte, block))
		if !offerer.drainedTo(int64(n+1)*block - client.DrainLeast) {
			t.Fatalf("block %d did not drain", n)
		}
	}
	answerer.wait("all of it", func() bool { return len(answerer.received) == blocks*block })
}

func sentTooEarlyOrLate(t *testing.T, p *pair) {
	offerer := p.offer()
	offerer.Send([]byte("early"))
	answerer := p.answer(offerer.description())
	answerer.Send([]byte("early"))
	offerer.Apply(answerer.description())
	answerer.wait("Opened", func() bool { return answerer.opened == 1 })
	offerer.wait("Opened", func() bool { return offerer.opened == 1 })
	offerer.Send(nil)
	offerer.say(answerer, "in time")
	answerer.say(offerer, "in time")
	offerer.Close()
	offerer.Send([]byte("late"))
	_ = offerer.expectClosed()
	_ = answerer.expectClosed()
	offerer.Send([]byte("late"))
	answerer.Send([]byte("late"))
}

func closes(t *testing.T, p *pair, offererCloses, answererCloses bool) {
	offerer, answerer := p.connect()
	offerer.say(answerer, "hello")
	answerer.say(offerer, "hello yourself")
	if offererCloses {
		offerer.Close()
		offerer.Close()
	}
	if answererCloses {
		answerer.Close()
	}
	for _, e := range []*end{offerer, answerer} {
		if err := e.expectClosed(); err != nil {
			t.Errorf("%s: Closed(%v) after an orderly end", e.name, err)
		}
	}
	offerer.Close()
}

func closedWhileSending(t *testing.T, p *pair) {
	offerer, answerer := p.connect()
	offerer.Send(make([]byte, 1<<20))
	answerer.Send(make([]byte, 1<<20))
	answerer.wait("some of it", func() bool { return len(answerer.received) > 0 })
	answerer.Close()
	_ = answerer.expectClosed()
	_ = offerer.expectClosed()
}

// hostile are texts that are no description of anybody's.
var hostile = []string{
	"", "nonsense", "v=0\r\n", "\x00\xff\xfe", "v=0\r\nm=application",
	strings.Repeat("a=candidate:1 1 udp 1 127.0.0.1 9 typ host\r\n", 100<<10),
}

func badOffer(t *testing.T, p *pair) {
	for _, offer := range hostile {
		e := p.answer(offer)
		var err error
		e.wait("Described", func() bool { err = e.sdpErr; return e.described == 1 })
		if err == nil {
			t.Errorf("the offer %.20q was answered", offer)
		}
		if e.expectClosed() == nil {
			t.Errorf("the offer %.20q led to an orderly end", offer)
		}
	}
}

func badAnswer(t *testing.T, p *pair) {
	for _, answer := range hostile {
		e := p.offer()
		e.description()
		e.Apply(answer)
		if e.expectClosed() == nil {
			t.Errorf("the answer %.20q led to an orderly end", answer)
		}
	}
}

func appliedTwice(t *testing.T, p *pair) {
	offerer := p.offer()
	answerer := p.answer(offerer.description())
	offerer.Apply(answerer.description())
	offerer.Apply(answerer.description())
	answerer.Apply(answerer.description()) // an answerer expects none
	offerer.wait("Opened", func() bool { return offerer.opened == 1 })
	answerer.wait("Opened", func() bool { return answerer.opened == 1 })
	offerer.Apply("nonsense")
	offerer.say(answerer, "still there")
	answerer.say(offerer, "I too")
}

func closedAtOnce(t *testing.T, p *pair) {
	offer := p.offer().description()
	for range 3 {
		offerer := p.offer()
		offerer.Close()
		answerer := p.answer(offer)
		answerer.Close()
		for _, e := range []*end{offerer, answerer} {
			if err := e.expectClosed(); err != nil {
				t.Errorf("%s: Closed(%v) after Close", e.name, err)
			}
		}
	}
}

func closedUnanswered(t *testing.T, p *pair) {
	offerer := p.offer()
	offer := offerer.description()
	offerer.Close()
	if err := offerer.expectClosed(); err != nil {
		t.Errorf("Closed(%v) after Close", err)
	}
	answerer := p.answer(offer) // too late, but nobody can know
	answerer.description()
	answerer.Close()
	if err := answerer.expectClosed(); err != nil {
		t.Errorf("Closed(%v) after Close", err)
	}
}

func closedBeforeApply(t *testing.T, p *pair) {
	offerer := p.offer()
	answer := p.answer(offerer.description()).description()
	offerer.Close()
	offerer.Apply(answer)
	if err := offerer.expectClosed(); err != nil {
		t.Errorf("Closed(%v) after Close", err)
	}
}

func manyConnections(t *testing.T, p *pair) {
	const count = 20
	offerers, answerers := make([]*end, count), make([]*end, count)
	for i := range count {
		offerers[i] = p.offer()
	}
	for i := range count {
		answerers[i] = p.answer(offerers[i].description())
	}
	for i := range count {
		offerers[i].Apply(answerers[i].description())
	}
	for i := range count {
		offerers[i].wait("Opened", func() bool { return offerers[i].opened == 1 })
		answerers[i].wait("Opened", func() bool { return answerers[i].opened == 1 })
		offerers[i].say(answerers[i], strings.Repeat("x", i+1))
	}
	for i := range count {
		if i%2 == 0 {
			offerers[i].Close()
		} else {
			answerers[i].Close()
		}
	}
	for i := range count {
		_ = offerers[i].expectClosed()
		_ = answerers[i].expectClosed()
	}
}
