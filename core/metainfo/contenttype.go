package metainfo

import (
	"path"
	"strings"
)

// contentTypes is a table of our own: the standard library's reads files of
// the operating system, so that the same name would have different types.
var contentTypes = map[string]string{
	".aac":     "audio/aac",
	".apng":    "image/apng",
	".avi":     "video/x-msvideo",
	".avif":    "image/avif",
	".bmp":     "image/bmp",
	".css":     "text/css; charset=utf-8",
	".csv":     "text/csv; charset=utf-8",
	".epub":    "application/epub+zip",
	".flac":    "audio/flac",
	".gif":     "image/gif",
	".gz":      "application/gzip",
	".htm":     "text/html; charset=utf-8",
	".html":    "text/html; charset=utf-8",
	".ico":     "image/vnd.microsoft.icon",
	".jpeg":    "image/jpeg",
	".jpg":     "image/jpeg",
	".js":      "text/javascript; charset=utf-8",
	".json":    "application/json",
	".m4a":     "audio/mp4",
	".m4v":     "video/mp4",
	".md":      "text/markdown; charset=utf-8",
	".mjs":     "text/javascript; charset=utf-8",
	".mkv":     "video/x-matroska",
	".mov":     "video/quicktime",
	".mp3":     "audio/mpeg",
	".mp4":     "video/mp4",
	".oga":     "audio/ogg",
	".ogg":     "audio/ogg",
	".ogv":     "video/ogg",
	".opus":    "audio/ogg",
	".otf":     "font/otf",
	".pdf":     "application/pdf",
	".png":     "image/png",
	".srt":     "application/x-subrip",
	".svg":     "image/svg+xml",
	".tar":     "application/x-tar",
	".ttf":     "font/ttf",
	".txt":     "text/plain; charset=utf-8",
	".vtt":     "text/vtt; charset=utf-8",
	".wasm":    "application/wasm",
	".wav":     "audio/wav",
	".weba":    "audio/webm",
	".webm":    "video/webm",
	".webp":    "image/webp",
	".woff":    "font/woff",
	".woff2":   "font/woff2",
	".xml":     "application/xml",
	".zip":     "application/zip",
	".7z":      "application/x-7z-compressed",
	".torrent": "application/x-bittorrent",
}

// ContentType returns the MIME type that the end of a file's name or path
// stands for, application/octet-stream where it stands for none.
func ContentType(name string) string {
	if t, ok := contentTypes[strings.ToLower(path.Ext(name))]; ok {
		return t
	}
	return "application/octet-stream"
}
