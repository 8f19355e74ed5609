package tracker

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"
	"unicode"
)

// addGoldens seeds a fuzz test with every message that is kept in testdata.
func addGoldens(f *testing.F) {
	f.Helper()
	for _, dir := range []string{"ours", "stock"} {
		paths, err := filepath.Glob(filepath.Join("testdata", dir, "*.json"))
		if err != nil || len(paths) == 0 {
			f.Fatalf("no messages in %s: %v", dir, err)
		}
		for _, path := range paths {
			data, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
}

func FuzzResponse(f *testing.F) {
	addGoldens(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		r, ok, err := parseResponse(data)
		if err != nil && (ok || r != response{}) {
			t.Fatalf("an error and a response: %+v %v", r, err)
		}
		if len(r.Offer) > maxSDP || len(r.Answer) > maxSDP || len(r.TrackerID) > maxTrackerID ||
			len(r.Failure) > maxReason+len("…") || r.Seeds < 0 || r.Seeds > maxCount || r.Leechers < 0 || r.Leechers > maxCount ||
			r.Interval != 0 && (r.Interval < minInterval || r.Interval > maxInterval) {
			t.Fatalf("out of bounds: %+v", r)
		}
		for _, c := range r.Failure {
			if !unicode.IsPrint(c) {
				t.Fatalf("not printable: %q", r.Failure)
			}
		}
		// An announcer that hears it three times asks for a bounded number of things.
		st := tell(t)
		st.when(fetcher(), Opened{Tracker: one})
		m := Message{Tracker: one, Data: data}
		if effects := st.when(m, m, m); len(effects) > 8 {
			t.Fatalf("got %+v", effects)
		}
		if at, ok := st.a.Deadline(); ok && at.Before(st.now) {
			t.Fatalf("a deadline in the past: %v", at)
		}
	})
}

func FuzzRequest(f *testing.F) {
	addGoldens(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		req, err := parseRequest(data, 3)
		if len(req.Offers) > 3 || len(req.Hashes) > maxScrape || len(req.Answer) > maxSDP {
			t.Fatalf("out of bounds: %+v", req)
		}
		// A registry that hears it answers, and whatever it sends to anybody is
		// sensible to our own announcer.
		h := host(t, RegistryConfig{MaxOffers: 3})
		h.join(1, 2)
		h.says(1, claim{infoHash: req.InfoHash, peer: peerB, left: "1"})
		effects := h.when(Said{Client: 2, Data: data})
		if err != nil && len(effects) != 1 || len(effects) > 4 {
			t.Fatalf("got %+v for %v", effects, err)
		}
		for _, e := range effects {
			if reply, ok := e.(Reply); ok {
				if _, _, err := parseResponse(reply.Data); err != nil {
					t.Fatalf("%s: %v", reply.Data, err)
				}
			}
		}
		checkBooks(t, h.r)
		h.later(time.Hour)
		if s := h.r.Stats(); s.Clients != 0 || s.Swarms != 0 {
			t.Fatalf("left over: %+v", s)
		}
	})
}

// FuzzJSON holds our JSON against encoding/json.
func FuzzJSON(f *testing.F) {
	addGoldens(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		v, ok := parseJSON(data)
		if deep := bytes.Count(data, []byte("["))+bytes.Count(data, []byte("{")) > maxDepth; ok != json.Valid(data) && !deep {
			t.Fatalf("we say %v", ok)
		}
		if ok {
			compare(t, v)
		}
	})
}

// compare checks a value, and the values in it, against what encoding/json makes
// of the same text.
func compare(t *testing.T, v value) {
	switch v[0] {
	case '"':
		ours, _ := v.text()
		var theirs string
		if err := json.Unmarshal(v, &theirs); err != nil || ours != theirs {
			t.Fatalf("%s: %q, not %q %v", v, ours, theirs, err)
		}
		var w writer
		w.quote(ours)
		if again, ok := parseJSON(w.buf); !ok || unquote(again) != ours || !json.Valid(w.buf) {
			t.Fatalf("%q was written as %s", ours, w.buf)
		}
	case '{':
		fields, ok := v.object()
		var theirs map[string]json.RawMessage
		if err := json.Unmarshal(v, &theirs); err != nil || !ok {
			t.Fatalf("%s: %v %v", v, ok, err)
		}
		for name, raw := range theirs {
			if ours := get(fields, name); string(ours) != string(raw) {
				t.Fatalf("%s: %q is %s", v, name, ours)
			}
		}
		for _, member := range fields {
			compare(t, member.value)
		}
	case '[':
		list, ok := v.list()
		var theirs []json.RawMessage
		if err := json.Unmarshal(v, &theirs); err != nil || !ok || len(list) != len(theirs) {
			t.Fatalf("%s: %v %v", v, ok, err)
		}
		for _, member := range list {
			compare(t, member)
		}
	case 't', 'f', 'n':
	default:
		ours, ok := v.number()
		var theirs float64
		if err := json.Unmarshal(v, &theirs); ok != (err == nil) || ok && ours != theirs {
			t.Fatalf("%s: %v %v, not %v %v", v, ours, ok, theirs, err)
		}
	}
}
