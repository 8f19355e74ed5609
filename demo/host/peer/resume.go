//go:build !js

package peer

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/shoal-p2p/shoal/core/native"
)

// hidden is where, in the directory that is fetched to, it is kept how far a fetch
// has come. A host that seeds the directory leaves it out.
const hidden = ".shoal"

// piecesRecord ends the name of the record that says which pieces are there.
const piecesRecord = ".pieces"

// progress is the session of one fetch: the same link to the same directory goes
// on where it was ended, with nothing hashed but what was being written. It is
// there from when the first files are, until all is fetched.
type progress struct {
	*native.Session
	dir string

	mu    sync.Mutex
	early map[string][]byte // kept before there are files; nil from then on
	done  bool
}

func openProgress(dir, link string) *progress {
	name := sha256.Sum256([]byte(link))
	dir = filepath.Join(dir, hidden, hex.EncodeToString(name[:8]))
	return &progress{Session: native.NewSession(dir), dir: dir, early: make(map[string][]byte)}
}

// Load returns what an earlier fetch kept.
func (p *progress) Load() (map[string][]byte, error) {
	records, err := p.Session.Load()
	if len(records) > 0 {
		p.early = nil
	}
	return records, err
}

// Keep holds records back as long as they say nothing of any file.
func (p *progress) Keep(name string, data []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.done:
		return
	case p.early != nil && !strings.HasSuffix(name, piecesRecord):
		p.early[name] = data
		return
	}
	for name, data := range p.early {
		p.Session.Keep(name, data)
	}
	p.early = nil
	p.Session.Keep(name, data)
}

// finish ends the session of a fetch that is done: nothing of it is kept.
func (p *progress) finish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done = true
}

// close returns when all is written, or gone.
func (p *progress) close() error {
	err := p.Session.Close()
	if !p.done {
		return err
	}
	err = errors.Join(err, os.RemoveAll(p.dir))
	_ = os.Remove(filepath.Dir(p.dir)) // which fails where another fetch is kept
	return err
}
