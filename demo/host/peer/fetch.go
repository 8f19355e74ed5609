//go:build !js

package peer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/shoal-p2p/shoal/core/client"
	"github.com/shoal-p2p/shoal/core/native"
	"github.com/shoal-p2p/shoal/demo/host/command"
)

const aboutFetch = `Fetches what LINK names into a directory: a magnet link, a share link of a page,
an info hash, the URL of a .torrent file, or such a file. What is there already
is checked and not fetched again. A fetch that was ended goes on with the same
command; until it is done, DIRECTORY/.shoal says how far it has come. Prints where
the files are.`

// maxTorrentFile bounds a .torrent file, in bytes.
const maxTorrentFile = 10 << 20

// errStopped says that a fetch was ended before it was done.
var errStopped = errors.New("stopped; what has come so far is kept, and the same command goes on with it")

// Fetch reads the command line and fetches until everything is there, or ctx
// ends.
func Fetch(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var o options
	var dir string
	c := command.New("host fetch [flags] LINK", aboutFetch, stdout)
	o.define(c)
	c.StringVar(&dir, "o", ".", "`DIRECTORY` to put the files in")
	c.DurationVar(&o.timeout, "timeout", 0, "give up after this `TIME` (10s, 5m, 2h)")
	rest, err := c.Parse(args)
	if err != nil {
		return err
	}
	if len(rest) != 1 {
		return c.Wrong("name one link to fetch")
	}
	if o.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, o.timeout, fmt.Errorf("not done after %v: %w", o.timeout, errStopped))
		defer cancel()
	}
	session := openProgress(dir, rest[0])
	p, err := o.open(ctx, native.OpenDir(dir), session, stderr)
	if err != nil {
		return err
	}
	defer func() {
		p.close()
		if err := session.close(); err != nil {
			fmt.Fprintf(stderr, "host: how far the fetch has come is not kept: %v\n", err)
		}
	}()
	_, faults := p.Resumed()
	for _, fault := range faults {
		p.display.warn(fault.Error())
	}
	t, err := p.add(ctx, rest[0])
	if err != nil {
		return ended(ctx, err)
	}
	if err := p.fetch(ctx, t); err != nil {
		return ended(ctx, err)
	}
	session.finish()
	p.display.clear()
	fmt.Fprintln(stdout, filepath.Join(dir, t.Name()))
	return nil
}

// add begins to fetch a link, or what a .torrent file on disk describes.
func (p *peer) add(ctx context.Context, link string) (*client.Torrent, error) {
	if strings.Contains(link, "://") || strings.HasPrefix(link, "magnet:") {
		return p.Add(ctx, link, client.AddOptions{})
	}
	file, err := os.Open(link)
	if errors.Is(err, os.ErrNotExist) {
		return p.Add(ctx, link, client.AddOptions{})
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxTorrentFile+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxTorrentFile {
		return nil, fmt.Errorf("%s is too long for a .torrent file", link)
	}
	return p.AddTorrent(data, client.AddOptions{})
}

// fetch waits until everything is there, and shows how far that is. What an
// earlier fetch has left is hashed before it counts.
func (p *peer) fetch(ctx context.Context, t *client.Torrent) error {
	ticks := time.NewTicker(refresh)
	defer ticks.Stop()
	done := t.Done()
	for {
		select {
		case <-done:
			if err := t.Err(); err != nil {
				return err
			}
			whole, err := t.Prove(ctx, 0, t.Info().Layout.Length())
			if whole || err != nil {
				return err
			}
			done = nil // some of it is fetched again, and looked at with each tick
		case err := <-p.failed:
			return err
		case <-ctx.Done():
			return ctx.Err()
		case <-ticks.C:
			p.display.show(fetchLine(t.Info() != nil, t.Stats()))
			if s := t.Stats(); done == nil && s.Done == s.Total {
				done = t.Done()
			}
		}
	}
}

// ended tells why something ended: because ctx did, or because of err.
func ended(ctx context.Context, err error) error {
	switch cause := context.Cause(ctx); {
	case cause == nil:
		return err
	case errors.Is(cause, errStopped):
		return cause
	default:
		return errStopped
	}
}
