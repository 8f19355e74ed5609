//go:build !js

package peer

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

const (
	// refresh is how often progress is looked at.
	refresh = 200 * time.Millisecond
	// plainEvery is how often a line is written where none can be overwritten.
	plainEvery = 5 * time.Second
	// clearLine returns to the beginning of a terminal's line and empties it.
	clearLine = "\r\x1b[K"
	// maxWarnings are kept while the writer is busy; more are left out.
	maxWarnings = 64
)

// display shows one line of progress, and warnings above it. On a terminal the
// line is overwritten; elsewhere it is written now and then, when it changed.
type display struct {
	out      io.Writer
	terminal bool
	quiet    bool
	warnings chan string
	quit     chan struct{}
	writing  sync.WaitGroup

	mu    sync.Mutex
	line  string // as it was written last
	shown bool   // whether it stands on the terminal
	at    time.Time
}

func newDisplay(out io.Writer, quiet bool) *display {
	d := &display{
		out:      out,
		quiet:    quiet,
		terminal: isTerminal(out),
		warnings: make(chan string, maxWarnings),
		quit:     make(chan struct{}),
	}
	d.writing.Go(d.writeWarnings)
	return d
}

// close writes the warnings that are left, empties the line and returns.
// Nothing may be shown afterwards.
func (d *display) close() {
	close(d.quit)
	d.writing.Wait()
	d.clear()
}

func (d *display) writeWarnings() {
	for {
		select {
		case warning := <-d.warnings:
			d.write(warning)
		case <-d.quit:
			for len(d.warnings) > 0 {
				d.write(<-d.warnings)
			}
			return
		}
	}
}

// warn queues a line of its own and never blocks.
func (d *display) warn(text string) {
	select {
	case d.warnings <- text:
	default:
	}
}

func (d *display) write(warning string) {
	if d.quiet {
		return
	}
	d.clear()
	d.mu.Lock()
	defer d.mu.Unlock()
	fmt.Fprintln(d.out, "warning:", warning)
}

// show replaces the line of progress.
func (d *display) show(line string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.quiet:
	case d.terminal:
		fmt.Fprint(d.out, clearLine, line)
		d.shown = true
	case line != d.line && time.Since(d.at) >= plainEvery:
		fmt.Fprintln(d.out, line)
		d.line, d.at = line, time.Now()
	}
}

// clear takes the line off a terminal, so that something else can be written.
func (d *display) clear() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.shown {
		fmt.Fprint(d.out, clearLine)
		d.shown = false
	}
}

func isTerminal(out io.Writer) bool {
	file, ok := out.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
}
