package client

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/shoal-p2p/shoal/core/webseed"
)

// server answers every range in the same way.
type server struct {
	status int
	body   io.Reader
	err    error
	closed bool
}

func (s *server) Get(context.Context, string, int64) (io.ReadCloser, error) {
	panic("a web seed is asked for ranges")
}

func (s *server) Range(context.Context, string, int64, int64) (*Answer, error) {
	if s.err != nil {
		return nil, s.err
	}
	return &Answer{Status: s.status, Body: s}, nil
}

func (s *server) Read(p []byte) (int, error) { return s.body.Read(p) }
func (s *server) Close() error {
	s.closed = true
	return nil
}

// content is bytes of which each says where it is.
func content(length int) []byte {
	data := make([]byte, length)
	for i := range data {
		data[i] = byte(i ^ i>>8 ^ i>>16)
	}
	return data
}

func TestAnAnswerIsJudged(t *testing.T) {
	file := content(200_000)
	part := webseed.Request{URL: "http://h/x", Offset: 70_000, Length: 100_000}
	head := webseed.Request{URL: "http://h/x", Length: 100_000}
	whole := webseed.Request{URL: "http://h/x", Length: 200_000, Whole: true}
	far := webseed.Request{URL: "http://h/x", Offset: 4 << 20, Length: 1}
	stream := webseed.Request{URL: "http://h/x", Length: 100_000, Stream: true}
	reset := errors.New("connection reset")
	answer := func(status int, body []byte) *server { return &server{status: status, body: bytes.NewReader(body)} }
	for _, c := range []struct {
		name    string
		request webseed.Request
		server  *server
		want    webseed.Outcome
		bytes   []byte // that are handed over
	}{
		{"a range", part, answer(206, file[70_000:170_000]), webseed.Delivered, file[70_000:170_000]},
		{"a range that is the file", whole, answer(206, file), webseed.Delivered, file},
		{"the file that was asked for", whole, answer(200, file), webseed.Delivered, file},
		{"the file instead of a part", part, answer(200, file), webseed.NoRanges, nil},
		{"the file instead of its head", head, answer(200, file), webseed.NoRanges, file[:100_000]},
		{"the file from its beginning", stream, answer(200, file), webseed.NoRanges, file[:100_000]},
		{"the head of a file that has ranges after all", stream, answer(206, file[:100_000]), webseed.Delivered, file[:100_000]},
		{"a long file instead of a part", far, answer(200, nil), webseed.NoRanges, nil},
		{"a range too short", part, answer(206, file[70_000:169_999]), webseed.WrongLength, file[70_000:169_999]},
		{"a range too long", part, answer(206, file[70_000:170_001]), webseed.WrongLength, file[70_000:170_000]},
		{"a file too short", whole, answer(200, file[:199_999]), webseed.WrongLength, file[:199_999]},
		{"a file too long", whole, answer(200, append(file[:200_000:200_000], 1)), webseed.WrongLength, file},
		{"no such range", part, answer(416, nil), webseed.WrongLength, nil},
		{"not found", part, answer(404, file), webseed.Refused, nil},
		{"forbidden", part, answer(403, file), webseed.Refused, nil},
		{"gone", part, answer(410, file), webseed.Refused, nil},
		{"nothing", part, answer(204, nil), webseed.Refused, nil},
		{"too many requests", part, answer(429, file), webseed.Busy, nil},
		{"down", part, answer(503, file), webseed.Busy, nil},
		{"no answer", part, &server{err: errors.New("no route to host")}, webseed.Unreachable, nil},
		{"an answer that breaks off", part,
			&server{status: 206, body: io.MultiReader(bytes.NewReader(file[70_000:80_000]), iotest.ErrReader(reset))},
			webseed.Unreachable, file[70_000:80_000]},
		{"a byte at a time", head, &server{status: 206, body: iotest.OneByteReader(bytes.NewReader(file[:100_000]))}, webseed.Delivered, file[:100_000]},
		{"bytes and the end together", head, &server{status: 206, body: iotest.DataErrReader(bytes.NewReader(file[:100_000]))}, webseed.Delivered, file[:100_000]},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []byte
			outcome, err := fetchRange(t.Context(), c.server, c.request, nil, func(data []byte) {
				if len(data) > maxChunk {
					t.Errorf("a chunk of %d bytes", len(data))
				}
				got = append(got, data...)
			})
			if outcome != c.want || (err == nil) != (outcome == webseed.Delivered) {
				t.Errorf("outcome %d, %v; want %d", outcome, err, c.want)
			}
			if !bytes.Equal(got, c.bytes) {
				t.Errorf("%d bytes, want %d, or others", len(got), len(c.bytes))
			}
			if c.server.err == nil && !c.server.closed {
				t.Error("the body is left open")
			}
		})
	}
}

// silent sends its bytes and then nothing, until its context ends.
type silent struct {
	ctx   context.Context
	first io.Reader
}

func (s silent) Range(ctx context.Context, _ string, _, _ int64) (*Answer, error) {
	return &Answer{Status: 206, Body: silent{ctx, s.first}}, nil
}

func (s silent) Get(context.Context, string, int64) (io.ReadCloser, error) {
	panic("a web seed is asked for ranges")
}

func (s silent) Read(p []byte) (int, error) {
	if n, _ := s.first.Read(p); n > 0 {
		return n, nil
	}
	<-s.ctx.Done()
	return 0, s.ctx.Err()
}

func (s silent) Close() error { return nil }

// mute never answers.
type mute struct{ silent }

func (mute) Range(ctx context.Context, _ string, _, _ int64) (*Answer, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestAServerThatStallsIsLeft(t *testing.T) {
	for name, port := range map[string]HTTP{
		"before it answers": mute{},
		"within the body":   silent{first: strings.NewReader("half")},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				outcome, err := fetchRange(t.Context(), port, webseed.Request{URL: "http://h/x", Length: 8}, nil, func([]byte) {})
				if outcome != webseed.Unreachable || !errors.Is(err, errStalled) {
					t.Errorf("outcome %d, %v", outcome, err)
				}
				if took := time.Since(began); took != maxStall {
					t.Errorf("left after %v", took)
				}
			})
		})
	}
}

func TestOurOwnTimeIsNotTheServers(t *testing.T) {
	// Given a server at hand and a store that takes a minute for each chunk.
	synctest.Test(t, func(t *testing.T) {
		file := content(3 * maxChunk)
		port := &server{status: 206, body: bytes.NewReader(file)}
		var got int
		outcome, err := fetchRange(t.Context(), port, webseed.Request{URL: "http://h/x", Length: int64(len(file))}, nil, func(data []byte) {
			time.Sleep(time.Minute) // in the bubble's time
			got += len(data)
		})
		if outcome != webseed.Delivered || got != len(file) {
			t.Errorf("outcome %d, %v, %d bytes", outcome, err, got)
		}
	})
}

func TestAFetchThatIsEndedIsNobodysFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, port := range map[string]HTTP{
			"before the answer":  mute{},
			"within the body":    silent{first: strings.NewReader("half")},
			"with bytes at hand": &server{status: 206, body: strings.NewReader("plenty of bytes")},
		} {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			taken := 0
			outcome, _ := fetchRange(ctx, port, webseed.Request{URL: "http://h/x", Length: 2 * maxChunk}, nil, func([]byte) {
				taken++
				cancel()
			})
			if outcome != webseed.Aborted {
				t.Errorf("%s: outcome %d", name, outcome)
			}
			if taken > 1 {
				t.Errorf("%s: %d chunks after the end", name, taken-1)
			}
			cancel()
		}
	})
}

func TestAStreamIsReadNoFurtherThanItsTapAllows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file := content(3 * maxChunk)
		port := &server{status: 200, body: bytes.NewReader(file)}
		tap, got, began := newTap(), 0, time.Now()
		// Given a swarm that lets 1000 bytes through each minute, which is longer than
		// a server may stall,
		go func() {
			for range 3 {
				time.Sleep(time.Minute)
				tap.open(1000)
			}
			tap.open(int64(len(file)))
		}()
		outcome, err := fetchRange(t.Context(), port, webseed.Request{URL: "http://h/x", Length: int64(len(file)), Whole: true}, tap, func(data []byte) {
			if most := int(time.Since(began)/time.Minute) * 1000; most < 3000 && got+len(data) > most {
				t.Errorf("%d bytes after %v", got+len(data), time.Since(began))
			}
			got += len(data)
		})
		// then that is what is read, and the wait is not the server's.
		if outcome != webseed.Delivered || got != len(file) || time.Since(began) != 3*time.Minute {
			t.Errorf("outcome %d, %v, %d bytes after %v", outcome, err, got, time.Since(began))
		}
	})
}

func TestAStreamThatIsEndedDoesNotWaitForItsTap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		port := &server{status: 200, body: strings.NewReader("bytes")}
		outcome, _ := fetchRange(ctx, port, webseed.Request{URL: "http://h/x", Length: 5, Whole: true}, newTap(), func([]byte) {})
		if outcome != webseed.Aborted || !port.closed {
			t.Errorf("outcome %d, closed %v", outcome, port.closed)
		}
	})
}
