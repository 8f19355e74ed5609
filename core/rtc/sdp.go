package rtc

import (
	"fmt"
	"strconv"
	"strings"
)

const (
	// maxDescription is the longest description taken from a peer, in bytes, as
	// in libtorrent. A real one has one to four thousand.
	maxDescription = 64 << 10
	// minMessage is the least max-message-size that a peer may ask for. Below a
	// packet's worth it would only make us work.
	minMessage = 1 << 10
	// unsaidMessage is max-message-size where a peer does not say it (RFC 8841).
	unsaidMessage = 64 << 10
)

// readDescription checks that a peer's description is of one data channel and
// nothing else: each medium would cost the platform an engine. It returns how
// long a message to that peer may be (RFC 8841, max-message-size). All else is
// the platform's to judge.
func readDescription(sdp string) (limit int, err error) {
	if len(sdp) > maxDescription {
		return 0, fmt.Errorf("%w: %d bytes", ErrDescription, len(sdp))
	}
	media, size := 0, uint64(unsaidMessage)
	for line := range strings.Lines(sdp) {
		line = strings.TrimRight(line, "\r\n")
		if kind, ok := strings.CutPrefix(line, "m="); ok {
			media++
			if !strings.HasPrefix(kind, "application ") {
				return 0, fmt.Errorf("%w: it offers media", ErrDescription)
			}
		}
		if value, ok := strings.CutPrefix(line, "a=max-message-size:"); ok {
			if size, err = strconv.ParseUint(value, 10, 64); err != nil {
				return 0, fmt.Errorf("%w: max-message-size", ErrDescription)
			}
		}
	}
	switch {
	case media != 1:
		return 0, fmt.Errorf("%w: %d media sections", ErrDescription, media)
	case size == 0: // RFC 8841: any size
		return maxMessage, nil
	case size < minMessage:
		return 0, fmt.Errorf("%w: max-message-size %d", ErrDescription, size)
	}
	return int(min(size, maxMessage)), nil
}

// withoutTrickle takes the promise of further candidates from our description:
// nobody would carry them.
func withoutTrickle(sdp string) string {
	return strings.ReplaceAll(sdp, "a=ice-options:trickle\r\n", "")
}
