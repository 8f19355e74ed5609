//go:build !js

package announce_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/shoal-p2p/shoal/core/client/porttest"
	"github.com/shoal-p2p/shoal/core/tracker"
	"github.com/shoal-p2p/shoal/demo/host/announce"
)

// TestMain expects that every goroutine has ended with its Close.
func TestMain(m *testing.M) { porttest.Main(m, http.DefaultClient.CloseIdleConnections) }

const swarm = "aaaaaaaaaaaaaaaaaaaa"

// peer is a client of the tracker.
type peer struct {
	t    *testing.T
	id   string
	conn *websocket.Conn
}

// start serves a tracker until the test ends, and returns its URL.
func start(t *testing.T, cfg announce.Config) (*announce.Server, string) {
	t.Helper()
	s := announce.New(cfg)
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	t.Cleanup(s.Close)
	return s, "ws" + strings.TrimPrefix(server.URL, "http")
}

// join opens a socket as a page of some other origin does.
func join(t *testing.T, url, name string) *peer {
	t.Helper()
	return joinWith(t, url, name, http.Header{"Origin": {"https://elsewhere.example"}})
}

func joinWith(t *testing.T, url, name string, header http.Header) *peer {
	t.Helper()
	conn, _, err := websocket.Dial(t.Context(), url, &websocket.DialOptions{HTTPHeader: header})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.CloseNow() })
	conn.SetReadLimit(1 << 20)
	return &peer{t, name + strings.Repeat("-", 20-len(name)), conn}
}

func (p *peer) say(format string, values ...any) {
	p.t.Helper()
	if err := p.conn.Write(p.t.Context(), websocket.MessageText, fmt.Appendf(nil, format, values...)); err != nil {
		p.t.Fatal(err)
	}
}

func (p *peer) announce(offers string) {
	p.t.Helper()
	p.say(`{"action":"announce","info_hash":%q,"peer_id":%q,"left":1,"numwant":5,"offers":[%s]}`, swarm, p.id, offers)
}

type message struct {
	Interval   int
	Incomplete int
	PeerID     string `json:"peer_id"`
	OfferID    string `json:"offer_id"`
	Failure    string `json:"failure reason"`
	Offer      struct{ SDP string }
	Answer     struct{ SDP string }
}

func (p *peer) hear() message {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), 20*time.Second)
	defer cancel()
	_, data, err := p.conn.Read(ctx)
	if err != nil {
		p.t.Fatal(err)
	}
	var m message
	if err := json.Unmarshal(data, &m); err != nil {
		p.t.Fatalf("%s: %v", data, err)
	}
	return m
}

// hearClose reads on to the end of the socket.
func (p *peer) hearClose() error {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), 20*time.Second)
	defer cancel()
	for {
		if _, _, err := p.conn.Read(ctx); err != nil {
			if ctx.Err() != nil {
				p.t.Fatal("the socket was not closed")
			}
			return err
		}
	}
}

func TestTwoPeersAreIntroduced(t *testing.T) {
	s, url := start(t, announce.Config{})
	alice, bob := join(t, url, "alice"), join(t, url, "bob")

	alice.announce("")
	if m := alice.hear(); m.Interval != 120 || m.Incomplete != 1 {
		t.Errorf("alice hears %+v", m)
	}
	bob.announce(`{"offer_id":"oooooooooooooooooooo","offer":{"type":"offer","sdp":"from bob"}}`)
	if m := bob.hear(); m.Incomplete != 2 {
		t.Errorf("bob hears %+v", m)
	}
	if m := alice.hear(); m.PeerID != bob.id || m.Offer.SDP != "from bob" || m.OfferID != "oooooooooooooooooooo" {
		t.Errorf("alice hears %+v", m)
	}
	alice.say(`{"action":"announce","info_hash":%q,"peer_id":%q,"to_peer_id":%q,"offer_id":"oooooooooooooooooooo","answer":{"type":"answer","sdp":"from alice"}}`,
		swarm, alice.id, bob.id)
	if m := bob.hear(); m.PeerID != alice.id || m.Answer.SDP != "from alice" {
		t.Errorf("bob hears %+v", m)
	}

	stats := s.Stats()
	if stats.Clients != 2 || stats.Swarms != 1 || stats.Peers != 2 || stats.Offers != 1 || stats.Answers != 1 || stats.Messages != 3 {
		t.Errorf("the counts are %+v", stats)
	}
	alice.conn.Close(websocket.StatusNormalClosure, "")
	awaitCount(t, "peers", 1, func() int { return s.Stats().Peers })
}

func TestNonsenseIsAnsweredAndBinaryIsNot(t *testing.T) {
	_, url := start(t, announce.Config{})
	p := join(t, url, "p")
	if err := p.conn.Write(t.Context(), websocket.MessageBinary, []byte("{}")); err != nil {
		t.Fatal(err)
	}
	p.say("nonsense")
	if m := p.hear(); m.Failure == "" {
		t.Errorf("heard %+v", m)
	}
}

func TestAMessageThatIsTooLongEndsTheSocket(t *testing.T) {
	_, url := start(t, announce.Config{MaxMessage: 1000})
	p := join(t, url, "p")
	p.say("%s", strings.Repeat("x", 1001))
	if err := p.hearClose(); websocket.CloseStatus(err) != websocket.StatusMessageTooBig {
		t.Errorf("closed with %v", err)
	}
}

func TestAClientThatFloodsIsDisconnectedOrRefused(t *testing.T) {
	s, url := start(t, announce.Config{Registry: tracker.RegistryConfig{MessageBurst: 10, MessagesPerSecond: 1}})
	p := join(t, url, "p")
	for range 1000 {
		if p.conn.Write(t.Context(), websocket.MessageText, []byte("{}")) != nil {
			break
		}
	}
	if err := p.hearClose(); err == nil {
		t.Error("the socket goes on")
	}
	awaitClients(t, s, 0)
}

func TestAClientThatDoesNotReadIsDropped(t *testing.T) {
	// Given a registry that relays all that a busy client says
	s, url := start(t, announce.Config{Registry: tracker.RegistryConfig{
		MessageBurst: 1 << 20, MessagesPerSecond: 1 << 20, OfferBurst: 1 << 20,
	}})
	slow, busy := join(t, url, "slow"), join(t, url, "busy")
	slow.announce("")
	slow.hear()
	offer := fmt.Sprintf(`{"offer_id":"oooooooooooooooooooo","offer":{"type":"offer","sdp":%q}}`, strings.Repeat("x", 50_000))
	for s.Stats().Clients == 2 {
		busy.announce(offer)
		busy.hear()
	}
}

func TestAClientThatDoesNotAnswerPingsIsDropped(t *testing.T) {
	s, url := start(t, announce.Config{PingEvery: 20 * time.Millisecond})
	join(t, url, "dead") // nobody reads on this side, so nobody answers a ping
	awaitClients(t, s, 0)
}

func TestAFullTrackerSaysSo(t *testing.T) {
	_, url := start(t, announce.Config{MaxSockets: 1})
	join(t, url, "first")
	_, response, err := websocket.Dial(t.Context(), url, nil)
	if err == nil || response == nil || response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("the second is answered by %v, %v", response, err)
	}
}

func TestManySocketsOfOneAddressOfferNoMore(t *testing.T) {
	s, url := start(t, announce.Config{Registry: tracker.RegistryConfig{OfferBurst: 1, ClientsPerNetwork: 2}})
	listener := join(t, url, "listener")
	listener.announce("")
	listener.hear()
	for i, c := range []struct {
		address string
		relayed uint64
	}{{"192.0.2.1", 1}, {"192.0.2.1", 2}, {"192.0.2.1", 2}, {"192.0.2.2", 3}} {
		p := joinWith(t, url, fmt.Sprint(i), http.Header{"X-Forwarded-For": {c.address}})
		p.announce(`{"offer_id":"oooooooooooooooooooo","offer":{"type":"offer","sdp":"x"}}`)
		p.hear()
		if got := s.Stats().Offers; got != c.relayed {
			t.Errorf("after the offer %d, from %s, %d were relayed, not %d", i, c.address, got, c.relayed)
		}
	}
}

func TestWhoeverIsNoWebSocketIsToldSo(t *testing.T) {
	_, url := start(t, announce.Config{})
	response, err := http.Get("http" + strings.TrimPrefix(url, "ws"))
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusUpgradeRequired {
		t.Errorf("answered by %s", response.Status)
	}
}

func TestCloseSaysGoodbye(t *testing.T) {
	s, url := start(t, announce.Config{})
	p := join(t, url, "p")
	p.announce("")
	p.hear()
	ended := make(chan error, 1)
	go func() { ended <- p.hearClose() }()
	s.Close()
	if err := <-ended; websocket.CloseStatus(err) != websocket.StatusGoingAway {
		t.Errorf("closed with %v", err)
	}
	s.Close()
	if s.Stats() != (tracker.Stats{}) {
		t.Error("a closed server counts")
	}
}

func awaitClients(t *testing.T, s *announce.Server, want int) {
	t.Helper()
	awaitCount(t, "clients", want, func() int { return s.Stats().Clients })
}

func awaitCount(t *testing.T, what string, want int, count func() int) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); count() != want; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("%d %s, not %d", count(), what, want)
		}
	}
}
