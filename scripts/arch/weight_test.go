package arch

import (
	"slices"
	"testing"
)

// heavy is what may not be linked into the .wasm, which every visitor
// downloads, and why.
var heavy = []struct {
	path, why string
	except    []string // those who bring it all the same, each with its reason
}{
	{"net/http", "274 KB compressed; the page has fetch", nil},
	{"database/sql", "comes with parts of missinggo that nobody calls", nil},
	// pion's DTLS can save a connection's state with gob, and pion's webrtc
	// imports it for a browser too. That is pion's; ours there is none.
	{"encoding/gob", "what crosses to JavaScript is plain objects", []string{"github.com/pion/dtls/v3"}},
	{"text/template", "brings reflection over every method; nothing is rendered here", nil},
	{"html/template", "brings reflection over every method; nothing is rendered here", nil},
	{"os/exec", "a page starts no program", nil},
	{"github.com/coder/websocket", "the page has WebSocket; wasm/socket wraps it", nil},
	{"regexp", "a few lines of our own parse what we parse", nil},
	{"testing", "tests are for test files", nil},
}

// checkWeight says who brings what is too heavy into a program.
func checkWeight(program listed, all map[string]listed) []string {
	var faults []string
	for _, path := range append(program.Deps, program.ImportPath) {
		for _, h := range heavy {
			if slices.Contains(all[path].Imports, h.path) && !slices.Contains(h.except, path) {
				faults = append(faults, path+" brings "+h.path+" into "+program.ImportPath+": "+h.why)
			}
		}
	}
	return faults
}

func TestNothingHeavyIsInTheWasm(t *testing.T) {
	program, ok := browser(t).all[module+"/wasm"]
	if !ok {
		t.Skip("there is no wasm/ yet")
	}
	for _, fault := range checkWeight(program, browser(t).all) {
		t.Error(fault)
	}
}

func TestTheWeightCheckFindsFaults(t *testing.T) {
	// check is for a program that imports a library, which imports path.
	check := func(library, path string) []string {
		program := listed{ImportPath: "program", Imports: []string{library}, Deps: []string{"fmt", library, path}}
		return checkWeight(program, map[string]listed{
			"program": program,
			library:   {Imports: []string{"fmt", path}},
		})
	}
	for _, h := range heavy {
		expect(t, h.path, check("library", h.path), "library brings "+h.path)
		for _, library := range h.except {
			expect(t, library, check(library, h.path), "")
		}
	}
	expect(t, "what is light", check("library", "text/tabwriter"), "")
	expect(t, "its own import", check("regexp", "fmt"), "program brings regexp")
}
