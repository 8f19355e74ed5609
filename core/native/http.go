//go:build !js

package native

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"time"

	"github.com/shoal-p2p/shoal/core/client"
)

const (
	// userAgent says who we are to servers and trackers.
	userAgent = "Shoal/" + client.Version
	// connectTimeout bounds what comes before the first byte of an answer.
	connectTimeout = 30 * time.Second
	// maxConnsPerHost is what browsers allow themselves (over HTTP/1.1: six).
	maxConnsPerHost = 6
	// maxRedirects is what browsers follow (Fetch standard: twenty).
	maxRedirects = 20
)

// HTTP is the client.HTTP port on net/http. What strangers have named may lie
// anywhere but in our own network (border.go).
type HTTP struct {
	client *http.Client
	border *border
}

// NewHTTP makes the port. Close ends what it keeps.
func NewHTTP() *HTTP {
	b := newBorder(transport)
	return &HTTP{border: b, client: &http.Client{
		Transport: b,
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects {
				return fmt.Errorf("more than %d redirects", maxRedirects)
			}
			return checkHTTP(r)
		},
	}}
}

// AllowLocal lets strangers name what lies in our own network too: for tests,
// and for networks whose users trust each other. It is called before all others.
func (h *HTTP) AllowLocal() { h.border.open = true }

// transport makes connections by a dialer.
func transport(dialer net.Dialer) *http.Transport {
	dialer.Timeout = connectTimeout
	return &http.Transport{
		DialContext:           dialer.DialContext,
		ForceAttemptHTTP2:     true,
		MaxConnsPerHost:       maxConnsPerHost,
		IdleConnTimeout:       connectTimeout,
		TLSHandshakeTimeout:   connectTimeout,
		ResponseHeaderTimeout: connectTimeout,
	}
}

// Get fetches what lies behind an http or https URL.
func (h *HTTP) Get(ctx context.Context, url string, max int64) (io.ReadCloser, error) {
	response, err := h.do(ctx, url, nil)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		response.Body.Close()
		return nil, fmt.Errorf("get %s: the server answers %s", url, response.Status)
	}
	return &body{response.Body, max}, nil
}

// Range asks for a range of what lies behind an http or https URL. As the
// range is of the bytes as they lie, net/http asks for no compression.
func (h *HTTP) Range(ctx context.Context, url string, offset, length int64) (*client.Answer, error) {
	response, err := h.do(ctx, url, http.Header{"Range": {client.RangeHeader(offset, length)}})
	if err != nil {
		return nil, err
	}
	return &client.Answer{Status: response.StatusCode, Body: response.Body}, nil
}

func (h *HTTP) do(ctx context.Context, url string, header http.Header) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	if err := checkHTTP(request); err != nil {
		return nil, err
	}
	maps.Copy(request.Header, header)
	request.Header.Set("User-Agent", userAgent)
	return h.client.Do(request)
}

// Close lets go of idle connections; bodies end with their own Close.
func (h *HTTP) Close() { h.client.CloseIdleConnections() }

func checkHTTP(r *http.Request) error {
	if s := r.URL.Scheme; s != "http" && s != "https" || r.URL.Host == "" {
		return fmt.Errorf("%s: not an http or https URL", r.URL.Redacted())
	}
	return nil
}

// body ends with ErrBodyTooLong beyond left bytes.
type body struct {
	io.ReadCloser
	left int64
}

func (b *body) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, client.ErrBodyTooLong
	}
	// One byte more than may come tells an end from too much.
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	b.left -= int64(n)
	if b.left < 0 {
		return n - 1, client.ErrBodyTooLong
	}
	return n, err
}
