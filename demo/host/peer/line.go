//go:build !js

package peer

import (
	"fmt"
	"strings"
	"time"

	"github.com/shoal-p2p/shoal/core/client"
)

// barWidth leaves room for the numbers in a terminal of 80 columns.
const barWidth = 24

func hashLine(done, total int64) string {
	return fmt.Sprintf("%s  hashing", bar(done, total))
}

func seedLine(s client.Stats) string {
	return fmt.Sprintf("seeding: %s, %s sent, %s/s", peers(s.Peers), size(s.Uploaded), size(s.UploadSpeed))
}

// fetchLine says how far a fetch is; known is whether its metadata is.
func fetchLine(known bool, s client.Stats) string {
	if !known {
		return fmt.Sprintf("looking for the torrent: %s", peers(s.Peers))
	}
	line := fmt.Sprintf("%s  %s of %s, %s/s, %s", bar(s.Done, s.Total), size(s.Done), size(s.Total), size(s.DownloadSpeed), peers(s.Peers))
	if left := s.Total - s.Done; left > 0 && s.DownloadSpeed > 0 {
		line += ", " + remaining(left, s.DownloadSpeed) + " left"
	}
	return line
}

func bar(done, total int64) string {
	fraction := 0.0
	if total > 0 {
		fraction = float64(done) / float64(total)
	}
	full := int(fraction * barWidth)
	return fmt.Sprintf("[%s%s] %3d %%", strings.Repeat("#", full), strings.Repeat("-", barWidth-full), int(fraction*100))
}

func peers(n int) string {
	if n == 1 {
		return "1 peer"
	}
	return fmt.Sprintf("%d peers", n)
}

// size writes bytes in decimal units, as disks and networks are sold.
func size(bytes int64) string {
	if bytes < 1000 {
		return fmt.Sprintf("%d B", bytes)
	}
	amount, unit := float64(bytes)/1000, 0
	for amount >= 999.95 && unit < 3 {
		amount, unit = amount/1000, unit+1
	}
	return fmt.Sprintf("%.1f %cB", amount, "kMGT"[unit])
}

func remaining(bytes, perSecond int64) string {
	seconds := bytes / perSecond
	if seconds >= 24*60*60 {
		return "more than a day"
	}
	return (time.Duration(seconds) * time.Second).String()
}
