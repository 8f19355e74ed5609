//go:build !js

package page_test

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/shoal-p2p/shoal/demo/host/page"
)

var describe = page.Describe{
	STUNPort:  3478,
	Addresses: func() []string { return []string{"http://192.168.1.7:8080/"} },
	Version:   "1.2.3",
}

var assets = fstest.MapFS{
	"README":             {Data: []byte("not for the web")},
	"web/index.html":     {Data: []byte("<!doctype html>page")},
	"web/main.js":        {Data: []byte("main()")},
	"web/main.js.gz":     {Data: []byte("gzipped main")},
	"web/sub/index.html": {Data: []byte("sub")},
	"dist/shoal.wasm":    {Data: []byte("\x00asm")},
	"dist/shoal.wasm.br": {Data: []byte("brotli")},
	"dist/shoal.wasm.gz": {Data: []byte("gzipped")},
	"dist/shoal.mjs":     {Data: []byte("export {}")},
	"dist/shoal.js":      {Data: []byte("var shoal")},
	"dist/shoal.d.ts":    {Data: []byte("declare")},
}

// ask sends a request to a handler over a real connection. Headers are pairs.
func ask(t *testing.T, handler http.Handler, method, path string, headers ...string) (*http.Response, string) {
	t.Helper()
	server := httptest.NewServer(handler)
	defer server.Close()
	request, err := http.NewRequest(method, server.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	if host := request.Header.Get("Host"); host != "" {
		request.Host = host
	}
	transport := &http.Transport{DisableCompression: true, DisableKeepAlives: true}
	response, err := transport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

func TestWhatLiesWhereAndUnderWhichType(t *testing.T) {
	handler := page.Handler(assets, describe)
	cases := []struct {
		path, kind, body string
		status           int
	}{
		{"/", "text/html; charset=utf-8", "<!doctype html>page", 200},
		{"/index.html", "text/html; charset=utf-8", "<!doctype html>page", 200},
		{"/main.js", "text/javascript; charset=utf-8", "main()", 200},
		{"/sub/", "text/html; charset=utf-8", "sub", 200},
		{"/dist/shoal.wasm", "application/wasm", "\x00asm", 200},
		{"/dist/shoal.mjs", "text/javascript; charset=utf-8", "export {}", 200},
		{"/dist/shoal.js", "text/javascript; charset=utf-8", "var shoal", 200},
		{"/dist/shoal.d.ts", "application/typescript; charset=utf-8", "declare", 200},
		{"/sub", "", "", 404},
		{"/dist/", "", "", 404},
		{"/README", "", "", 404},
		{"/missing", "", "", 404},
		{"/%2e%2e/README", "", "", 404},
		{"/dist/..%2fREADME", "", "", 404},
		{"/dist/%5c..%5cREADME", "", "", 404},
		{"/a%00b", "", "", 404},
	}
	for _, c := range cases {
		response, body := ask(t, handler, "GET", c.path)
		if response.StatusCode != c.status {
			t.Errorf("%s: %s", c.path, response.Status)
		} else if c.status == 200 && (body != c.body || response.Header.Get("Content-Type") != c.kind) {
			t.Errorf("%s: %q as %q", c.path, body, response.Header.Get("Content-Type"))
		}
	}
}

func TestPagesOfOthersMayLoadTheLibraryButNotThePage(t *testing.T) {
	handler := page.Handler(assets, describe)
	response, _ := ask(t, handler, "GET", "/dist/shoal.mjs")
	if h := response.Header; h.Get("Access-Control-Allow-Origin") != "*" || h.Get("Cross-Origin-Resource-Policy") != "cross-origin" {
		t.Errorf("the library has %v", h)
	}
	response, _ = ask(t, handler, "OPTIONS", "/dist/shoal.mjs")
	if response.StatusCode != 204 || response.Header.Get("Access-Control-Allow-Methods") != "GET, HEAD" {
		t.Errorf("OPTIONS: %s, %v", response.Status, response.Header)
	}
	response, _ = ask(t, handler, "GET", "/")
	if h := response.Header; h.Get("Access-Control-Allow-Origin") != "" || h.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("the page has %v", h)
	}
	policy := response.Header.Get("Content-Security-Policy")
	for _, rule := range []string{"default-src 'none'", "script-src 'self' 'wasm-unsafe-eval';", "connect-src 'self' blob: ws: wss: http: https:", "worker-src 'self' blob:"} {
		if !strings.Contains(policy, rule) {
			t.Errorf("the policy lacks %q: %s", rule, policy)
		}
	}
	response, _ = ask(t, handler, "POST", "/")
	if response.StatusCode != 405 {
		t.Errorf("POST: %s", response.Status)
	}
}

func TestACompressedSiblingIsServedToWhoeverTakesIt(t *testing.T) {
	handler := page.Handler(assets, describe)
	cases := []struct{ path, accept, encoding, body string }{
		{"/dist/shoal.wasm", "gzip, deflate, br, zstd", "br", "brotli"},
		{"/dist/shoal.wasm", "gzip;q=0.5", "gzip", "gzipped"},
		{"/dist/shoal.wasm", "br;q=0, gzip;q=0.0", "", "\x00asm"},
		{"/dist/shoal.wasm", "", "", "\x00asm"},
		{"/dist/shoal.mjs", "br, gzip", "", "export {}"},
		{"/main.js", "br, gzip", "gzip", "gzipped main"},
	}
	for _, c := range cases {
		response, body := ask(t, handler, "GET", c.path, "Accept-Encoding", c.accept)
		if body != c.body || response.Header.Get("Content-Encoding") != c.encoding || response.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%s for %q: %q, %v", c.path, c.accept, body, response.Header)
		}
		if response.ContentLength != int64(len(c.body)) {
			t.Errorf("%s for %q: Content-Length %d", c.path, c.accept, response.ContentLength)
		}
	}
	response, _ := ask(t, handler, "GET", "/dist/shoal.wasm", "Accept-Encoding", "br")
	if kind := response.Header.Get("Content-Type"); kind != "application/wasm" {
		t.Errorf("compressed, the type is %q", kind)
	}
}

func TestWhatABrowserHasIsNotSentAgain(t *testing.T) {
	handler := page.Handler(assets, describe)
	plain, _ := ask(t, handler, "GET", "/dist/shoal.wasm")
	packed, _ := ask(t, handler, "GET", "/dist/shoal.wasm", "Accept-Encoding", "br")
	tag := plain.Header.Get("ETag")
	if tag == "" || tag == packed.Header.Get("ETag") {
		t.Errorf("the ETags are %q and %q", tag, packed.Header.Get("ETag"))
	}
	if again, body := ask(t, handler, "GET", "/dist/shoal.wasm", "If-None-Match", tag); again.StatusCode != 304 || body != "" {
		t.Errorf("asked again: %s", again.Status)
	}
	if part, body := ask(t, handler, "GET", "/dist/shoal.wasm", "Range", "bytes=1-2"); part.StatusCode != 206 || body != "as" {
		t.Errorf("a range: %s, %q", part.Status, body)
	}
}

func TestWhatAURLNamesByItsContentIsKeptForGood(t *testing.T) {
	handler := page.Handler(assets, describe)
	const forGood, asked = "public, max-age=31536000, immutable", "no-cache"
	sum := sha256.Sum256([]byte("\x00asm"))
	whole := hex.EncodeToString(sum[:])
	for _, c := range []struct{ name, path, want string }{
		{"no hash", "/dist/shoal.wasm", asked},
		{"as scripts/build names it", "/dist/shoal.wasm?h=" + whole[:16], forGood},
		{"all of it", "/dist/shoal.wasm?h=" + whole, forGood},
		{"too little to name one content alone", "/dist/shoal.wasm?h=" + whole[:15], asked},
		{"an empty one", "/dist/shoal.wasm?h=", asked},
		{"that of another build", "/dist/shoal.wasm?h=0123456789abcdef", asked},
		{"that of another file", "/dist/shoal.mjs?h=" + whole[:16], asked},
	} {
		// What is sent is the same, compressed or not, and so is how long it is kept.
		for _, encoding := range []string{"", "br"} {
			response, body := ask(t, handler, "GET", c.path, "Accept-Encoding", encoding)
			if got := response.Header.Get("Cache-Control"); response.StatusCode != 200 || body == "" || got != c.want {
				t.Errorf("%s: %d, %d bytes, Cache-Control %q, want %q", c.name, response.StatusCode, len(body), got, c.want)
			}
		}
	}
}

func TestAFreshCloneSaysHowToBuildThePage(t *testing.T) {
	fresh := fstest.MapFS{"README": {}}
	if page.Built(fresh) || !page.Built(assets) {
		t.Error("Built is wrong")
	}
	handler := page.Handler(fresh, describe)
	if response, body := ask(t, handler, "GET", "/"); response.StatusCode != 503 || !strings.Contains(body, "make build") {
		t.Errorf("%s\n%s", response.Status, body)
	}
	if response, _ := ask(t, handler, "GET", "/main.js"); response.StatusCode != 404 {
		t.Errorf("another file: %s", response.Status)
	}
}

func TestFilesFromDiskAreServedAsTheyAreNow(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "web", "main.js")
	write := func(path, text string, age time.Duration) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		then := time.Now().Add(-age)
		if err := os.Chtimes(path, then, then); err != nil {
			t.Fatal(err)
		}
	}
	handler := page.Handler(os.DirFS(dir), describe)
	write(name, "old", time.Hour)
	write(name+".br", "old packed", time.Minute)
	first, body := ask(t, handler, "GET", "/main.js", "Accept-Encoding", "br")
	if body != "old packed" {
		t.Errorf("first: %q", body)
	}
	write(name, "new", 0)
	second, body := ask(t, handler, "GET", "/main.js", "Accept-Encoding", "br", "If-None-Match", first.Header.Get("ETag"))
	if body != "new" || second.StatusCode != 200 {
		t.Errorf("after a build without compression: %s, %q", second.Status, body)
	}
}

func TestThePageIsToldTheAddressesUnderWhichItWasReached(t *testing.T) {
	lan := []string{"http://192.168.1.7:8080/"}
	cases := []struct {
		host, proto   string
		tracker, stun string
		addresses     []string
	}{
		{"localhost:8080", "", "ws://localhost:8080/announce", "stun:localhost:3478", lan},
		{"192.168.1.7:8080", "", "ws://192.168.1.7:8080/announce", "stun:192.168.1.7:3478", lan},
		{"[fe80::1]:8080", "", "ws://[fe80::1]:8080/announce", "stun:[fe80::1]:3478", lan},
		{"[::1]", "", "ws://[::1]/announce", "stun:[::1]:3478", lan},
		{"laptop.local:8080", "", "ws://laptop.local:8080/announce", "stun:laptop.local:3478", lan},
		{"shoal.example.org", "https", "wss://shoal.example.org/announce", "stun:shoal.example.org:3478", nil},
		{"203.0.113.5:80", "", "ws://203.0.113.5:80/announce", "stun:203.0.113.5:3478", nil},
	}
	for _, c := range cases {
		response, body := ask(t, page.Handler(assets, describe), "GET", "/config.json", "Host", c.host, "X-Forwarded-Proto", c.proto)
		var config page.Config
		if err := json.Unmarshal([]byte(body), &config); err != nil {
			t.Fatalf("%s: %s, %v", c.host, response.Status, err)
		}
		if strings.Join(config.Trackers, " ") != c.tracker || config.ICEServers[0].URLs != c.stun ||
			strings.Join(config.Addresses, " ") != strings.Join(c.addresses, " ") || config.Version != "1.2.3" {
			t.Errorf("%s is told %s", c.host, body)
		}
	}
}

func TestAHostThatIsNoneIsRefused(t *testing.T) {
	for _, host := range []string{"", "a b", "evil.example/x", `a"b`, "user@host", "[::1", "host:0", "host:99999", "host:http", "[fe80::1%25eth0]:1", strings.Repeat("a", 300)} {
		request := httptest.NewRequest("GET", "/config.json", nil)
		request.Host = host
		recorder := httptest.NewRecorder()
		describe.ServeHTTP(recorder, request)
		if recorder.Code != http.StatusBadRequest {
			t.Errorf("%q: %d %s", host, recorder.Code, recorder.Body)
		}
	}
}

func TestOverTLSThePageIsToldSecureAddresses(t *testing.T) {
	request := httptest.NewRequest("GET", "/config.json", nil)
	request.Host, request.TLS = "localhost:8080", &tls.ConnectionState{}
	recorder := httptest.NewRecorder()
	page.Describe{Addresses: func() []string { return nil }}.ServeHTTP(recorder, request)
	want := `{"trackers":["wss://localhost:8080/announce"],"iceServers":[],"addresses":[],"version":""}`
	if got := strings.TrimSpace(recorder.Body.String()); got != want {
		t.Errorf("told %s", got)
	}
}
