//go:build !js

package peer

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/shoal-p2p/shoal/core/client"
	"github.com/shoal-p2p/shoal/core/native"
	"github.com/shoal-p2p/shoal/demo/host/command"
)

const aboutSeed = `Seeds files and directories from where they lie, until Ctrl-C. They are neither
copied nor changed. Prints a magnet link, and with -page a link for browsers.`

// Seed reads the command line and seeds until ctx ends.
func Seed(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var o options
	var page, name string
	c := command.New("host seed [flags] FILE...", aboutSeed, stdout)
	o.define(c)
	c.StringVar(&page, "page", "", "`URL` of a page with Shoal: print a share link to it as well")
	c.StringVar(&name, "name", "", "`NAME` of the torrent; that of the file or directory if not given")
	c.DurationVar(&o.timeout, "timeout", 0, "stop after this `TIME` (10s, 5m, 2h)")
	paths, err := c.Parse(args)
	if err != nil {
		return err
	}
	if len(paths) == 0 {
		return c.Wrong("name a file or directory to seed")
	}
	if u, err := url.Parse(page); page != "" && (err != nil || u.Host == "") {
		return c.Wrong("-page %s is not the URL of a page", page)
	}
	if o.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.timeout)
		defer cancel()
	}
	src, err := native.OpenFiles(paths...)
	if err != nil {
		return err
	}
	if name != "" {
		src = rename(src, name)
	}
	p, err := o.open(ctx, native.OpenDir("."), nil, stderr)
	if err != nil {
		return err
	}
	defer p.close()
	return p.seed(ctx, src, page, stdout)
}

// rename calls a torrent, and where it is one file that too, otherwise.
func rename(src client.Source, name string) client.Source {
	src.Name = name
	if !src.Multi {
		src.Files[0].Path = []string{name}
	}
	return src
}

func (p *peer) seed(ctx context.Context, src client.Source, page string, stdout io.Writer) error {
	t, err := p.hash(ctx, src)
	if ctx.Err() != nil {
		return nil // it was ended, as seeding always is
	}
	if err != nil {
		return err
	}
	p.display.clear()
	fmt.Fprintln(stdout, t.Magnet())
	if page != "" {
		fmt.Fprintln(stdout, shareLink(page, t.Magnet()))
	}
	ticks := time.NewTicker(refresh)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-p.failed:
			return err
		case <-ticks.C:
			p.display.show(seedLine(t.Stats()))
		}
	}
}

// hash hashes the source and shows how far that is.
func (p *peer) hash(ctx context.Context, src client.Source) (*client.Torrent, error) {
	var done, total atomic.Int64
	type result struct {
		torrent *client.Torrent
		err     error
	}
	hashed := make(chan result, 1)
	go func() {
		t, err := p.Seed(ctx, src, client.SeedOptions{OnProgress: func(d, all int64) {
			done.Store(d)
			total.Store(all)
		}})
		hashed <- result{t, err}
	}()
	ticks := time.NewTicker(refresh)
	defer ticks.Stop()
	for {
		select {
		case r := <-hashed:
			return r.torrent, r.err
		case <-ticks.C:
			p.display.show(hashLine(done.Load(), total.Load()))
		}
	}
}

// shareLink is a page's URL with the magnet link as its fragment, in place of
// any that it has.
func shareLink(page, magnet string) string {
	u, err := url.Parse(page)
	if err != nil {
		panic("peer: the page's URL was not checked")
	}
	u.Fragment, u.RawFragment = "", ""
	return u.String() + "#" + magnet
}
