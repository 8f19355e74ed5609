package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/swarm"
	"github.com/shoal-p2p/shoal/core/webseed"
)

// maxTorrentFile bounds a .torrent file from a URL, in bytes.
const maxTorrentFile = 10 << 20

// AddOptions may be zero.
type AddOptions struct {
	Trackers []string // instead of the client's, beside the link's own; nil means the client's
	WebSeeds []string // http and https URLs (BEP 19), beside the link's own
	// Select says which files are wanted once they are known; nil wants all, or
	// what a magnet link's "so" names.
	Select    func(*metainfo.Info) []Priority
	OpenStore OpenStore // instead of the client's
}

// Add begins to fetch what a link names: a magnet link, an info hash in hex or
// base32, a share link (a page's URL with a magnet link as its fragment), or
// the http(s) URL of a .torrent file. A torrent that the client has already is
// returned as it is. A URL's torrent has no info hash until the file is there,
// so Add waits for it, no longer than ctx; for other links it does not wait.
func (c *Client) Add(ctx context.Context, link string, opts AddOptions) (*Torrent, error) {
	link = strings.TrimSpace(link)
	if shared, ok := sharedLink(link); ok {
		link = shared
	}
	if isWeb(link) {
		data, err := c.get(ctx, link)
		if err != nil {
			return nil, err
		}
		t, err := c.AddTorrent(data, opts)
		if e := (*Error)(nil); errors.As(err, &e) {
			return nil, &Error{e.Code, fmt.Errorf("%s: %w", link, e.Err)}
		}
		return t, err
	}
	m, err := metainfo.ParseLink(link)
	if errors.Is(err, metainfo.ErrUnsupportedVersion) {
		return nil, &Error{CodeUnsupportedVersion, err}
	}
	if err != nil {
		return nil, &Error{CodeInvalidLink, err}
	}
	p, failed := c.plan(opts, m.Trackers, m.WebSeeds)
	if failed != nil {
		return nil, failed
	}
	p.infoHash, p.name, p.sources = m.InfoHash, m.Name, m.Sources
	if p.choose == nil && len(m.Select) > 0 {
		p.choose = func(info *metainfo.Info) []Priority { return priorities(m.Wanted(len(info.Files))) }
	}
	t, err := c.add(p)
	if err == nil {
		c.fetchSources(t, m.Sources)
	}
	return t, err
}

// AddTorrent begins to fetch what a .torrent file describes.
func (c *Client) AddTorrent(data []byte, opts AddOptions) (*Torrent, error) {
	file, err := metainfo.Parse(data)
	if errors.Is(err, metainfo.ErrUnsupportedVersion) {
		return nil, &Error{CodeUnsupportedVersion, err}
	}
	if err != nil {
		return nil, &Error{CodeInvalidTorrent, err}
	}
	p, failed := c.plan(opts, file.Trackers, file.WebSeeds)
	if failed != nil {
		return nil, failed
	}
	p.infoHash, p.info, p.comment = file.Info.Hash, file.Info, file.Comment
	return c.add(p)
}

// plan joins what a link names with what its caller does. Trackers that the
// caller names are the torrent's own, even of a private one.
func (c *Client) plan(opts AddOptions, trackers, webSeeds []string) (plan, *Error) {
	if err := checkWebSeeds(opts.WebSeeds); err != nil {
		return plan{}, err
	}
	p := plan{
		trackers:  unite(trackers, opts.Trackers),
		webSeeds:  unite(webSeeds, opts.WebSeeds),
		named:     opts.WebSeeds,
		openStore: opts.OpenStore,
		choose:    opts.Select,
		apart:     opts.OpenStore != nil,
	}
	if opts.Trackers == nil {
		p.defaults = c.cfg.Trackers
	}
	if p.openStore == nil {
		p.openStore = c.cfg.OpenStore
	}
	return p, nil
}

// priorities is Normal for every file that is wanted, and Skip for the others.
func priorities(wanted []bool) []Priority {
	all := make([]Priority, len(wanted))
	for i, is := range wanted {
		if is {
			all[i] = Normal
		}
	}
	return all
}

// checkWebSeeds judges URLs that our caller names. Those of a link are left to
// the swarm, which goes on without a bad one.
func checkWebSeeds(urls []string) *Error {
	for _, raw := range urls {
		if err := webseed.Check(raw); err != nil {
			return &Error{CodeInvalidOption, err}
		}
	}
	return nil
}

// unite returns both lists, and each entry once.
func unite(first, second []string) []string {
	all := slices.Clone(first)
	for _, entry := range second {
		if !slices.Contains(all, entry) {
			all = append(all, entry)
		}
	}
	return all
}

func (c *Client) add(p plan) (*Torrent, error) {
	var t *Torrent
	var failed *Error
	if !c.call(func() { t, failed = c.start(p) }) {
		failed = errClosed
	}
	if failed != nil {
		return nil, failed
	}
	return t, nil
}

// fetchSources tries a magnet link's "xs" URLs for the metadata, beside the
// peers; the first that fits is taken, a failure is only a warning.
func (c *Client) fetchSources(t *Torrent, sources []string) {
	if len(sources) == 0 || !c.enter() {
		return
	}
	go func() {
		defer c.work.Done()
		for _, source := range sources {
			info, err := c.source(t, source)
			if err == nil {
				c.mail.post(func() { t.tell(swarm.Learn{Info: info}) })
				return
			}
			c.mail.post(func() {
				if c.torrent(t.infoHash) == t {
					c.event(t, Warning{err})
				}
			})
		}
	}()
}

func (c *Client) source(t *Torrent, source string) (*metainfo.Info, *Error) {
	if !isWeb(source) {
		return nil, &Error{CodeUnsupported, fmt.Errorf("exact source %q is not an http(s) URL", source)}
	}
	data, err := c.get(OfStranger(t.ctx), source)
	if err != nil {
		return nil, &Error{CodeHTTP, err}
	}
	file, err := metainfo.Parse(data)
	if err != nil {
		return nil, &Error{CodeInvalidTorrent, fmt.Errorf("exact source %s: %w", source, err)}
	}
	if file.Info.Hash != t.infoHash {
		return nil, &Error{CodeInvalidTorrent, fmt.Errorf("exact source %s is of another torrent", source)}
	}
	return file.Info, nil
}

// get reads a .torrent file from the web.
func (c *Client) get(ctx context.Context, link string) ([]byte, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(c.ctx, func() { cancel(errClosed) })()
	body, err := c.cfg.HTTP.Get(ctx, link, maxTorrentFile)
	if err == nil {
		defer body.Close()
		var data []byte
		if data, err = io.ReadAll(body); err == nil {
			return data, nil
		}
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return nil, &Error{CodeHTTP, fmt.Errorf("fetch %s: %w", link, err)}
}

func isWeb(link string) bool {
	return strings.HasPrefix(link, "http://") || strings.HasPrefix(link, "https://")
}

// sharedLink finds the magnet link in a page's URL, where browsers keep it
// from servers: https://host/path#magnet:?xt=…; some programs encode it.
func sharedLink(link string) (magnet string, ok bool) {
	if !isWeb(link) {
		return "", false
	}
	_, fragment, _ := strings.Cut(link, "#")
	if !strings.HasPrefix(fragment, "magnet:") {
		decoded, err := url.PathUnescape(fragment)
		if err != nil {
			return "", false
		}
		fragment = decoded
	}
	return fragment, strings.HasPrefix(fragment, "magnet:")
}
