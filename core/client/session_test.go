package client_test

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"io/fs"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/shoal-p2p/shoal/core/bitfield"
	"github.com/shoal-p2p/shoal/core/client"
	"github.com/shoal-p2p/shoal/core/id"
	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/session"
)

// pieceSize is the piece length of every torrent of these stories.
const pieceSize = 64 << 10

// drawer is a session in memory that outlives its clients.
type drawer struct {
	mu      sync.Mutex
	records map[string][]byte
	keeps   int
}

func newDrawer() *drawer { return &drawer{records: make(map[string][]byte)} }

func (d *drawer) Load() (map[string][]byte, error) { return d.copy(), nil }

func (d *drawer) Keep(name string, data []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.keeps++
	if data == nil {
		delete(d.records, name)
	} else {
		d.records[name] = bytes.Clone(data)
	}
}

func (d *drawer) copy() map[string][]byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	records := make(map[string][]byte)
	for name, data := range d.records {
		records[name] = data
	}
	return records
}

func (d *drawer) kept() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.keeps
}

// pieces is what the drawer says of a torrent's pieces.
func (d *drawer) pieces(t *testing.T, torrent *client.Torrent) session.Pieces {
	t.Helper()
	p, err := session.ParsePieces(d.copy()[torrent.InfoHash().String()+".pieces"], torrent.Info().Layout.Pieces())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// disk keeps bytes beyond the life of its stores, as the origin's storage does.
type disk struct {
	mu       sync.Mutex
	content  map[id.ID][]byte
	verifies int
}

func newDisk() *disk { return &disk{content: make(map[id.ID][]byte)} }

func (d *disk) open(info *metainfo.Info) (client.Store, bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, known := d.content[info.Hash]
	if !known {
		d.content[info.Hash] = make([]byte, info.Layout.Length())
	}
	return &shelf{disk: d, hash: info.Hash}, !known, nil
}

func (d *disk) verified() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.verifies
}

// flip changes one byte behind everyone's back.
func (d *disk) flip(torrent *client.Torrent, at int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.content[torrent.InfoHash()][at] ^= 1
}

type shelf struct {
	*disk
	hash   id.ID
	closed bool
}

func (s *shelf) Write(b metainfo.Block, data []byte, done func(error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		done(fs.ErrClosed)
		return
	}
	copy(s.content[s.hash][int64(b.Piece)*pieceSize+int64(b.Begin):], data)
	done(nil)
}

func (s *shelf) read(p metainfo.Piece) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, fs.ErrClosed
	}
	return bytes.Clone(s.content[s.hash][p.Offset : p.Offset+int64(p.Length)]), nil
}

func (s *shelf) Verify(p metainfo.Piece, done func(metainfo.Digest, error)) {
	s.mu.Lock()
	s.verifies++
	s.mu.Unlock()
	data, err := s.read(p)
	done(sha1.Sum(data), err)
}

func (s *shelf) Read(p metainfo.Piece, done func([]byte, error)) { done(s.read(p)) }

func (s *shelf) Close(remove bool, done func(error)) {
	s.mu.Lock()
	s.closed = true
	if remove {
		delete(s.content, s.hash)
	}
	s.mu.Unlock()
	done(nil)
}

// resuming is a client with that session and that disk.
func (w *world) resuming(t *testing.T, d *drawer, k *disk) *client.Client {
	t.Helper()
	c := client.New(client.Config{
		Dialer: w.dialer, Sockets: w.tracker, HTTP: w.web, OpenStore: k.open,
		Trackers: []string{trackerURL}, Session: d,
	})
	t.Cleanup(func() { shut(t, c) })
	return c
}

// back is the one torrent that a session brings back, once its store is open.
func back(t *testing.T, c *client.Client) *client.Torrent {
	t.Helper()
	torrents, faults := c.Resumed()
	if len(torrents) != 1 || len(faults) != 0 {
		t.Fatalf("%d torrents are back, with %v", len(torrents), faults)
	}
	<-torrents[0].Ready()
	synctest.Wait()
	return torrents[0]
}

// seededStory is a file of so many pieces that somebody seeds, and its bytes.
func (w *world) seededStory(t *testing.T, pieces int) (*client.Torrent, []byte) {
	t.Helper()
	src, data := source("file.bin", pieces*pieceSize)
	seeded, err := w.client(t).Seed(t.Context(), src, client.SeedOptions{PieceLength: pieceSize})
	if err != nil {
		t.Fatal(err)
	}
	return seeded, data
}

// halfway fetches until some pieces are there, and not all, and returns what
// the session and the disk hold after a crash: copies, as nothing more is said.
func (w *world) halfway(t *testing.T, seeded *client.Torrent) (d *drawer, k *disk, had int) {
	t.Helper()
	d, k = newDrawer(), newDisk()
	c := w.resuming(t, d, k)
	torrent, err := c.AddTorrent(seeded.TorrentFile(), client.AddOptions{})
	if err != nil {
		t.Fatal(err)
	}
	total := seeded.Info().Layout.Length()
	torrent.SetLimits(0, total/20) // bytes a second
	for torrent.Stats().Done < total/2 {
		time.Sleep(50 * time.Millisecond)
	}
	k.mu.Lock()
	crashed := &disk{content: map[id.ID][]byte{torrent.InfoHash(): bytes.Clone(k.content[torrent.InfoHash()])}}
	k.mu.Unlock()
	left := &drawer{records: d.copy()}
	pieces := left.pieces(t, torrent)
	if err := torrent.Remove(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	return left, crashed, pieces.Have.Count()
}

// fetchedWhole is what the session and the disk hold when a client has fetched
// all of what is seeded, and was shut.
func (w *world) fetchedWhole(t *testing.T, seeded *client.Torrent) (d *drawer, k *disk) {
	t.Helper()
	d, k = newDrawer(), newDisk()
	c := w.resuming(t, d, k)
	torrent, err := c.Add(t.Context(), seeded.Magnet(), client.AddOptions{})
	if err != nil {
		t.Fatal(err)
	}
	<-torrent.Done()
	shut(t, c)
	return d, k
}

func TestAfterACrashEveryPieceIsKnownAgainWithoutHashingAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		seeded, data := w.seededStory(t, 100)
		// Given a client that has crashed in the middle of a fetch,
		d, k, had := w.halfway(t, seeded)
		known := d.pieces(t, seeded)
		if had < 40 {
			t.Fatalf("the session knows of %d pieces", had)
		}
		// when a new one starts, and nobody is there,
		seeded.Pause()
		c := w.resuming(t, d, k)
		torrent := back(t, c)
		// then it has what the first had, and hashed only what was being written.
		pieces, err := bitfield.FromBytes(torrent.Pieces(), 100)
		if err != nil || pieces.Count() < had {
			t.Fatalf("%d pieces are back of %d, %v", pieces.Count(), had, err)
		}
		if k.verified() != known.Writing.Count() {
			t.Errorf("%d pieces were hashed, %d were being written", k.verified(), known.Writing.Count())
		}
		// When somebody is, it fetches the others, no more, and all is right.
		seeded.Resume()
		torrent.SetLimits(0, 0)
		<-torrent.Done()
		if got := torrent.Stats().Downloaded; got > int64(100-pieces.Count())*pieceSize {
			t.Errorf("%d bytes were fetched for %d pieces", got, 100-pieces.Count())
		}
		got, err := torrent.Read(t.Context(), 0, len(data))
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("other bytes are there: %v", err)
		}
	})
}

func TestAPieceThatWasBeingWrittenIsHashedAndKeptWhereItIsWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		seeded, data := w.seededStory(t, 4)
		// Given a session that ended before it could say that two pieces were whole,
		// of which one is,
		info := seeded.Info()
		k, d := newDisk(), newDrawer()
		k.content[info.Hash] = bytes.Clone(data)
		k.content[info.Hash][2*pieceSize] ^= 1
		have, writing := bitfield.New(4), bitfield.New(4)
		have.Set(0)
		writing.Set(1)
		writing.Set(2)
		d.records[info.Hash.String()+".torrent"] = session.Torrent{InfoHash: info.Hash, Info: info, Paused: true}.Encode()
		d.records[info.Hash.String()+".pieces"] = session.Pieces{Have: have, Writing: writing}.Encode()
		// when it is resumed, the whole one is had, and nothing else was hashed.
		torrent := back(t, w.resuming(t, d, k))
		if got := torrent.Pieces(); got[0] != 0b1100_0000 {
			t.Errorf("pieces %08b", got)
		}
		if k.verified() != 2 {
			t.Errorf("%d pieces were hashed", k.verified())
		}
		if !torrent.Stats().Paused {
			t.Error("it was paused, and is no more")
		}
	})
}

func TestBytesThatNoRecordSpeaksOfAreHashedAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		seeded, data := w.seededStory(t, 4)
		info := seeded.Info()
		k, d := newDisk(), newDrawer()
		k.content[info.Hash] = bytes.Clone(data)
		d.records[info.Hash.String()+".torrent"] = session.Torrent{InfoHash: info.Hash, Info: info}.Encode()
		torrent := back(t, w.resuming(t, d, k))
		if k.verified() != 4 || torrent.Stats().Done != int64(len(data)) || torrent.Stats().Downloaded != 0 {
			t.Errorf("%d pieces were hashed; stats %+v", k.verified(), torrent.Stats())
		}
	})
}

func TestAResumedTorrentSeedsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		seeded, data := w.seededStory(t, 20)
		d, k := w.fetchedWhole(t, seeded)
		// Given a client that has all by its session, and nobody else who has it,
		if err := seeded.Remove(t.Context(), true); err != nil {
			t.Fatal(err)
		}
		hashed := k.verified()
		again := back(t, w.resuming(t, d, k))
		<-again.Done()
		if k.verified() != hashed {
			t.Error("it was hashed at the start")
		}
		// when another fetches it, it comes, and each piece was hashed once for it.
		other, err := w.client(t).Add(t.Context(), again.Magnet(), client.AddOptions{})
		if err != nil {
			t.Fatal(err)
		}
		<-other.Done()
		got, err := other.Read(t.Context(), 0, len(data))
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("other bytes came: %v", err)
		}
		if n := k.verified() - hashed; n != 20 {
			t.Errorf("%d pieces were hashed, of 20", n)
		}
	})
}

func TestWhatWasChangedBehindOurBackIsFetchedAgainAndNeverGiven(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		seeded, data := w.seededStory(t, 20)
		d, k := w.fetchedWhole(t, seeded)
		// Given a stored file of which two bytes were flipped,
		k.flip(seeded, 3*pieceSize+5)
		k.flip(seeded, 7*pieceSize)
		torrent := back(t, w.resuming(t, d, k))
		// when a page reads what is right, it gets it;
		if got, err := torrent.Read(t.Context(), 0, 3*pieceSize); err != nil || !bytes.Equal(got, data[:3*pieceSize]) {
			t.Fatalf("what is right: %v", err)
		}
		// when it reads what is not, it does not, until it was fetched again.
		if _, err := torrent.Read(t.Context(), 2*pieceSize, 2*pieceSize); code(err) != client.CodeNotReady {
			t.Fatalf("what was changed was given, or: %v", err)
		}
		if is, err := torrent.Prove(t.Context(), 7*pieceSize, 1); is || err != nil {
			t.Fatalf("what was changed is proved: %v", err)
		}
		for !torrent.Has(0, int64(len(data))) {
			time.Sleep(100 * time.Millisecond)
		}
		got, err := torrent.Read(t.Context(), 0, len(data))
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("other bytes are there: %v", err)
		}
		if got := torrent.Stats().Downloaded; got != 2*pieceSize {
			t.Errorf("%d bytes were fetched", got)
		}
		// And the session knows all of it.
		time.Sleep(time.Second)
		if !d.pieces(t, torrent).Have.All() {
			t.Error("the session lacks something")
		}
	})
}

func TestALossThatAPeerBringsToLightIsSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		seeded, _ := w.seededStory(t, 20)
		d, k := w.fetchedWhole(t, seeded)
		if err := seeded.Remove(t.Context(), true); err != nil {
			t.Fatal(err)
		}
		// Given a changed piece that nobody else has,
		k.flip(seeded, 3*pieceSize)
		torrent := back(t, w.resuming(t, d, k))
		// when another fetches all of it,
		other, err := w.client(t).Add(t.Context(), torrent.Magnet(), client.AddOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for other.Stats().Done < 19*pieceSize {
			time.Sleep(50 * time.Millisecond)
		}
		time.Sleep(time.Second)
		// then it gets the others, and the owner sees what is gone, now and later.
		if torrent.Has(3*pieceSize, 1) || other.Has(3*pieceSize, 1) || !torrent.Has(0, 3*pieceSize) {
			t.Error("the changed piece is still there")
		}
		if d.pieces(t, torrent).Have.Has(3) {
			t.Error("the session says that the piece is there")
		}
		if torrent.Stats().Peers == 0 {
			t.Error("the two have parted")
		}
	})
}

func TestTheUsersWishesOutliveTheClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		one := bytes.Repeat([]byte("1"), 2*pieceSize)
		two := bytes.Repeat([]byte("2"), 2*pieceSize)
		src := client.MemorySource("all", append(one, two...))
		src.Multi = true
		src.Files = []metainfo.File{{Path: []string{"one"}, Length: int64(len(one))}, {Path: []string{"two"}, Length: int64(len(two))}}
		seeded, err := w.client(t).Seed(t.Context(), src, client.SeedOptions{PieceLength: pieceSize})
		if err != nil {
			t.Fatal(err)
		}
		d, k := newDrawer(), newDisk()
		first := w.resuming(t, d, k)
		// Given a torrent of which one file is wanted and that is paused, and one of
		// which only the link is known,
		chosen, err := first.Add(t.Context(), seeded.Magnet(), client.AddOptions{
			Select: func(*metainfo.Info) []client.Priority { return []client.Priority{client.Skip, 6} },
		})
		if err != nil {
			t.Fatal(err)
		}
		<-chosen.Done()
		chosen.Pause()
		chosen.Order(true)
		chosen.SetLimits(1, 2)
		time.Sleep(time.Millisecond) // they are told apart by when they came
		link := "magnet:?xt=urn:btih:" + strings.Repeat("a1", 20) + "&dn=unknown&tr=ws%3A%2F%2Fother.test%2F"
		if _, err := first.Add(t.Context(), link, client.AddOptions{Trackers: []string{}}); err != nil {
			t.Fatal(err)
		}
		shut(t, first)
		// when the client is there again, a second time,
		shut(t, w.resuming(t, d, k))
		kept, err := session.ParseTorrent(d.copy()[chosen.InfoHash().String()+".torrent"])
		if err != nil || !kept.Sequential || kept.Up != 1 || kept.Down != 2 {
			t.Errorf("kept %+v, %v", kept, err)
		}
		torrents, faults := w.resuming(t, d, k).Resumed()
		if len(torrents) != 2 || len(faults) != 0 {
			t.Fatalf("%d torrents, %v", len(torrents), faults)
		}
		synctest.Wait()
		// then all is as it was, in its order.
		if got := torrents[0].Selection(); len(got) != 2 || got[0] != client.Skip || got[1] != 6 {
			t.Errorf("selection %v", got)
		}
		if !torrents[0].Stats().Paused || torrents[0].Stats().Total != int64(len(two)) {
			t.Errorf("stats %+v", torrents[0].Stats())
		}
		if torrents[1].Name() != "unknown" || torrents[1].Magnet() != link {
			t.Errorf("the link is %s", torrents[1].Magnet())
		}
	})
}

func TestWhatIsRemovedSeededOrApartDoesNotComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		seeded, _ := w.seededStory(t, 4)
		d, k := newDrawer(), newDisk()
		first := w.resuming(t, d, k)
		removed, err := first.Add(t.Context(), seeded.Magnet(), client.AddOptions{})
		if err != nil {
			t.Fatal(err)
		}
		<-removed.Done()
		time.Sleep(time.Second)
		if len(d.copy()) != 3 {
			t.Fatalf("%d records, want the client's and two of the torrent", len(d.copy()))
		}
		if err := removed.Remove(t.Context(), true); err != nil {
			t.Fatal(err)
		}
		own, _ := source("own.bin", 100)
		if _, err := first.Seed(t.Context(), own, client.SeedOptions{}); err != nil {
			t.Fatal(err)
		}
		if _, err := first.Add(t.Context(), strings.Repeat("b2", 20), client.AddOptions{OpenStore: client.OpenMemory}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		shut(t, first)
		if len(d.copy()) != 1 {
			t.Errorf("%d records are left", len(d.copy()))
		}
	})
}

func TestTheClientIsTheSameInTheNextSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, d := newWorld(), newDrawer()
		shut(t, w.resuming(t, d, newDisk()))
		self := d.copy()["self"]
		shut(t, w.resuming(t, d, newDisk()))
		if self == nil || !bytes.Equal(self, d.copy()["self"]) {
			t.Error("the client has another key")
		}
	})
}

func TestRecordsOfAnotherVersionAreLeftAloneAndDamagedOnesPassedOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		seeded, _ := w.seededStory(t, 4)
		newer, broken := seeded.InfoHash().String(), strings.Repeat("cd", 20)
		d, k := newDrawer(), newDisk()
		d.records[newer+".torrent"] = []byte("d7:versioni99ee")
		d.records[broken+".torrent"] = []byte("d7:vers")
		d.records[strings.Repeat("ef", 20)+".torrent"] = session.Torrent{InfoHash: seeded.InfoHash()}.Encode()
		d.records["what.torrent"] = nil
		d.records["noise"] = []byte("noise")
		c := w.resuming(t, d, k)
		torrents, faults := c.Resumed()
		if len(torrents) != 0 || len(faults) != 4 {
			t.Fatalf("%d torrents, %v", len(torrents), faults)
		}
		for _, fault := range faults {
			if fault.Code != client.CodeSession {
				t.Errorf("%s: %v", fault.Code, fault)
			}
		}
		// Fetching what the newer record is of changes nothing of it.
		torrent, err := c.Add(t.Context(), seeded.Magnet(), client.AddOptions{})
		if err != nil {
			t.Fatal(err)
		}
		<-torrent.Done()
		if err := torrent.Remove(t.Context(), true); err != nil {
			t.Fatal(err)
		}
		if string(d.copy()[newer+".torrent"]) != "d7:versioni99ee" {
			t.Error("a record of another version was changed")
		}
	})
	synctest.Test(t, func(t *testing.T) {
		// A session that is of another version as a whole is left alone as a whole.
		w, d := newWorld(), newDrawer()
		d.records["self"] = []byte("d7:versioni2ee")
		d.records[hex.EncodeToString(make([]byte, 19))+"01.torrent"] = session.Torrent{InfoHash: id.ID{19: 1}}.Encode()
		c := w.resuming(t, d, newDisk())
		torrents, faults := c.Resumed()
		if len(torrents) != 0 || len(faults) != 1 {
			t.Errorf("%d torrents, %v", len(torrents), faults)
		}
		if _, err := c.Add(t.Context(), strings.Repeat("b2", 20), client.AddOptions{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if d.kept() != 0 {
			t.Error("something was kept")
		}
	})
}

func TestWhatIsKeptIsJoined(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		seeded, _ := w.seededStory(t, 100)
		// A fetch of a hundred pieces keeps few records.
		d, k := newDrawer(), newDisk()
		c := w.resuming(t, d, k)
		torrent, err := c.AddTorrent(seeded.TorrentFile(), client.AddOptions{})
		if err != nil {
			t.Fatal(err)
		}
		<-torrent.Done()
		time.Sleep(time.Second)
		if n := d.kept(); n > 10 {
			t.Errorf("%d records were kept for a fetch of a moment", n)
		}
		// What is about to end keeps at once.
		torrent.Pause()
		before := d.kept()
		c.Persist()
		synctest.Wait()
		if d.kept() == before {
			t.Error("nothing was kept at once")
		}
	})
}
