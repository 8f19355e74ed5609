//go:build !js

// Package peer is a Shoal peer in a terminal: it seeds files from disk, and
// fetches torrents to disk, with the same core as the page. In come command
// lines, out come links, files and a line of progress. It knows no protocol:
// core/client does the work.
package peer

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/shoal-p2p/shoal/core/client"
	"github.com/shoal-p2p/shoal/core/native"
	"github.com/shoal-p2p/shoal/core/rtc"
	"github.com/shoal-p2p/shoal/demo/host/command"
	"github.com/shoal-p2p/shoal/demo/host/page"
)

const (
	// localHost is where a host on this machine is looked for.
	localHost = "http://localhost:8080"
	// probeTime is how long that may take: it is here, or it is not.
	probeTime = time.Second
	// goodbye is how long trackers and peers may take to be told that we go.
	goodbye = 5 * time.Second
	// maxConfig bounds a host's config.json, in bytes.
	maxConfig = 64 << 10
)

// options are what both commands take.
type options struct {
	trackers, stun command.List // nil where nothing was said
	host           string
	quiet          bool
	allowLocal     bool
	timeout        time.Duration
}

func (o *options) define(c *command.Command) {
	c.Var(&o.trackers, "tracker", "`URL` of a tracker (ws or wss), may be given several times; if none is given,\n"+
		strings.Join(client.DefaultTrackers(), "\n")+"\nand that of -host")
	c.Var(&o.stun, "stun", "`URL` of a STUN server (stun:name:port), may be given several times, \"\" for none;\nif none is given, "+
		strings.Join(client.DefaultSTUN(), ", ")+" and that of -host")
	c.StringVar(&o.host, "host", "", "`URL` of a Shoal host whose tracker and STUN server are used as well;\n"+localHost+" if one runs there, \"off\" for none")
	c.BoolVar(&o.allowLocal, "allow-local", false, "ask what lies in this machine's own networks also where a link or a torrent\nnames it; what you name yourself, with -tracker or -host, is asked anyway")
	c.BoolVar(&o.quiet, "quiet", false, "say nothing but the result and errors")
}

// peer is a client with its ports.
type peer struct {
	*client.Client
	sockets *native.Sockets
	http    *native.HTTP
	dialer  *rtc.Dialer
	display *display
	failed  chan *client.Error // the first Failed
}

// open starts a client that keeps what it fetches where store says, and goes on
// with what the session has; nil is for none.
func (o options) open(ctx context.Context, store client.OpenStore, session client.Session, stderr io.Writer) (*peer, error) {
	http := native.NewHTTP()
	if o.allowLocal {
		http.AllowLocal()
	}
	trackers, stun, err := o.servers(ctx, http)
	if err != nil {
		http.Close()
		return nil, err
	}
	var ice []rtc.ICEServer
	for _, url := range stun {
		ice = append(ice, rtc.ICEServer{URLs: []string{url}})
	}
	p := &peer{
		sockets: native.NewSockets(o.own(trackers)...),
		http:    http,
		dialer:  rtc.New(rtc.Config{ICEServers: ice}),
		display: newDisplay(stderr, o.quiet),
		failed:  make(chan *client.Error, 1),
	}
	if o.allowLocal {
		p.sockets.AllowLocal()
	}
	p.Client = client.New(client.Config{
		Dialer:    p.dialer,
		Sockets:   p.sockets,
		HTTP:      p.http,
		OpenStore: store,
		Session:   session,
		Trackers:  trackers,
		OnEvent:   p.told,
	})
	return p, nil
}

// close says goodbye and ends everything.
func (p *peer) close() {
	ctx, cancel := context.WithTimeout(context.Background(), goodbye)
	defer cancel()
	p.Client.Close(ctx) // it can only end too late, and we leave anyway
	p.sockets.Close()
	p.http.Close()
	p.dialer.Close()
	p.display.close()
}

// told runs on the client's goroutine and must not block.
func (p *peer) told(_ *client.Torrent, event client.Event) {
	switch e := event.(type) {
	case client.Warning:
		p.display.warn(e.Err.Error())
	case client.Failed:
		select {
		case p.failed <- e.Err:
		default:
		}
	}
}

// servers returns the trackers and STUN servers to use.
func (o options) servers(ctx context.Context, http client.HTTP) (trackers, stun []string, err error) {
	trackers, stun = o.trackers.Values, o.stun.Values
	if trackers != nil && stun != nil {
		return trackers, stun, nil
	}
	config, err := o.askHost(ctx, http)
	if err != nil {
		return nil, nil, err
	}
	if trackers == nil {
		trackers = append(client.DefaultTrackers(), config.Trackers...)
	}
	if stun == nil {
		stun = client.DefaultSTUN()
		for _, server := range config.ICEServers {
			stun = append(stun, server.URLs)
		}
	}
	return trackers, stun, nil
}

// own lists those of the trackers that our user has named, by themselves or as a
// host's; not those elsewhere to which a host leads.
func (o options) own(trackers []string) []string {
	if o.trackers.Values != nil {
		return trackers
	}
	return slices.DeleteFunc(slices.Clone(trackers), func(tracker string) bool {
		at, err := url.Parse(tracker)
		host, hostErr := url.Parse(cmp.Or(o.host, localHost))
		return err != nil || hostErr != nil || at.Host != host.Host
	})
}

// askHost asks a host for its tracker and STUN server. That there is none is an
// error only where one was named.
func (o options) askHost(ctx context.Context, http client.HTTP) (page.Config, error) {
	switch o.host {
	case "off":
		return page.Config{}, nil
	case "":
		ctx, cancel := context.WithTimeout(ctx, probeTime)
		defer cancel()
		config, err := readConfig(ctx, http, localHost)
		if err != nil {
			return page.Config{}, nil
		}
		return config, nil
	}
	config, err := readConfig(ctx, http, o.host)
	if err != nil {
		return page.Config{}, fmt.Errorf("%s does not answer as a Shoal host: %w", o.host, err)
	}
	return config, nil
}

func readConfig(ctx context.Context, http client.HTTP, host string) (page.Config, error) {
	var config page.Config
	body, err := http.Get(ctx, strings.TrimSuffix(host, "/")+"/config.json", maxConfig)
	if err != nil {
		return config, err
	}
	defer body.Close()
	err = json.NewDecoder(body).Decode(&config)
	if err == nil && len(config.Trackers) == 0 {
		err = errors.New("it names no tracker")
	}
	return config, err
}
