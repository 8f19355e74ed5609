package porttest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"github.com/shoal-p2p/shoal/core/client"
)

// HTTPServer says what lies behind the URLs of the HTTP contract.
type HTTPServer struct {
	Body     string // a 200 answer with Content
	Content  []byte // at least 100 KB
	Missing  string // a 404 answer
	Redirect string // leads to Body
	Stuck    string // a 200 answer whose body never ends and sends nothing
	Refused  string // leads to no server
}

// HTTP is the contract of the HTTP port.
func HTTP(t *testing.T, port client.HTTP, server HTTPServer) {
	size := int64(len(server.Content))
	for name, url := range map[string]string{"a body": server.Body, "a body behind a redirect": server.Redirect} {
		t.Run(name, func(t *testing.T) {
			got, err := get(t, port, url, size)
			if err != nil || !bytes.Equal(got, server.Content) {
				t.Errorf("%d of %d bytes, %v", len(got), size, err)
			}
		})
	}

	t.Run("a body that is too long", func(t *testing.T) {
		for _, most := range []int64{0, 1, size - 1} {
			got, err := get(t, port, server.Body, most)
			if !errors.Is(err, client.ErrBodyTooLong) {
				t.Errorf("at most %d bytes: %v, not ErrBodyTooLong", most, err)
			}
			if int64(len(got)) > most {
				t.Errorf("at most %d bytes: %d came", most, len(got))
			}
		}
	})

	for name, url := range map[string]string{
		"another status":    server.Missing,
		"nobody listens":    server.Refused,
		"a file of our own": "file:///etc/hostname",
		"no URL":            "nonsense",
		"no host":           "http://",
	} {
		t.Run(name, func(t *testing.T) {
			if body, err := port.Get(t.Context(), url, size); err == nil {
				body.Close()
				t.Errorf("%s: no error", url)
			}
		})
	}

	t.Run("the context ends a body that does not come", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		body, err := port.Get(ctx, server.Stuck, size)
		if err != nil {
			t.Fatal(err)
		}
		defer body.Close()
		ended := make(chan error, 1)
		go func() {
			_, err := io.ReadAll(body)
			ended <- err
		}()
		cancel()
		if await(t, "the end of the body", ended) == nil {
			t.Error("a body that was cut off has ended without an error")
		}
	})

	t.Run("a body may be closed unread", func(t *testing.T) {
		body, err := port.Get(t.Context(), server.Body, size)
		if err != nil {
			t.Fatal(err)
		}
		if err := body.Close(); err != nil {
			t.Error(err)
		}
	})
}

func get(t *testing.T, port client.HTTP, url string, most int64) ([]byte, error) {
	t.Helper()
	body, err := port.Get(t.Context(), url, most)
	if err != nil {
		t.Fatalf("get %s: %v", url, err)
	}
	defer body.Close()
	return io.ReadAll(body)
}
