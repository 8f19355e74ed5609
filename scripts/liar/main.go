//go:build !js

// Command liar is a hostile peer for the browser tests: it has a file, serves it
// by the book over WebRTC, and changes a byte in every so many of the pieces
// that it reads. It prints its peer id.
//
//	liar -torrent a.torrent -file a -tracker ws://host/announce [-every 2]
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/shoal-p2p/shoal/core/client"
	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/native"
	"github.com/shoal-p2p/shoal/core/rtc"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "liar:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("liar", flag.ContinueOnError)
	torrent := flags.String("torrent", "", "the .torrent `FILE`")
	file := flags.String("file", "", "the one `FILE` that it is of")
	tracker := flags.String("tracker", "", "the tracker's `URL`")
	every := flags.Int("every", 2, "lie about each of so many pieces")
	if err := flags.Parse(args); err != nil {
		return err
	}
	metadata, err := os.ReadFile(*torrent)
	if err != nil {
		return err
	}
	data, err := os.ReadFile(*file)
	if err != nil {
		return err
	}
	dialer, sockets, http := rtc.New(rtc.Config{}), native.NewSockets(*tracker), native.NewHTTP()
	defer dialer.Close()
	defer sockets.Close()
	defer http.Close()
	c := client.New(client.Config{Dialer: dialer, Sockets: sockets, HTTP: http, Trackers: []string{*tracker}})
	defer c.Close(ctx)
	_, err = c.AddTorrent(metadata, client.AddOptions{
		Trackers: []string{*tracker},
		OpenStore: func(info *metainfo.Info) (client.Store, bool, error) {
			return &store{info: info, data: data, every: *every}, false, nil
		},
	})
	if err != nil {
		return err
	}
	fmt.Fprintln(stdout, c.PeerID())
	<-ctx.Done()
	return nil
}

// store says that it holds everything, and reads some of it wrong.
type store struct {
	info  *metainfo.Info
	data  []byte
	every int
}

func (s *store) Write(_ metainfo.Block, _ []byte, done func(error)) { go done(nil) }

func (s *store) Verify(p metainfo.Piece, done func(metainfo.Digest, error)) {
	go done(s.info.Digests[p.Index], nil)
}

func (s *store) Read(p metainfo.Piece, done func([]byte, error)) {
	data := append([]byte(nil), s.data[p.Offset:][:p.Length]...)
	if int(p.Index)%s.every == 0 {
		data[len(data)/2] ^= 0xff
	}
	go done(data, nil)
}

func (s *store) Close(_ bool, done func(error)) { go done(nil) }
