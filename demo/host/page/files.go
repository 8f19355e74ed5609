//go:build !js

package page

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"
)

// types are those that the operating system's tables lack or have wrong: a
// browser refuses a module or a .wasm under another type, and .ts is a video
// to most tables.
var types = map[string]string{
	".css":         "text/css; charset=utf-8",
	".html":        "text/html; charset=utf-8",
	".ico":         "image/x-icon",
	".js":          "text/javascript; charset=utf-8",
	".json":        "application/json",
	".map":         "application/json",
	".mjs":         "text/javascript; charset=utf-8",
	".svg":         "image/svg+xml",
	".ts":          "application/typescript; charset=utf-8",
	".txt":         "text/plain; charset=utf-8",
	".wasm":        "application/wasm",
	".webmanifest": "application/manifest+json",
}

// encodings of siblings that may lie beside a file, the smaller first.
var encodings = []struct{ name, suffix string }{{"br", ".br"}, {"gzip", ".gz"}}

// files serves the files below a directory of an fs.FS, and index.html for a
// path that ends in a slash. It lists no directory.
type files struct {
	fs      fs.FS
	dir     string
	missing http.Handler
}

func (f *files) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Path
	if strings.HasSuffix(name, "/") {
		name += "index.html"
	}
	// Rooted before it is joined, a path cannot climb; fs.FS refuses it as well.
	name = strings.TrimPrefix(path.Join(f.dir, path.Clean("/"+name)), "/")
	plain, info, err := open(f.fs, name)
	if err != nil {
		f.missing.ServeHTTP(w, r)
		return
	}
	defer plain.Close()
	h := w.Header()
	h.Set("Content-Type", typeOf(name))
	h.Set("Cache-Control", keeping(r, plain))
	content := plain
	if encoded, encoding := f.encoded(name, info, r); encoded != nil {
		defer encoded.Close()
		content = encoded
		h.Set("Content-Encoding", encoding)
	}
	h.Add("Vary", "Accept-Encoding")
	serve(w, r, name, content)
}

// encoded opens the sibling of a file that the client takes, if there is one.
// One that is older than its file is left from an earlier build.
func (f *files) encoded(name string, plain fs.FileInfo, r *http.Request) (readSeekCloser, string) {
	for _, e := range encodings {
		if !accepts(r.Header.Get("Accept-Encoding"), e.name) {
			continue
		}
		content, info, err := open(f.fs, name+e.suffix)
		if err != nil {
			continue
		}
		if info.ModTime().Before(plain.ModTime()) {
			content.Close()
			continue
		}
		return content, e.name
	}
	return nil, ""
}

// serve answers with content under an ETag of its own. The files are few and
// small enough to be hashed for each request.
func serve(w http.ResponseWriter, r *http.Request, name string, content readSeekCloser) {
	hash := sha256.New()
	length, err := io.Copy(hash, content)
	if err == nil {
		_, err = content.Seek(0, io.SeekStart)
	}
	if err != nil {
		http.Error(w, "the file cannot be read", http.StatusInternalServerError)
		return
	}
	w.Header().Set("ETag", `"`+hex.EncodeToString(hash.Sum(nil)[:12])+`"`)
	if r.Header.Get("Range")+r.Header.Get("If-Match")+r.Header.Get("If-Unmodified-Since") == "" {
		// ServeContent leaves it out where there is a Content-Encoding.
		w.Header().Set("Content-Length", strconv.FormatInt(length, 10))
	}
	http.ServeContent(w, r, name, time.Time{}, content)
}

type readSeekCloser interface {
	io.ReadSeeker
	io.Closer
}

// open opens a regular file that can seek, as those of embed and os can.
func open(files fs.FS, name string) (readSeekCloser, fs.FileInfo, error) {
	file, err := files.Open(name)
	if err != nil {
		return nil, nil, err
	}
	info, err := file.Stat()
	seeker, ok := file.(readSeekCloser)
	if err == nil && ok && info.Mode().IsRegular() {
		return seeker, info, nil
	}
	file.Close()
	return nil, nil, fs.ErrNotExist
}

func typeOf(name string) string {
	extension := path.Ext(name)
	if known, ok := types[extension]; ok {
		return known
	}
	if known := mime.TypeByExtension(extension); known != "" {
		return known
	}
	return "application/octet-stream"
}

// accepts reports whether an Accept-Encoding names an encoding and does not
// refuse it by q=0 (RFC 9110, 12.5.3).
func accepts(header, encoding string) bool {
	for item := range strings.SplitSeq(header, ",") {
		name, parameters, _ := strings.Cut(item, ";")
		if !strings.EqualFold(strings.TrimSpace(name), encoding) {
			continue
		}
		q, weighted := strings.CutPrefix(strings.ToLower(strings.TrimSpace(parameters)), "q=")
		weight, err := strconv.ParseFloat(strings.TrimSpace(q), 64)
		return !weighted || err == nil && weight > 0
	}
	return false
}
