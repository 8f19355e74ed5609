//go:build !js

package serve

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/coder/websocket"
	"github.com/pion/stun/v4"

	"github.com/shoal-p2p/shoal/core/client/porttest"
	"github.com/shoal-p2p/shoal/demo/host/command"
	"github.com/shoal-p2p/shoal/demo/host/page"
)

// TestMain expects that a host leaves no goroutine.
func TestMain(m *testing.M) { porttest.Main(m, func() {}) }

var built = fstest.MapFS{"web/index.html": {Data: []byte("the page")}}

// start runs a host on a free port until the test ends, and returns its URL.
func start(t *testing.T, args ...string) string {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	out, in := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := Run(ctx, built, append([]string{"-addr", "127.0.0.1:0"}, args...), in, io.Discard)
		in.CloseWithError(err)
		ended <- err
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the host ended with %v", err)
		}
	})
	lines := bufio.NewReader(out)
	line, err := lines.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	go io.Copy(io.Discard, lines)
	return strings.TrimSpace(strings.TrimPrefix(line, "Shoal is at "))
}

func get(t *testing.T, url string) string {
	t.Helper()
	web := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := web.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != 200 {
		t.Fatalf("%s: %s, %v", url, response.Status, err)
	}
	return string(body)
}

func TestEverythingIsOnOnePortNumber(t *testing.T) {
	url := start(t)
	if !strings.HasPrefix(url, "http://localhost:") {
		t.Errorf("the address is %q", url)
	}
	if body := get(t, url+"/"); body != "the page" {
		t.Errorf("the page is %q", body)
	}
	if body := get(t, url+"/healthz"); body != "ok\n" {
		t.Errorf("health is %q", body)
	}
	var config page.Config
	if err := json.Unmarshal([]byte(get(t, url+"/config.json")), &config); err != nil {
		t.Fatal(err)
	}

	conn, _, err := websocket.Dial(t.Context(), config.Trackers[0], nil)
	if err != nil {
		t.Fatalf("the tracker that the page is told: %v", err)
	}
	defer conn.CloseNow()
	announce := `{"action":"announce","info_hash":"aaaaaaaaaaaaaaaaaaaa","peer_id":"bbbbbbbbbbbbbbbbbbbb","left":0}`
	if err := conn.Write(t.Context(), websocket.MessageText, []byte(announce)); err != nil {
		t.Fatal(err)
	}
	if _, answer, err := conn.Read(t.Context()); err != nil || !bytes.Contains(answer, []byte(`"complete":1`)) {
		t.Errorf("the tracker answers %s, %v", answer, err)
	}

	_, port, _ := strings.Cut(strings.TrimPrefix(url, "http://"), ":")
	if config.ICEServers[0].URLs != "stun:localhost:"+port {
		t.Errorf("the page is told %v", config.ICEServers)
	}
	askSTUN(t, "127.0.0.1:"+port)

	metrics := get(t, url+"/metrics")
	for _, line := range []string{"shoal_tracker_sockets 1", "shoal_tracker_swarms 1", "shoal_tracker_seeds 1", "shoal_tracker_messages_total 1", "shoal_stun_requests_total 1", "\ngo_goroutines "} {
		if !strings.Contains(metrics, line) {
			t.Errorf("the metrics lack %q:\n%s", line, metrics)
		}
	}
}

func askSTUN(t *testing.T, address string) {
	t.Helper()
	conn, err := net.Dial("udp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := conn.Write(stun.MustBuild(stun.TransactionID, stun.BindingRequest).Raw); err != nil {
		t.Fatal(err)
	}
	packet := make([]byte, 1500)
	n, err := conn.Read(packet)
	if err != nil || !stun.IsMessage(packet[:n]) {
		t.Errorf("STUN answers % x, %v", packet[:n], err)
	}
}

func TestATakenPortIsNamedAndHowToChooseAnother(t *testing.T) {
	url := start(t, "-stun-addr", "off")
	_, port, _ := strings.Cut(strings.TrimPrefix(url, "http://"), ":")
	err := Run(t.Context(), built, []string{"-addr", "127.0.0.1:" + port}, io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "port "+port+" is taken") || !strings.Contains(err.Error(), "ADDR") {
		t.Errorf("the error is %v", err)
	}

	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	err = Run(t.Context(), built, []string{"-addr", "127.0.0.1:0", "-stun-addr", udp.LocalAddr().String()}, io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "-stun-addr") {
		t.Errorf("for UDP the error is %v", err)
	}
	for _, nonsense := range []string{"nonsense", "1.2.3.4", "localhost:http:x"} {
		if err := Run(t.Context(), built, []string{"-addr", nonsense}, io.Discard, io.Discard); err == nil {
			t.Errorf("%q was listened on", nonsense)
		}
	}
}

func TestWithoutSTUNThePageIsToldOfNone(t *testing.T) {
	config := get(t, start(t, "-stun-addr", "off")+"/config.json")
	if !strings.Contains(config, `"iceServers":[]`) {
		t.Errorf("told %s", config)
	}
}

func TestASelfSignedHostIsReachedByHTTPSAndWSS(t *testing.T) {
	url := start(t, "-tls-self-signed")
	if !strings.HasPrefix(url, "https://localhost:") {
		t.Fatalf("the address is %q", url)
	}
	conn, err := tls.Dial("tcp", strings.TrimPrefix(url, "https://"), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	certificate := conn.ConnectionState().PeerCertificates[0]
	conn.Close()
	for _, name := range []string{"localhost", "127.0.0.1", "::1"} {
		if err := certificate.VerifyHostname(name); err != nil {
			t.Error(err)
		}
	}
	roots := x509.NewCertPool()
	roots.AddCert(certificate)
	web := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: roots},
	}}
	response, err := web.Get(url + "/config.json")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var config page.Config
	if err := json.NewDecoder(response.Body).Decode(&config); err != nil {
		t.Fatal(err)
	}
	socket, _, err := websocket.Dial(t.Context(), config.Trackers[0], &websocket.DialOptions{HTTPClient: web})
	if err != nil {
		t.Fatalf("%s: %v", config.Trackers[0], err)
	}
	socket.Close(websocket.StatusNormalClosure, "")
}

func TestAssetsFromADirectory(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "web"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "web", "index.html"), []byte("from disk"), 0o600); err != nil {
		t.Fatal(err)
	}
	if body := get(t, start(t, "-assets", dir)+"/"); body != "from disk" {
		t.Errorf("the page is %q", body)
	}
}

func TestCommandLinesThatAreWrong(t *testing.T) {
	for _, args := range [][]string{
		{"nonsense"}, {"-tls-cert", "x"}, {"-tls-self-signed", "-tls-cert", "x", "-tls-key", "y"}, {"-assets", "/nowhere"}, {"-max-peers", "x"},
	} {
		if err := Run(t.Context(), built, args, io.Discard, io.Discard); !errors.Is(err, command.ErrUsage) {
			t.Errorf("%q: %v", args, err)
		}
	}
	if err := Run(t.Context(), built, []string{"-addr", "127.0.0.1:0", "-tls-cert", "/nowhere", "-tls-key", "/nowhere"}, io.Discard, io.Discard); err == nil {
		t.Error("a certificate that is not there was used")
	}
}

func TestOpenOnAllNetworksItSaysWhereOthersFindIt(t *testing.T) {
	h, err := open(options{addr: ":0"}, fstest.MapFS{}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	defer h.run(ctx)
	var out bytes.Buffer
	h.greet(&out)
	if !strings.HasPrefix(out.String(), "Shoal is at http://localhost:") || !strings.Contains(out.String(), "make build") {
		t.Errorf("it says\n%s", out.String())
	}
	for _, address := range localAddresses() {
		if !strings.Contains(out.String(), "http://"+address.String()+":") {
			t.Errorf("it does not tell %s:\n%s", address, out.String())
		}
	}
}
