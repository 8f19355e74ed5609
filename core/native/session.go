//go:build !js

package native

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// unfinished ends the name of a record that is being written.
const unfinished = ".tmp"

// Session keeps a client's records (client.Session), each as a file of one
// directory, which is made for the first. A file is written beside and put in
// place when it is whole, so a crash leaves the one before. Of one name the last
// is written, in the background; one client at a time has a directory.
type Session struct {
	dir string

	mu      sync.Mutex
	pending map[string][]byte // to be written; nil is to be taken away
	order   []string          // their names, as they came
	running bool
	failed  error // the first error
	idle    sync.WaitGroup
}

// NewSession keeps records in a directory, which need not be there.
func NewSession(dir string) *Session {
	return &Session{dir: dir, pending: make(map[string][]byte)}
}

// Load returns every record, and none where there is no directory.
func (s *Session) Load() (map[string][]byte, error) {
	entries, err := os.ReadDir(s.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	records := make(map[string][]byte)
	for _, entry := range entries {
		if !entry.Type().IsRegular() || strings.HasSuffix(entry.Name(), unfinished) {
			continue
		}
		if records[entry.Name()], err = os.ReadFile(filepath.Join(s.dir, entry.Name())); err != nil {
			return nil, err
		}
	}
	return records, err
}

// Keep has a record written, or taken away where data is nil.
func (s *Session) Keep(name string, data []byte) {
	if !filepath.IsLocal(name) || filepath.Base(name) != name || strings.HasSuffix(name, unfinished) {
		panic("native: a record's name is that of a file")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, waits := s.pending[name]; !waits {
		s.order = append(s.order, name)
	}
	s.pending[name] = data
	if !s.running {
		s.running = true
		s.idle.Go(s.write)
	}
}

// Close waits until all is written, and returns the first error. No Keep may
// follow.
func (s *Session) Close() error {
	s.idle.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}

// write lives only while there is something to write.
func (s *Session) write() {
	for name, data, ok := s.next(nil); ok; name, data, ok = s.next(s.put(name, data)) {
	}
}

// next notes how the last went and takes the one that waits for longest.
func (s *Session) next(err error) (name string, data []byte, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed == nil {
		s.failed = err
	}
	if s.running = len(s.order) > 0; !s.running {
		return "", nil, false
	}
	name, s.order = s.order[0], s.order[1:]
	data = s.pending[name]
	delete(s.pending, name)
	return name, data, true
}

func (s *Session) put(name string, data []byte) error {
	path := filepath.Join(s.dir, name)
	if data == nil {
		if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	if err := writeWhole(path+unfinished, data); err != nil {
		return errors.Join(err, os.Remove(path+unfinished))
	}
	return os.Rename(path+unfinished, path)
}

// writeWhole writes a file, and returns when it is on the disk: otherwise a system
// that goes down could leave a name without bytes.
func writeWhole(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}
