package client

import "github.com/shoal-p2p/shoal/core/id"

// clients names the peer id prefixes (BEP 20) that one meets over WebRTC.
var clients = map[string]string{
	"SH": "Shoal",
	"WW": "WebTorrent",
	"WD": "WebTorrent Desktop",
	"LT": "libtorrent",
	"GT": "anacrolix/torrent",
}

// clientName reads a peer id of the form -XXvvvv-: the client's name and its
// version as it stands there. It is what the peer says of itself.
func clientName(peer id.ID) string {
	if peer[0] != '-' || peer[7] != '-' {
		return "unknown"
	}
	name, ok := clients[string(peer[1:3])]
	if !ok {
		return "unknown"
	}
	version := string(peer[3:7])
	for i := range len(version) {
		if version[i] < '0' || version[i] > '9' {
			return name
		}
	}
	return name + " " + version
}
