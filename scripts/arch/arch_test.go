// Package arch holds the locks that keep the house in order, as tests: which
// package may import which (arch_test.go), what the pure packages may not hold
// (pure_test.go), which platform a file is for and who may make JavaScript
// callbacks (platform_test.go), and what may not be linked into the .wasm
// (weight_test.go). A broken rule is reported with its place and its reason.
//
// It reads the tree through "go list", once for each platform, and is no more
// than tests. Changing a table here is a change of the architecture; the commit
// says why.
package arch

import (
	"strings"
	"testing"
)

// kind is what sort of package it is.
type kind int

const (
	pure  kind = iota // the pure core; pure_test.go
	shell             // runs in a browser and natively
	page              // js && wasm only
	host              // never js
	tool              // scripts; nobody imports them
)

// layer is a package, or with "/..." a whole folder, and what of the module it
// may import.
type layer struct {
	path    string
	kind    kind
	imports []string
}

var (
	// ground is the floor of the house.
	ground = []string{"core/id", "core/bencode", "core/bitfield", "core/metainfo", "core/wire", "core/picker", "core/choke", "core/alarm", "core/limit", "core/blame", "core/webseed"}
	// machines never import each other; node translates between them.
	machines = []string{"core/swarm", "core/dht", "core/tracker", "core/signaling", "core/exchange"}
	peer     = join(ground, machines, "core/node")
	shells   = []string{"core/client", "core/rtc", "core/native"}
)

// layers is the law. Imports point downward only.
var layers = []layer{
	{"core", pure, nil},
	{"core/id", pure, nil},
	{"core/bencode", pure, nil},
	{"core/bitfield", pure, nil},
	{"core/metainfo", pure, []string{"core/id", "core/bencode", "core/bitfield"}},
	{"core/session", pure, []string{"core/id", "core/bencode", "core/bitfield", "core/metainfo"}},
	{"core/wire", pure, []string{"core/id", "core/bencode", "core/bitfield", "core/metainfo"}},
	{"core/picker", pure, []string{"core/id", "core/bitfield", "core/metainfo"}},
	{"core/choke", pure, []string{"core/id"}},
	{"core/alarm", pure, nil},
	{"core/limit", pure, nil},
	{"core/blame", pure, []string{"core/id", "core/metainfo"}},
	{"core/webseed", pure, []string{"core/metainfo"}},
	{"core/swarm", pure, ground},
	{"core/dht/frame", pure, []string{"core/id"}},
	{"core/dht/krpc", pure, []string{"core/id", "core/bencode"}},
	{"core/dht/record", pure, []string{"core/id", "core/bencode", "core/dht/frame"}},
	{"core/dht/table", pure, []string{"core/dht/frame"}},
	{"core/dht", pure, join(ground, "core/dht/frame", "core/dht/krpc", "core/dht/record", "core/dht/table")},
	{"core/tracker", pure, ground},
	{"core/signaling", pure, ground},
	{"core/exchange", pure, ground},
	{"core/node", pure, join(ground, machines)},
	{"core/sim", pure, peer},
	{"core/sim/overlay", pure, []string{"core/id", "core/bencode", "core/dht", "core/dht/frame", "core/dht/record"}},

	{"core/client", shell, join(peer, "core/session")},
	{"core/client/porttest", shell, join(peer, "core/client")},
	{"core/jsx", page, nil},
	{"core/rtc", shell, join(ground, "core/client", "core/jsx")},
	{"core/native", host, join(ground, "core/client")},

	{"wasm/http", page, []string{"core/client", "core/jsx"}},
	{"wasm/socket", page, []string{"core/client", "core/jsx"}},
	{"wasm/store", page, []string{"core/id", "core/bitfield", "core/metainfo", "core/client", "core/jsx"}},
	{"wasm/api", page, join(peer, "core/client", "core/rtc", "core/jsx", "wasm/http", "wasm/socket", "wasm/store")},
	{"wasm", page, []string{"wasm/api"}},
	{"demo/host/...", host, join(peer, shells, "demo/host/...")},
	{"scripts/netlab/...", tool, []string{"scripts/netlab/..."}},
	{"scripts/...", tool, join(peer, shells, "core/sim")},
}

// door is a dependency from outside the module, by the beginning of its path,
// and the only packages that may import it.
type door struct {
	path    string
	through []string
	why     string
}

var doors = []door{
	{"github.com/anacrolix/", []string{"core/bencode"}, "bytes from strangers are scanned before its decoder sees them"},
	{"github.com/pion/stun/", []string{"demo/host/..."}, "only the host answers STUN"},
	{"github.com/pion/", []string{"core/rtc"}, "what pion loses in browsers is mended in one place"},
	{"github.com/coder/websocket", []string{"core/native", "demo/host/..."}, "browsers have their own WebSocket"},
	{"github.com/hack-pad/safejs", []string{"core/jsx", "core/rtc", "wasm/..."}, "only the edge knows JavaScript"},
	{"syscall/js", []string{"core/jsx", "core/rtc", "wasm/..."}, "only the edge knows JavaScript"},
}

// join makes one list of paths and lists of paths.
func join(lists ...any) []string {
	var all []string
	for _, list := range lists {
		switch list := list.(type) {
		case string:
			all = append(all, list)
		case []string:
			all = append(all, list...)
		}
	}
	return all
}

// within reports whether a path is one of these, or lies in a folder of them.
func within(path string, patterns []string) bool {
	for _, pattern := range patterns {
		folder, whole := strings.CutSuffix(pattern, "/...")
		if path == folder || whole && strings.HasPrefix(path, folder+"/") {
			return true
		}
	}
	return false
}

// layerOf finds a package in the table.
func layerOf(path string) (layer, bool) {
	for _, l := range layers {
		if within(path, []string{l.path}) {
			return l, true
		}
	}
	return layer{}, false
}

// checkImports says what is wrong with the imports of a package of the module.
func checkImports(p listed) []string {
	path, _ := p.local()
	l, known := layerOf(path)
	if !known {
		return []string{path + ": not in the table of layers (scripts/arch/arch_test.go); a new package has a floor"}
	}
	var faults []string
	for _, imported := range p.Imports {
		if why := refused(l, path, imported); why != "" {
			faults = append(faults, path+" imports "+imported+": "+why)
		}
	}
	return faults
}

// refused says why a package may not import another, and nothing where it may.
func refused(l layer, path, imported string) string {
	if inside, ok := strings.CutPrefix(imported, module+"/"); ok {
		if !within(inside, l.imports) {
			return "imports point downward only, and never from one state machine to another"
		}
		return ""
	}
	for _, d := range doors {
		if strings.HasPrefix(imported, d.path) {
			if !within(path, d.through) {
				return "only " + strings.Join(d.through, ", ") + " may: " + d.why
			}
			return ""
		}
	}
	if first, _, _ := strings.Cut(imported, "/"); strings.Contains(first, ".") {
		return "a dependency that has no door in the table; each is a decision of its own"
	}
	return ""
}

func TestImportsPointDownward(t *testing.T) {
	for _, platform := range []*tree{native(t), browser(t)} {
		for _, p := range platform.own {
			for _, fault := range checkImports(p) {
				t.Errorf("%s: %s", platform.name, fault)
			}
		}
	}
}

func TestTheTableNamesNoPackageTwice(t *testing.T) {
	seen := make(map[string]bool)
	for _, l := range layers {
		if seen[l.path] {
			t.Errorf("%s is there twice", l.path)
		}
		seen[l.path] = true
	}
	// "None points up": a package may import only what stands above it in the
	// table, except the folder of the host, which is one floor.
	below := make(map[string]bool)
	for _, l := range layers {
		for _, imported := range l.imports {
			if !below[imported] && imported != l.path {
				t.Errorf("%s may import %s, which is no floor below", l.path, imported)
			}
		}
		below[l.path] = true
	}
}

func TestTheLayerCheckFindsFaults(t *testing.T) {
	for _, c := range []struct {
		name, path, imported string
		fault                string
	}{
		{"downward", "core/swarm", module + "/core/picker", ""},
		{"upward", "core/picker", module + "/core/swarm", "downward"},
		{"to itself", "core/picker", module + "/core/picker", "downward"},
		{"between machines", "core/swarm", module + "/core/tracker", "downward"},
		{"from the core to a shell", "core/node", module + "/core/client", "downward"},
		{"from the page to the simulator", "wasm/api", module + "/core/sim", "downward"},
		{"from a shell into the page", "core/client", module + "/core/jsx", "downward"},
		{"within the host", "demo/host", module + "/demo/host/stun", ""},
		{"from the host to the page", "demo/host/web", module + "/wasm", "downward"},
		{"the standard library", "core/id", "encoding/hex", ""},
		{"pion in its place", "core/rtc", "github.com/pion/webrtc/v4", ""},
		{"pion elsewhere", "core/client", "github.com/pion/webrtc/v4", "only core/rtc"},
		{"STUN in the host", "demo/host/stun", "github.com/pion/stun/v4", ""},
		{"WebRTC in the host", "demo/host", "github.com/pion/webrtc/v4", "only core/rtc"},
		{"bencode behind its door", "core/bencode", "github.com/anacrolix/torrent/bencode", ""},
		{"bencode past its door", "core/metainfo", "github.com/anacrolix/torrent/bencode", "only core/bencode"},
		{"JavaScript in the core", "core/swarm", "syscall/js", "only core/jsx"},
		{"a stranger", "demo/host", "example.org/left/pad", "no door"},
		{"a room without a floor", "core/util", "strings", "not in the table"},
		{"a room in a room", "core/swarm/util", "strings", "not in the table"},
	} {
		p := listed{ImportPath: module + "/" + c.path, Imports: []string{c.imported}}
		expect(t, c.name, checkImports(p), c.fault)
	}
}

// expect wants no fault where want is empty, and else faults that all say it.
func expect(t *testing.T, name string, faults []string, want string) {
	t.Helper()
	if (len(faults) == 0) != (want == "") {
		t.Errorf("%s: faults %q, want %q", name, faults, want)
	}
	for _, fault := range faults {
		if !strings.Contains(fault, want) {
			t.Errorf("%s: %q does not say %q", name, fault, want)
		}
	}
}
