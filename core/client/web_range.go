package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/shoal-p2p/shoal/core/webseed"
)

const (
	// maxChunk is how many bytes of a web seed are in our hands at once.
	maxChunk = 64 << 10
	// maxStall is how long a web seed may take for its answer, and for each next
	// byte while we want one. A server that is only slow has sent one by then.
	maxStall = 20 * time.Second
)

// What is wrong with an answer.
var (
	errStalled  = errors.New("nothing came for " + maxStall.String()) // fmt would be compiled for it when a page starts
	errNoRanges = errors.New("the server sends the whole file where a part of it was asked for")
	errShort    = errors.New("the server sends fewer bytes than the torrent has there")
	errLong     = errors.New("the server sends more bytes than the torrent has there")
)

// fetchRange carries out a request and hands its bytes over, in order and at
// most maxChunk at a time; the next are read when take has returned, and the tap
// is open. It ends with its context. The error describes anything but Delivered.
func fetchRange(ctx context.Context, port HTTP, r webseed.Request, tap *tap, take func([]byte)) (webseed.Outcome, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stall := time.AfterFunc(maxStall, func() { cancel(errStalled) })
	defer stall.Stop()
	answer, err := port.Range(ctx, r.URL, r.Offset, r.Length)
	if err != nil {
		return brokenOff(ctx, err)
	}
	defer answer.Body.Close()
	stall.Stop() // until we read
	part := answer.Status == 206
	if outcome, err := judge(answer.Status, r); err != nil {
		return outcome, err
	}
	body := patient{answer.Body, stall}
	if outcome, err := deliver(ctx, body, r.Length, tap, take); err != nil {
		return outcome, err
	}
	if !part && !r.Whole {
		return webseed.NoRanges, errNoRanges // the rest is not asked for
	}
	if n, _ := io.ReadFull(body, make([]byte, 1)); n > 0 {
		return webseed.WrongLength, errLong
	}
	return webseed.Delivered, nil
}

// judge reads a status (RFC 9110); its error says that there is no body for us.
func judge(status int, r webseed.Request) (webseed.Outcome, error) {
	err := fmt.Errorf("the server answers with status %d", status)
	switch {
	case status == 206:
		return webseed.Delivered, nil
	case status == 200 && r.Offset == 0:
		return webseed.Delivered, nil // of the whole file we take what was asked for
	case status == 200: // nothing is read for nothing
		return webseed.NoRanges, errNoRanges
	case status == 408 || status == 425 || status == 429 || status >= 500:
		return webseed.Busy, err
	case status == 416: // the file ends before the range begins
		return webseed.WrongLength, err
	}
	return webseed.Refused, err
}

func deliver(ctx context.Context, body io.Reader, left int64, tap *tap, take func([]byte)) (webseed.Outcome, error) {
	buffer := make([]byte, min(left, maxChunk))
	for left > 0 {
		room := tap.wait(ctx, min(left, maxChunk))
		if err := ctx.Err(); err != nil {
			return brokenOff(ctx, err)
		}
		n, err := body.Read(buffer[:room])
		if n > 0 {
			take(bytes.Clone(buffer[:n]))
			tap.pass(int64(n))
			left -= int64(n)
		}
		if err != nil && left > 0 {
			return ended(ctx, err)
		}
	}
	return webseed.Delivered, nil
}

// ended says what it means that a body has ended with this error, and nothing
// of nil.
func ended(ctx context.Context, err error) (webseed.Outcome, error) {
	switch err {
	case nil:
		return webseed.Delivered, nil
	case io.EOF:
		return webseed.WrongLength, errShort
	}
	return brokenOff(ctx, err)
}

// brokenOff tells whose fault an error is: a stalled server's, ours, or the
// connection's.
func brokenOff(ctx context.Context, err error) (webseed.Outcome, error) {
	switch cause := context.Cause(ctx); cause {
	case nil:
		return webseed.Unreachable, err
	case errStalled:
		return webseed.Unreachable, cause
	case errSlow:
		return webseed.Slow, cause
	default:
		return webseed.Aborted, cause
	}
}

// patient is a body whose reader waits for maxStall.
type patient struct {
	io.Reader
	stall *time.Timer
}

// Read measures the server's time, not that of whoever takes the bytes.
func (p patient) Read(b []byte) (int, error) {
	p.stall.Reset(maxStall)
	defer p.stall.Stop()
	return p.Reader.Read(b)
}
