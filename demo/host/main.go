//go:build !js

// Host is Shoal outside the browser: a server with the demo page, a WebTorrent
// tracker and STUN, and a peer in the terminal. In come arguments, out come exit
// codes: 0 done, 1 something failed, 2 the command line is wrong. What the
// commands do is in the packages serve and peer.
package main

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"syscall"

	"github.com/shoal-p2p/shoal/demo/host/command"
	"github.com/shoal-p2p/shoal/demo/host/peer"
	"github.com/shoal-p2p/shoal/demo/host/serve"
)

// assets holds what make build has put there; on a fresh clone only a README.
//
//go:embed all:assets
var assets embed.FS

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	err := dispatch(ctx, args, stdout, stderr)
	switch {
	case err == nil || errors.Is(err, command.ErrHelp):
		return 0
	case errors.Is(err, command.ErrUsage):
		fmt.Fprintln(stderr, err)
		return 2
	default:
		fmt.Fprintf(stderr, "host: %v\n", err)
		return 1
	}
}

func dispatch(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) > 0 {
		switch args[0] {
		case "seed":
			return peer.Seed(ctx, args[1:], stdout, stderr)
		case "fetch":
			return peer.Fetch(ctx, args[1:], stdout, stderr)
		case "help":
			args = []string{"-help"}
		}
	}
	built, err := fs.Sub(assets, "assets")
	if err != nil {
		panic("host: the assets are embedded under another name")
	}
	return serve.Run(ctx, built, args, stdout, stderr)
}
