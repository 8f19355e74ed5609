package arch

import (
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// callbackMakers are the packages whose FuncOf makes a JavaScript callback.
var callbackMakers = []string{"syscall/js", "github.com/hack-pad/safejs"}

// matches reports whether a file is built for a platform.
func matches(goos, goarch, name, source string) (bool, error) {
	ctx := build.Context{GOOS: goos, GOARCH: goarch, Compiler: "gc", ReleaseTags: build.Default.ReleaseTags}
	ctx.OpenFile = func(string) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(source)), nil }
	return ctx.MatchFile(".", name)
}

// checkPlatform says what is wrong with the build tags of a file of a package.
func checkPlatform(k kind, name, source string) string {
	built := func(goos, goarch string) bool {
		// A file that cannot be read as Go is found by every other tool.
		match, err := matches(goos, goarch, name, source)
		return err == nil && match
	}
	switch k {
	case page:
		if !built("js", "wasm") || built("js", "amd64") || built("wasip1", "wasm") || built("linux", "amd64") {
			return "not tagged js && wasm: it would be nothing elsewhere"
		}
	case host:
		if built("js", "wasm") {
			return "not tagged !js: it would be built for a page"
		}
	}
	return ""
}

// checkCallbacks says where a file makes JavaScript callbacks.
func checkCallbacks(fset *token.FileSet, file *ast.File) []string {
	names := make(map[string]bool)
	for _, spec := range file.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil || !within(path, callbackMakers) {
			continue
		}
		name := path[strings.LastIndexByte(path, '/')+1:]
		if spec.Name != nil {
			name = spec.Name.Name
		}
		names[name] = true
	}
	var faults []string
	ast.Inspect(file, func(n ast.Node) bool {
		selector, ok := n.(*ast.SelectorExpr)
		if !ok || selector.Sel.Name != "FuncOf" {
			return true
		}
		if x, ok := selector.X.(*ast.Ident); ok && names[x.Name] {
			faults = append(faults, fset.Position(n.Pos()).String()+": FuncOf: only core/jsx makes callbacks, as it gives them back")
		}
		return true
	})
	return faults
}

func TestFilesAreForTheirPlatform(t *testing.T) {
	seen := make(map[string]bool)
	for _, p := range append(native(t).own, browser(t).own...) {
		path, _ := p.local()
		l, known := layerOf(path)
		if !known {
			continue
		}
		for _, name := range p.files(true) {
			at := filepath.Join(p.Dir, name)
			if seen[at] {
				continue
			}
			seen[at] = true
			source, err := os.ReadFile(at)
			if err != nil {
				t.Error(err)
				continue
			}
			if fault := checkPlatform(l.kind, name, string(source)); fault != "" {
				t.Errorf("%s:1: %s", at, fault)
			}
		}
	}
}

func TestOnlyOnePackageMakesCallbacks(t *testing.T) {
	fset := token.NewFileSet()
	for _, p := range browser(t).own {
		if path, _ := p.local(); path == "core/jsx" {
			continue
		}
		for _, name := range p.files(false) {
			file, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Error(err)
				continue
			}
			for _, fault := range checkCallbacks(fset, file) {
				t.Error(fault)
			}
		}
	}
}

func TestThePlatformCheckFindsFaults(t *testing.T) {
	for _, c := range []struct {
		name   string
		kind   kind
		file   string
		source string
		fault  string
	}{
		{"a page's file", page, "x.go", "//go:build js && wasm\n\npackage p", ""},
		{"a page's file the other way around", page, "x.go", "//go:build wasm && js\n\npackage p", ""},
		{"a page's file without a tag", page, "x.go", "package p", "js && wasm"},
		{"a page's file for js alone", page, "x.go", "//go:build js\n\npackage p", "js && wasm"},
		{"a page's file by its name", page, "x_js.go", "package p", "js && wasm"},
		{"a page's file for more", page, "x.go", "//go:build (js && wasm) || linux\n\npackage p", "js && wasm"},
		{"a page's file with a tag too late", page, "x.go", "package p\n\n//go:build js && wasm\n", "js && wasm"},
		{"a host's file", host, "x.go", "//go:build !js\n\npackage p", ""},
		{"a host's file for one system", host, "x.go", "//go:build !js && linux\n\npackage p", ""},
		{"a host's file for one system by its name", host, "x_linux.go", "package p", ""},
		{"a host's file without a tag", host, "x.go", "package p", "!js"},
		{"a host's file that is not one", host, "x.go", "//go:build !windows\n\npackage p", "!js"},
		{"a shell's file", shell, "x.go", "package p", ""},
		{"a shell's twin", shell, "x_js.go", "//go:build js\n\npackage p", ""},
	} {
		var faults []string
		if fault := checkPlatform(c.kind, c.file, c.source); fault != "" {
			faults = append(faults, fault)
		}
		expect(t, c.name, faults, c.fault)
	}
}

func TestTheCallbackCheckFindsFaults(t *testing.T) {
	for _, c := range []struct{ name, source, fault string }{
		{"a callback", "import \"syscall/js\"\nvar f = js.FuncOf(nil)", "p.go:3:9: FuncOf"},
		{"a callback under another name", "import x \"syscall/js\"\nvar f = x.FuncOf(nil)", "FuncOf"},
		{"a safe callback", "import \"github.com/hack-pad/safejs\"\nvar f, _ = safejs.FuncOf(nil)", "FuncOf"},
		{"something else of the package", "import \"syscall/js\"\nvar v = js.ValueOf(1)", ""},
		{"the same name elsewhere", "import js \"example.org/x\"\nvar f = js.FuncOf(nil)", ""},
	} {
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, "p.go", "package p\n"+c.source, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		expect(t, c.name, checkCallbacks(fset, file), c.fault)
	}
}
