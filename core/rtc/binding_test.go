package rtc

import (
	"crypto/sha256"
	"strings"
	"testing"

	"github.com/shoal-p2p/shoal/core/client"
)

const (
	ours   = dataOnly + "a=fingerprint:sha-256 0A:1B:2C\r\n"
	theirs = dataOnly + "a=fingerprint:sha-256 FF:EE:DD\r\n"
)

func TestBindingIsOfBothFingerprints(t *testing.T) {
	want := sha256.Sum256([]byte("shoal connection binding 1\n\nsha-256 0A:1B:2C\n\nsha-256 FF:EE:DD\n"))
	for name, texts := range map[string][2]string{
		"as they are":               {ours, theirs},
		"lower case":                {strings.ToLower(ours), theirs},
		"the algorithm in capitals": {strings.Replace(ours, "sha", "SHA", 1), theirs},
		"bare line feeds":           {strings.ReplaceAll(ours, "\r", ""), theirs},
		"of the session":            {"a=fingerprint:sha-256 0A:1B:2C\r\n" + dataOnly, theirs},
	} {
		if got := bindingOf(texts[0], texts[1]); got != want {
			t.Errorf("%s: got %x, want %x", name, got, want)
		}
	}
}

func TestWhoChangesAFingerprintChangesTheBinding(t *testing.T) {
	honest := bindingOf(ours, theirs)
	seen := map[[32]byte]string{honest: "nobody"}
	for name, texts := range map[string][2]string{
		"the answerer's for ours":      {theirs, theirs},
		"offer and answer exchanged":   {theirs, ours},
		"another digest":               {strings.Replace(ours, "0A", "0B", 1), theirs},
		"another algorithm":            {strings.Replace(ours, "sha-256", "sha-1", 1), theirs},
		"one more, after":              {ours + "a=fingerprint:sha-256 77\r\n", theirs},
		"one more, before":             {"a=fingerprint:sha-256 77\r\n" + ours, theirs},
		"one more, at the other side":  {ours, "a=fingerprint:sha-256 77\r\n" + theirs},
		"the same once more":           {ours + "a=fingerprint:sha-256 0A:1B:2C\r\n", theirs},
		"all in the offer, or nothing": {ours + "a=fingerprint:sha-256 FF:EE:DD\r\n", dataOnly},
	} {
		got := bindingOf(texts[0], texts[1])
		if other, twice := seen[got]; twice {
			t.Errorf("%s: the same binding as of %s", name, other)
		}
		seen[got] = name
	}
}

// TestWhatMayHideAFingerprintBindsNothing: parsers differ in where lines end, in
// white space and in capitals.
func TestWhatMayHideAFingerprintBindsNothing(t *testing.T) {
	for _, offer := range []string{
		"", dataOnly,
		dataOnly + "a=fingerprint:sha-256 \r\n",
		dataOnly + "a=fingerprint:sha-256\r\n",
		dataOnly + "a=fingerprint: 0A\r\n",
		dataOnly + "a=fingerprint:sha-256 0A:1\r\n",
		dataOnly + "a=fingerprint:sha-256 0A::1B\r\n",
		dataOnly + "a=fingerprint:sha-256 0A1B\r\n",
		dataOnly + "a=fingerprint:sha-256 GG\r\n",
		dataOnly + "a=fingerprint:sha 256 0A\r\n",
		ours + "a=x\ra=fingerprint:sha-256 FF:EE:DD\r\n",
		ours + "a=fingerprint:sha-256 0A:1B:2C\rx\r\n",
		ours + "fingerprint 77\r\n",
		ours + "\ta=fingerprint:sha-256 77\r\n",
		ours + " a=fingerprint:sha-256 77\r\n",
		ours + "A=Fingerprint:sha-256 77\r\n",
		ours + "a=FINGERPRINT:sha-256 77\r\n",
		ours + "a = fingerprint:sha-256 77\r\n",
		ours + "a=fingerprint:sha-256\t77\r\n",
		ours + "a=fingerprint:sha-256 77 \r\n",
		ours + "a=fingerprint :sha-256 77\r\n",
	} {
		if bindingOf(offer, theirs) != [32]byte{} || bindingOf(theirs, offer) != [32]byte{} {
			t.Errorf("%q binds", strings.TrimPrefix(offer, dataOnly))
		}
	}
}

func TestAddrOf(t *testing.T) {
	for _, tt := range []struct{ candidate, address, want string }{
		{"host", "192.0.2.1", "192.0.2.1"},
		{"srflx", "::ffff:192.0.2.1", "192.0.2.1"},
		{"prflx", "2001:db8::1", "2001:db8::1"},
		{"host", "fe80::1%eth0", "fe80::1"},
		{"relay", "192.0.2.1", "invalid IP"},
		{"host", "2a1b0c3d-0000-4000-8000-000000000000.local", "invalid IP"},
		{"host", "", "invalid IP"},
	} {
		if got := addrOf(tt.candidate, tt.address).String(); got != tt.want {
			t.Errorf("%s %s: got %s, want %s", tt.candidate, tt.address, got, tt.want)
		}
	}
}

// TestRelayInBetween is a relay that puts itself between two peers: each end has
// a connection, with the relay, and the bindings differ.
func TestRelayInBetween(t *testing.T) {
	needWebRTC(t)
	a, relay, b := New(Config{}), New(Config{}), New(Config{})
	_, _, x, toA := connect(t, a, relay)
	_, _, toB, y := connect(t, relay, b)
	if x.link.Binding != toA.link.Binding || y.link.Binding != toB.link.Binding {
		t.Error("the two ends of one connection differ")
	}
	if x.link.Binding == y.link.Binding || x.link.Binding == [32]byte{} {
		t.Error("two peers with a relay in between have one binding")
	}
	for _, d := range []*Dialer{a, relay, b} {
		d.Close()
	}
	checkNothingLeft(t)
}

// TestAddressOfThePeer: where the platform tells, it is the one that both ends of
// a connection within this machine have.
func TestAddressOfThePeer(t *testing.T) {
	needWebRTC(t)
	a, b := New(Config{}), New(Config{})
	_, _, x, y := connect(t, a, b)
	for _, link := range []client.Link{x.link, y.link} {
		t.Logf("the peer is at %v", link.Addr)
		if link.Addr.Is4In6() || link.Addr.Zone() != "" {
			t.Errorf("%v is not in its simplest form", link.Addr)
		}
		if tellsAddress && !link.Addr.IsValid() {
			t.Error("it has no address")
		}
	}
	a.Close()
	b.Close()
	checkNothingLeft(t)
}

func FuzzFingerprints(f *testing.F) {
	f.Add(ours)
	f.Add(theirs + "a=fingerprint:sha-1 00:11\n")
	f.Add(dataOnly + "A=FINGERPRINT:SHA-256 aa")
	f.Fuzz(func(t *testing.T, sdp string) {
		all := fingerprints(sdp)
		named := 0
		for line := range strings.Lines(strings.ToLower(sdp)) {
			if strings.Contains(line, "fingerprint") {
				named++
			}
		}
		if lines := strings.Count(all, "\n"); all != "" && lines != named {
			t.Fatalf("%d fingerprints are read from %q", lines, sdp)
		}
		again := ""
		for line := range strings.Lines(all) {
			again += "a=fingerprint:" + line
		}
		if fingerprints(again) != all {
			t.Fatalf("%q is read as %q", again, fingerprints(again))
		}
	})
}
