//go:build !js

package serve

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"

	"github.com/shoal-p2p/shoal/demo/host/command"
	"github.com/shoal-p2p/shoal/demo/host/page"
)

const about = `Serves the Shoal page, the library for <script> use under /dist/, a WebTorrent
tracker on /announce, STUN over UDP, /healthz, and /metrics for Prometheus.

Other commands: host seed -help, host fetch -help.`

// Run reads the command line and serves until ctx ends. built are the assets in
// the binary.
func Run(ctx context.Context, built fs.FS, args []string, stdout, stderr io.Writer) error {
	o, assets, err := parse(args, built, stdout)
	if err != nil {
		return err
	}
	h, err := open(o, assets, stderr)
	if err != nil {
		return err
	}
	h.greet(stdout)
	return h.run(ctx)
}

func parse(args []string, built fs.FS, help io.Writer) (options, fs.FS, error) {
	var o options
	var dir string
	c := command.New("host [flags]", about, help)
	c.StringVar(&o.addr, "addr", ":8080", "`ADDRESS` to listen on; without a host, all networks of this machine")
	c.StringVar(&o.stunAddr, "stun-addr", "", "UDP `ADDRESS` for STUN; the one of -addr if not given, \"off\" for none")
	c.StringVar(&o.certFile, "tls-cert", "", "`FILE` with a certificate in PEM, to serve https and wss")
	c.StringVar(&o.keyFile, "tls-key", "", "`FILE` with its key in PEM")
	c.BoolVar(&o.selfSigned, "tls-self-signed", false, "serve https with a certificate made now, for localhost and this\nmachine's addresses in local networks; browsers ask before they trust it")
	c.StringVar(&dir, "assets", "", "`DIRECTORY` with web/ and dist/ to serve instead of what is in the binary")
	c.DurationVar(&o.announce.Registry.Interval, "tracker-interval", 0, "`TIME` between a peer's announces; 2m if not given")
	c.IntVar(&o.announce.MaxSockets, "max-sockets", 0, "`NUMBER` of WebSockets at once; 10000 if not given")
	c.IntVar(&o.announce.MaxMessage, "max-message", 0, "`BYTES` in one message to the tracker; 65536 if not given")
	c.IntVar(&o.announce.Registry.MaxSwarms, "max-swarms", 0, "`NUMBER` of torrents at the tracker; 100000 if not given")
	c.IntVar(&o.announce.Registry.MaxPeers, "max-peers", 0, "`NUMBER` of peers of one torrent; 10000 if not given")
	c.IntVar(&o.announce.Registry.ClientsPerNetwork, "max-per-address", 0, "`NUMBER` of clients of one address (IPv6: /64) that may offer all they can in\none torrent; 8 if not given")
	rest, err := c.Parse(args)
	if err != nil {
		return o, nil, err
	}
	switch {
	case len(rest) > 0:
		return o, nil, c.Wrong("%q is not a command; there are seed and fetch, and to serve there is none", rest[0])
	case (o.certFile == "") != (o.keyFile == ""):
		return o, nil, c.Wrong("-tls-cert and -tls-key belong together")
	case o.selfSigned && o.certFile != "":
		return o, nil, c.Wrong("either -tls-self-signed or -tls-cert")
	}
	if _, err := strconv.ParseUint(o.addr, 10, 16); err == nil {
		o.addr = ":" + o.addr // a port alone is clear enough
	}
	if dir == "" {
		return o, built, nil
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return o, nil, c.Wrong("-assets: %s is not a directory", dir)
	}
	return o, os.DirFS(dir), nil
}

// greet says where the host is to be found.
func (h *host) greet(stdout io.Writer) {
	fmt.Fprintf(stdout, "Shoal is at %s\n", h.localURL())
	for _, url := range h.networkURLs() {
		fmt.Fprintf(stdout, "On the local network: %s\n", url)
	}
	if !page.Built(h.assets) {
		fmt.Fprintln(stdout, "The page is not built yet: run make build.")
	}
}
