//go:build js && wasm

// Package api is the bridge between a page and the client: commands come in,
// replies and events go out, all of them plain objects that could be cloned to
// a worker. js/src/bridge.ts lists every message. A command is {id, method,
// params}; its reply {id, result} or {id, error: {code, message}}; an event
// names itself. The bridge knows what a message means, and no protocol.
package api

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"syscall/js"

	"github.com/shoal-p2p/shoal/core/client"
	"github.com/shoal-p2p/shoal/core/id"
	"github.com/shoal-p2p/shoal/core/jsx"
	"github.com/shoal-p2p/shoal/core/rtc"
	"github.com/shoal-p2p/shoal/wasm/store"
)

// Serve greets the page on the other side of port, carries out its commands,
// and returns when it has closed the client, or is of another version.
func Serve(port js.Value) {
	b := &bridge{
		port:     port,
		stirred:  make(chan struct{}, 1),
		closed:   make(chan struct{}),
		calls:    map[int]context.CancelFunc{},
		asks:     map[int]chan []int{},
		torrents: map[*client.Torrent]*torrent{},
		stores:   map[id.ID]blobs{},
		worker:   store.NewWorker(),
	}
	b.post(message{"event": "hello", "version": client.Version})
	if port.Get("version").String() != client.Version {
		return
	}
	receive, release := jsx.Callback(b.receive)
	port.Set("post", receive)
	<-b.closed
	port.Delete("post")
	release()
	if n := jsx.Live(); n > 0 {
		println("shoal: callbacks left behind:", n)
	}
}

// bridge is the state of one page's connection to its client.
type bridge struct {
	port    js.Value
	yield   jsx.Yielder
	client  *client.Client
	dialer  *rtc.Dialer
	worker  *store.Worker
	stirred chan struct{} // something has changed that Stats counts
	closed  chan struct{} // close has been answered
	closing sync.Once

	mu       sync.Mutex
	calls    map[int]context.CancelFunc // commands under way, by their id
	asks     map[int]chan []int         // questions to the page
	lastAsk  int
	torrents map[*client.Torrent]*torrent
	stores   map[id.ID]blobs
}

// message is a plain object for the page.
type message = map[string]any

func (b *bridge) post(m message) { b.port.Call("deliver", m) }

// receive is called by the page; a command runs on a goroutine of its own.
func (b *bridge) receive(args []js.Value) {
	if len(args) == 1 {
		go b.handle(args[0])
	}
}

func (b *bridge) handle(command js.Value) {
	number, method := command.Get("id").Int(), command.Get("method").String()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	b.mu.Lock()
	b.calls[number] = cancel
	b.mu.Unlock()
	result, err := b.carryOut(ctx, method, params{command.Get("params")})
	b.mu.Lock()
	delete(b.calls, number)
	b.mu.Unlock()
	b.reply(number, result, err)
	if method == "close" {
		b.closing.Do(func() { close(b.closed) })
	}
}

func (b *bridge) reply(number int, result any, err error) {
	if err != nil {
		b.post(message{"id": number, "error": trouble(err)})
		return
	}
	b.post(message{"id": number, "result": result})
}

// carryOut turns a panic into an error: the page's node must live on.
func (b *bridge) carryOut(ctx context.Context, name string, p params) (result any, err error) {
	defer func() {
		switch cause := recover().(type) {
		case nil:
		case *js.ValueError:
			err = invalidOption("%s: a parameter is of the wrong kind: %v", name, cause)
		default:
			err = &client.Error{Code: client.CodeInternal, Err: fmt.Errorf("%s: %v", name, cause)}
		}
	}()
	m, ok := methods[name]
	if !ok {
		return nil, invalidOption("there is no method %q", name)
	}
	if b.client == nil && name != "open" && name != "close" {
		return nil, &client.Error{Code: client.CodeNotReady, Err: errors.New("the client is not open yet")}
	}
	return m(b, ctx, p)
}

func invalidOption(format string, args ...any) error {
	return &client.Error{Code: client.CodeInvalidOption, Err: fmt.Errorf(format, args...)}
}

// trouble is an error for the page.
func trouble(err error) message {
	code := client.CodeInternal
	var coded *client.Error
	if errors.As(err, &coded) {
		code = coded.Code
	}
	return message{"code": string(code), "message": err.Error()}
}
