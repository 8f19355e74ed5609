package tracker

import (
	"bytes"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/id"
)

// testdata/ours holds what we send. bittorrent-tracker 11.2.3, its server's
// parser and its client, was seen to take each of these files; whoever rewrites
// them shows them to it again. testdata/stock holds what that version sends.
var rewrite = flag.Bool("rewrite", false, "rewrite testdata/ours")

var offerID = id.ID{0xff, 0xfe, 0x80, 0x7f, 0x00, 0x0a, 0x0d, 0x22, 0x5c, 0x2f, 'o', 'f', 'f', 'e', 'r', 0xc3, 0xa9, 0xe2, 0x82, 0xac}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", "ours", name+".json")
	if *rewrite {
		if err := os.WriteFile(path, append(got, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(bytes.TrimSpace(want), got) {
		t.Errorf("%s:\n got %s\nwant %s", name, got, want)
	}
}

func stockSays(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "stock", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestWhatAPeerSends(t *testing.T) {
	st := tell(t)
	message := func(effects []Effect) []byte { return effects[len(effects)-1].(Send).Data }
	st.when(fetcher())
	golden(t, "started", message(st.when(Opened{Tracker: one})))
	golden(t, "offers", message(st.when(OffersMade{InfoHash: hash, Tracker: one, Offers: []Offer{
		{ID: offerID, SDP: "v=0\r\na=<&>\r\n"}, {ID: id.ID{1}, SDP: "v=0\r\n"}}})))
	st.when(says(one, `{"action":"announce","info_hash":%s,"tracker id":"abc"}`, text(hash)))
	golden(t, "answer", message(st.when(Answer{InfoHash: hash, Tracker: one, To: peerA, OfferID: offerID, SDP: "v=0\r\n"})))
	golden(t, "completed", message(st.when(Progress{InfoHash: hash, Uploaded: 5, Downloaded: 1000, Want: 3})))
	golden(t, "regular", message(st.next()))
	st.when(Add{InfoHash: hash2, Trackers: []string{one}})
	golden(t, "stopped", message(st.when(Remove{InfoHash: hash})))
}

func TestWhatATrackerSends(t *testing.T) {
	h := host(t, RegistryConfig{})
	h.join(1, 2)
	golden(t, "tracker_counts", h.says(1, claim{peer: peerA, left: "0"})[0].Data)
	golden(t, "tracker_offer", h.says(2, claim{peer: peerB, left: "5", offers: []Offer{{offerID, "v=0\r\na=<&>\r\n"}}})[1].Data)
	golden(t, "tracker_answer", h.hears(1, encode(answerMessage{Action: "announce", InfoHash: binary(hash), PeerID: binary(peerA),
		ToPeerID: binary(peerB), OfferID: binary(offerID), Answer: description{"answer", "v=0\r\n"}}))[0].Data)
	golden(t, "tracker_scrape", h.hears(1, encode(map[string]any{"action": "scrape", "info_hash": []string{binary(hash), binary(hash2)}}))[0].Data)
	golden(t, "tracker_failure", h.says(1, claim{peer: peerB, left: "5"})[0].Data)
}

func TestWhatAStockPeerSends(t *testing.T) {
	cases := []struct {
		name string
		want request
	}{
		{"peer_started", request{Action: "announce", InfoHash: hash, Peer: peerA, Event: started,
			Offers: []Offer{{offerID, "v=0\r\n<offer>"}, {offerID, "v=0\r\n<offer>"}}}},
		{"peer_magnet", request{Action: "announce", InfoHash: hash, Peer: peerA}},
		{"peer_completed", request{Action: "announce", InfoHash: hash, Peer: peerA, Event: completed, Seed: true}},
		{"peer_stopped", request{Action: "announce", InfoHash: hash, Peer: peerA, Event: stopped, Seed: true}},
		{"peer_answer", request{Action: "announce", InfoHash: hash, Peer: peerA, Answer: "v=0\r\n<answer>", To: peerB, OfferID: offerID}},
		{"peer_scrape", request{Action: "scrape", Hashes: []id.ID{hash}}},
		{"peer_scrape_many", request{Action: "scrape", Hashes: []id.ID{hash, hash2}}},
	}
	for _, c := range cases {
		got, err := parseRequest(stockSays(t, c.name), 20)
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s:\n got %+v %v\nwant %+v", c.name, got, err, c.want)
		}
	}
}

func TestWhatAStockTrackerSends(t *testing.T) {
	cases := []struct {
		name string
		want response
		ok   bool
	}{
		{"tracker_counts", response{InfoHash: hash, Interval: 2 * time.Minute, Counted: true, Seeds: 1}, true},
		{"tracker_offer", response{InfoHash: hash, Peer: peerB, OfferID: offerID, Offer: "v=0\r\na=<&>\r\n"}, true},
		{"tracker_answer", response{InfoHash: hash, Peer: peerA, OfferID: offerID, Answer: "v=0\r\n"}, true},
		{"tracker_failure", response{InfoHash: hash, Failure: "invalid event"}, true},
		{"tracker_invalid", response{Failure: "invalid peer_id"}, true},
		{"tracker_scrape", response{}, false},
	}
	for _, c := range cases {
		got, ok, err := parseResponse(stockSays(t, c.name))
		if err != nil || ok != c.ok || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s:\n got %+v %v %v\nwant %+v", c.name, got, ok, err, c.want)
		}
	}
}

func TestBinaryStrings(t *testing.T) {
	cases := []struct {
		name string
		id   id.ID
		text string
	}{
		{"ASCII", peerA, "-WW0300-AAAAAAAAAAAA"},
		{"zero", id.ID{}, "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"},
		{"every kind", hash, "\x00\x01\x1f \"\\<>&/\x7f\u0080\u009f\u00a0éÿabcd"},
	}
	for _, c := range cases {
		if got := binary(c.id); got != c.text {
			t.Errorf("%s: %q", c.name, got)
		}
		if got, ok := parseBinary(c.text); !ok || got != c.id {
			t.Errorf("%s: %v", c.name, got)
		}
	}
	for _, bad := range []string{"", "-WW0300-AAAAAAAAAAA", "-WW0300-AAAAAAAAAAAAA", "-WW0300-AAAAAAAAAAAĀ", "-WW0300-AAAAAAAAAAA\xff"} {
		if got, ok := parseBinary(bad); ok || !got.IsZero() {
			t.Errorf("%q was taken as %v", bad, got)
		}
	}
}

var seed = flag.Uint64("seed", 1, "of the random tests")

func TestBinaryStringsComeBack(t *testing.T) {
	t.Logf("-seed %d", *seed)
	rng := rand.New(rand.NewPCG(*seed, 0))
	for range 10_000 {
		var a id.ID
		for i := range a {
			a[i] = byte(rng.Uint32())
		}
		if b, ok := value(encode(binary(a))).id(); !ok || a != b {
			t.Fatalf("%v came back as %v", a, b)
		}
	}
}
