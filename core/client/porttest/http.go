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
	Content  []byte // at least 10 KB
	Missing  string // a 404 answer
	Redirect string // leads to Body
	Stuck    string // a 200 answer whose body never ends and sends nothing
	Refused  string // leads to no server
	Ranged   string // like Body; a 206 answer to a request for a range
	Whole    string // like Body; a 200 answer with all of Content to a request for a range
	Cut      string // a 206 answer whose body breaks off after some bytes
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

	ranges(t, port, server)

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

// ranges is the part of the contract that web seeds use.
func ranges(t *testing.T, port client.HTTP, server HTTPServer) {
	size := int64(len(server.Content))
	for _, c := range []struct {
		name           string
		url            string
		offset, length int64
		status         int
		want           []byte
	}{
		{"a range", server.Ranged, 1000, size - 2000, 206, server.Content[1000 : size-1000]},
		{"the first byte", server.Ranged, 0, 1, 206, server.Content[:1]},
		{"the last byte", server.Ranged, size - 1, 1, 206, server.Content[size-1:]},
		{"a range behind a redirect", server.Redirect, 0, size, 0, server.Content},
		{"the whole file instead of a range", server.Whole, 5, 5, 200, server.Content},
	} {
		t.Run(c.name, func(t *testing.T) {
			answer, err := port.Range(t.Context(), c.url, c.offset, c.length)
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			if answer.Status != c.status && c.status != 0 {
				t.Errorf("status %d, want %d", answer.Status, c.status)
			}
			if got, err := io.ReadAll(answer.Body); err != nil || !bytes.Equal(got, c.want) {
				t.Errorf("%d bytes, %v, want %d", len(got), err, len(c.want))
			}
		})
	}

	t.Run("a status is an answer", func(t *testing.T) {
		answer, err := port.Range(t.Context(), server.Missing, 0, 1)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		if answer.Status != 404 {
			t.Errorf("status %d", answer.Status)
		}
	})

	for _, url := range []string{server.Refused, "file:///etc/hostname", "nonsense", "http://"} {
		t.Run("no range of "+url, func(t *testing.T) {
			if answer, err := port.Range(t.Context(), url, 0, 1); err == nil {
				answer.Body.Close()
				t.Errorf("%s: no error", url)
			}
		})
	}

	t.Run("a body that breaks off has not ended", func(t *testing.T) {
		answer, err := port.Range(t.Context(), server.Cut, 0, size)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		if got, err := io.ReadAll(answer.Body); err == nil {
			t.Errorf("ends after %d bytes without an error", len(got))
		}
	})

	t.Run("the context ends a range that does not come", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		answer, err := port.Range(ctx, server.Stuck, 0, size)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		cancel()
		if _, err := io.ReadAll(answer.Body); err == nil {
			t.Error("a body that was cut off has ended without an error")
		}
	})

	t.Run("a context that has ended asks nobody", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if answer, err := port.Range(ctx, server.Ranged, 0, 1); err == nil {
			answer.Body.Close()
			t.Error("no error")
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
