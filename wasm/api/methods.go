//go:build js && wasm

package api

import (
	"context"
	"time"

	"github.com/shoal-p2p/shoal/core/client"
	"github.com/shoal-p2p/shoal/core/metainfo"
	"github.com/shoal-p2p/shoal/core/rtc"
	"github.com/shoal-p2p/shoal/wasm/http"
	"github.com/shoal-p2p/shoal/wasm/socket"
	"github.com/shoal-p2p/shoal/wasm/store"
)

// methods is what a page may ask for.
var methods = map[string]func(*bridge, context.Context, params) (any, error){
	"open":        (*bridge).open,
	"storage":     (*bridge).storage,
	"claim":       (*bridge).claim,
	"persist":     (*bridge).persist,
	"seed":        (*bridge).seed,
	"add":         (*bridge).add,
	"choose":      (*bridge).choose,
	"pause":       (*bridge).pause,
	"resume":      (*bridge).resume,
	"select":      (*bridge).sel,
	"limit":       (*bridge).limit,
	"read":        (*bridge).read,
	"window":      (*bridge).window,
	"closeWindow": (*bridge).closeWindow,
	"blob":        (*bridge).blob,
	"remove":      (*bridge).remove,
	"cancel":      (*bridge).cancel,
	"close":       (*bridge).close,
}

func (b *bridge) open(_ context.Context, p params) (any, error) {
	cfg := client.Config{
		Sockets:   socket.Browser{},
		HTTP:      http.Browser{},
		OpenStore: b.openStore,
		Trackers:  client.DefaultTrackers(),
		OnEvent:   b.onEvent,
		Breathe:   b.yield.Yield,

		UploadLimit:   p.int64("upload"),
		DownloadLimit: p.int64("download"),
	}
	if p.has("trackers") {
		cfg.Trackers = p.texts("trackers")
	}
	if p.has("maxConnections") {
		cfg.MaxConnections = p.int("maxConnections")
	}
	servers := []rtc.ICEServer{{URLs: client.DefaultSTUN()}}
	if p.has("iceServers") {
		servers = iceServers(p.list("iceServers"))
	}
	b.dialer = rtc.New(rtc.Config{ICEServers: servers})
	cfg.Dialer = b.dialer
	cfg.Session = b.sessionOf(p)
	b.client = client.New(cfg)
	go b.tellStats()
	return b.resumed(), nil
}

func iceServers(list []params) []rtc.ICEServer {
	servers := []rtc.ICEServer{}
	for _, p := range list {
		servers = append(servers, rtc.ICEServer{
			URLs:       p.texts("urls"),
			Username:   p.text("username"),
			Credential: p.text("credential"),
		})
	}
	return servers
}

func (b *bridge) pause(_ context.Context, p params) (any, error) {
	t, err := b.find(p)
	if err == nil {
		t.Pause()
	}
	return nil, err
}

func (b *bridge) resume(_ context.Context, p params) (any, error) {
	t, err := b.find(p)
	if err == nil {
		t.Resume()
	}
	return nil, err
}

func (b *bridge) sel(_ context.Context, p params) (any, error) {
	f, err := b.findFile(p)
	if err == nil {
		f.want(client.Priority(p.int("priority")))
	}
	return nil, err
}

// limit sets the rates of one torrent, or of the client.
func (b *bridge) limit(_ context.Context, p params) (any, error) {
	if !p.has("torrent") {
		b.client.SetLimits(p.int64("upload"), p.int64("download"))
		return nil, nil
	}
	t, err := b.find(p)
	if err == nil {
		t.SetLimits(p.int64("upload"), p.int64("download"))
	}
	return nil, err
}

func (b *bridge) remove(ctx context.Context, p params) (any, error) {
	t, err := b.find(p)
	if err != nil {
		return nil, err
	}
	return nil, t.Remove(ctx, p.bool("data"))
}

func (b *bridge) cancel(_ context.Context, p params) (any, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if cancel := b.calls[p.int("call")]; cancel != nil {
		cancel()
	}
	return nil, nil
}

// closeTimeout bounds how long goodbyes may take; what they take is then left
// to end with the program.
const closeTimeout = 5 * time.Second

// close lets go of everything; Serve returns when it is answered.
func (b *bridge) close(ctx context.Context, _ params) (any, error) {
	ctx, cancel := context.WithTimeout(ctx, closeTimeout)
	defer cancel()
	var err error
	if b.client != nil {
		b.worker.Settle()
		err = b.client.Close(ctx)
		b.dialer.Close()
	}
	b.worker.Close()
	b.yield.Close()
	return nil, err
}

// storage gives us the storage worker, or says that there is none.
func (b *bridge) storage(_ context.Context, p params) (any, error) {
	b.worker.Connect(p.value.Get("port"))
	return nil, nil
}

// openStore is the client's, and openMemory that of torrents that are to lie
// there.
func (b *bridge) openStore(info *metainfo.Info) (client.Store, bool, error) {
	return b.kept(info, b.worker.Open)
}

func (b *bridge) openMemory(info *metainfo.Info) (client.Store, bool, error) {
	return b.kept(info, store.OpenMemory)
}

// kept keeps what can make Blobs of the torrent.
func (b *bridge) kept(info *metainfo.Info, open client.OpenStore) (client.Store, bool, error) {
	s, fresh, err := open(info)
	if err == nil {
		b.keep(info, s.(blobs))
	}
	return s, fresh, err
}
