//go:build !js

package peer

import (
	"bytes"
	"strings"
	"testing"

	"github.com/shoal-p2p/shoal/core/client"
)

func TestLinesOfProgress(t *testing.T) {
	cases := []struct{ got, want string }{
		{hashLine(0, 0), "[------------------------]   0 %  hashing"},
		{hashLine(1, 2), "[############------------]  50 %  hashing"},
		{seedLine(client.Stats{Peers: 1, Uploaded: 1_234_567, UploadSpeed: 999}), "seeding: 1 peer, 1.2 MB sent, 999 B/s"},
		{fetchLine(false, client.Stats{}), "looking for the torrent: 0 peers"},
		{fetchLine(true, client.Stats{Done: 500_000, Total: 2_000_000, DownloadSpeed: 100_000, Peers: 2}),
			"[######------------------]  25 %  500.0 kB of 2.0 MB, 100.0 kB/s, 2 peers, 15s left"},
		{fetchLine(true, client.Stats{Done: 1, Total: 1 << 50, DownloadSpeed: 1}),
			"[------------------------]   0 %  1 B of 1125.9 TB, 1 B/s, 0 peers, more than a day left"},
		{fetchLine(true, client.Stats{Done: 5, Total: 5}), "[########################] 100 %  5 B of 5 B, 0 B/s, 0 peers"},
	}
	for _, c := range cases {
		if c.got != c.want {
			t.Errorf("%q\nis not\n%q", c.got, c.want)
		}
	}
}

func TestATerminalShowsOneLineAndAFileSeveral(t *testing.T) {
	var out bytes.Buffer
	d := newDisplay(&out, false)
	d.terminal = true
	d.show("one")
	d.show("two")
	d.warn("careful")
	d.close()
	if text := out.String(); !strings.Contains(text, clearLine+"one"+clearLine+"two") || !strings.HasSuffix(text, clearLine+"warning: careful\n") {
		t.Errorf("the terminal got %q", text)
	}

	out.Reset()
	d = newDisplay(&out, false)
	d.show("one")
	d.show("two") // too soon
	d.close()
	d.warn("too late")
	if out.String() != "one\n" {
		t.Errorf("the file got %q", out.String())
	}

	out.Reset()
	d = newDisplay(&out, true)
	d.show("one")
	d.warn("careful")
	d.close()
	if out.Len() > 0 {
		t.Errorf("although it should be quiet: %q", out.String())
	}
}
