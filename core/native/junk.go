//go:build !js

package native

import "strings"

// isJunk reports whether a file or directory of this name is left out when a
// directory is seeded: hidden ones, and what operating systems and editors
// leave behind. Other WebTorrent programs leave out the same, so that one
// directory makes one torrent.
func isJunk(name string) bool {
	if strings.HasPrefix(name, ".") || strings.HasSuffix(name, "~") {
		return true
	}
	switch name {
	case "Thumbs.db", "ehthumbs.db", "desktop.ini", "Desktop.ini", // Windows
		"Icon\r", "__MACOSX", // macOS
		"@eaDir",        // Synology
		"npm-debug.log": // npm
		return true
	}
	return false
}
