package rtc

import (
	"errors"
	"strings"
	"testing"
)

const dataOnly = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=ice-options:trickle\r\n" +
	"m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=sctp-port:5000\r\n"

func TestReadDescription(t *testing.T) {
	tests := []struct {
		name, sdp string
		limit     int // 0: refused
	}{
		{"no size said", dataOnly, 64 << 10},
		{"Chromium's size", dataOnly + "a=max-message-size:262144\r\n", maxMessage},
		{"Firefox's size", dataOnly + "a=max-message-size:1073741823\r\n", maxMessage},
		{"any size", dataOnly + "a=max-message-size:0\r\n", maxMessage},
		{"a small size", dataOnly + "a=max-message-size:16384\n", 16 << 10},
		{"the smallest", dataOnly + "a=max-message-size:1024\r\n", 1 << 10},
		{"a size that only makes work", dataOnly + "a=max-message-size:1\r\n", 0},
		{"a size that is none", dataOnly + "a=max-message-size:-1\r\n", 0},
		{"empty", "", 0},
		{"no media section", "v=0\r\n", 0},
		{"audio", "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n", 0},
		{"data and video", dataOnly + "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n", 0},
		{"two of data", dataOnly + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n", 0},
		{"the longest", dataOnly + strings.Repeat("\n", maxDescription-len(dataOnly)), 64 << 10},
		{"too long", dataOnly + strings.Repeat("\n", maxDescription-len(dataOnly)+1), 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			limit, err := readDescription(tt.sdp)
			if tt.limit == 0 {
				if !errors.Is(err, ErrDescription) {
					t.Fatalf("got %d, %v, want ErrDescription", limit, err)
				}
				return
			}
			if limit != tt.limit || err != nil {
				t.Fatalf("got %d, %v, want %d", limit, err, tt.limit)
			}
		})
	}
}

func FuzzReadDescription(f *testing.F) {
	f.Add(dataOnly)
	f.Add(dataOnly + "a=max-message-size:262144\r\n")
	f.Add("m=application \na=max-message-size:99999999999999999999")
	f.Fuzz(func(t *testing.T, sdp string) {
		limit, err := readDescription(sdp)
		if err == nil && (limit < minMessage || limit > maxMessage || len(sdp) > maxDescription) {
			t.Errorf("a limit of %d from %d bytes", limit, len(sdp))
		}
	})
}

func TestWithoutTrickle(t *testing.T) {
	got := withoutTrickle(dataOnly)
	if strings.Contains(got, "trickle") || len(got) != len(dataOnly)-len("a=ice-options:trickle\r\n") {
		t.Errorf("got %q", got)
	}
}
