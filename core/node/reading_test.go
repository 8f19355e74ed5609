package node

import (
	"strings"
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/picker"
	"github.com/shoal-p2p/shoal/core/swarm"
	"github.com/shoal-p2p/shoal/core/tracker"
)

// A film that is only watched: no file is selected, and a reader needs pieces.
func TestWhoReadsWhatIsNotSelectedIsNoSeed(t *testing.T) {
	l := newLab(t, 10)
	info, err := metainfo.ParseInfo([]byte("d6:lengthi5e4:name1:a12:piece lengthi16384e6:pieces20:" + strings.Repeat("x", 20) + "e"))
	if err != nil {
		t.Fatal(err)
	}
	l.handle(Add{InfoHash: info.Hash, Info: info, Trackers: []string{url}})
	l.handle(
		Torrent{info.Hash, swarm.Select{Priority: []picker.Priority{picker.Skip}}},
		Torrent{info.Hash, swarm.Opened{}},
	)
	// Given a torrent of which nothing is wanted, the tracker is told of a seed.
	said := strings.Join(toTracker(l.handle(Socket{tracker.Opened{Tracker: url}}), url), " ")
	if !strings.Contains(said, `"left":0`) {
		t.Fatalf("told %s", said)
	}
	// When a reader needs some of it, the tracker is told of a leecher, soon, so that
	// it introduces seeds,
	effects := l.handle(Torrent{info.Hash, swarm.Window{Reader: 1, First: 0, Last: 0}})
	said = strings.Join(toTracker(append(effects, l.pass(40*time.Second)...), url), " ")
	if !strings.Contains(said, `"left":1`) || strings.Contains(said, `"left":0`) {
		t.Errorf("told %s", said)
	}
	// and when the reader is gone, of none that has completed.
	effects = l.handle(Torrent{info.Hash, swarm.CloseWindow{Reader: 1}})
	said = strings.Join(toTracker(append(effects, l.pass(40*time.Second)...), url), " ")
	if l.node.torrents[info.Hash].reported.Reading || strings.Contains(said, "completed") {
		t.Errorf("told %s", said)
	}
}
