package client

// Version is the version of Shoal, as package.json has it and peers are told.
const Version = "0.1.0"

// DefaultTrackers lists the public WebTorrent trackers that are asked where
// nobody has said otherwise.
func DefaultTrackers() []string {
	return []string{
		"wss://tracker.openwebtorrent.com",
		"wss://tracker.webtorrent.dev",
		"wss://tracker.btorrent.xyz",
	}
}

// DefaultSTUN lists the public STUN servers by which peers learn their outer
// addresses where nobody has said otherwise.
func DefaultSTUN() []string {
	return []string{
		"stun:stun.l.google.com:19302",
		"stun:stun.cloudflare.com:3478",
	}
}
