//go:build !js

// Package serve is the host as a server: the page, the tracker, STUN, health and
// metrics on one port number. In come options and assets, out comes a server
// that runs until its context ends. What it serves is in the packages beside it.
package serve

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"time"

	"github.com/shoal-p2p/shoal/core/client"
	"github.com/shoal-p2p/shoal/demo/host/announce"
	"github.com/shoal-p2p/shoal/demo/host/page"
	"github.com/shoal-p2p/shoal/demo/host/stun"
)

// noSTUN switches STUN off as the address of it.
const noSTUN = "off"

// patience is how long requests may go on when the host stops.
const patience = 5 * time.Second

// options are what the flags say.
type options struct {
	addr, stunAddr    string
	certFile, keyFile string
	selfSigned        bool
	announce          announce.Config
}

// host is a running server.
type host struct {
	listener net.Listener
	tls      *tls.Config // nil for plain HTTP
	assets   fs.FS
	announce *announce.Server
	stun     *stun.Server // nil where it is off
	started  time.Time
	stderr   io.Writer
}

// open takes the ports. Where one is taken nothing is left open.
func open(o options, assets fs.FS, stderr io.Writer) (*host, error) {
	h := &host{assets: assets, started: time.Now(), stderr: stderr}
	var err error
	if h.listener, err = net.Listen("tcp", o.addr); err != nil {
		return nil, explainPort(err, o.addr, "another program", "ADDR (-addr, SHOAL_ADDR)")
	}
	if h.tls, err = o.tlsConfig(); err != nil {
		h.listener.Close()
		return nil, err
	}
	if o.stunAddr != noSTUN {
		address := o.stunAddr
		if address == "" {
			address = h.listener.Addr().String()
		}
		if h.stun, err = stun.Listen(address); err != nil {
			h.listener.Close()
			return nil, explainPort(err, address, "another program's UDP", "-stun-addr (SHOAL_STUN_ADDR; \"off\" does without)")
		}
	}
	h.announce = announce.New(o.announce)
	return h, nil
}

// explainPort says which port is the trouble, and how to choose another.
func explainPort(err error, address, whose, instead string) error {
	_, port, splitErr := net.SplitHostPort(address)
	if splitErr != nil {
		return fmt.Errorf("%q is not an address to listen on, as :8080 or 127.0.0.1:8080 are: %w", address, err)
	}
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("port %s is taken by %s: stop that, or choose another with %s", port, whose, instead)
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("port %s may not be used by this user: choose one above 1023 with %s", port, instead)
	}
	return fmt.Errorf("listen on %s: %w", address, err)
}

// run serves until ctx ends, and then lets go of everything.
func (h *host) run(ctx context.Context) error {
	server := &http.Server{
		Handler:           h.handler(),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		WriteTimeout:      10 * time.Minute, // a phone on a bad network takes its time for the .wasm
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          log.New(quietTLS{h.stderr}, "", 0),
	}
	listener := h.listener
	if h.tls != nil {
		// Without "h2": WebSockets need HTTP/1.1.
		listener = tls.NewListener(listener, h.tls)
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
		err = shutDown(server)
		<-failed
	}
	h.announce.Close()
	if h.stun != nil {
		h.stun.Close()
	}
	return err
}

func shutDown(server *http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := server.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return server.Close()
}

func (h *host) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/announce", h.announce)
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		io.WriteString(w, "ok\n")
	})
	mux.Handle("/metrics", h.metrics())
	mux.Handle("/", page.Handler(h.assets, page.Describe{
		STUNPort:  h.stunPort(),
		Addresses: h.networkURLs,
		Version:   client.Version,
	}))
	return mux
}

func (h *host) stunPort() int {
	if h.stun == nil {
		return 0
	}
	return h.stun.Port()
}

// localURL is where a browser on this machine finds the page.
func (h *host) localURL() string {
	at := h.listener.Addr().(*net.TCPAddr)
	if at.IP.IsUnspecified() || at.IP.IsLoopback() {
		return h.url("localhost")
	}
	return h.url(at.IP.String())
}

// networkURLs are where other devices of the local network find it.
func (h *host) networkURLs() []string {
	if !h.listener.Addr().(*net.TCPAddr).IP.IsUnspecified() {
		return nil
	}
	var urls []string
	for _, address := range localAddresses() {
		urls = append(urls, h.url(address.String())+"/")
	}
	return urls
}

func (h *host) url(name string) string {
	scheme := "http"
	if h.tls != nil {
		scheme = "https"
	}
	port := h.listener.Addr().(*net.TCPAddr).Port
	return scheme + "://" + net.JoinHostPort(name, strconv.Itoa(port))
}
