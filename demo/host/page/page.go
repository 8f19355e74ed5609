//go:build !js

// Package page serves the demo page, the built library for <script> use, and
// the configuration that the page asks for. In come the files that were built,
// out comes an http.Handler. It renders nothing and knows no torrent.
package page

import (
	_ "embed"
	"io/fs"
	"net/http"
)

// contentSecurityPolicy lets the page run our scripts and our .wasm, show what
// was downloaded from blobs, and talk to any tracker, web seed or .torrent URL
// that a person names; nothing else.
const contentSecurityPolicy = "default-src 'none'; " +
	"script-src 'self' 'wasm-unsafe-eval'; " +
	"style-src 'self'; " +
	"font-src 'self'; " +
	"img-src 'self' data: blob:; " +
	"media-src 'self' blob:; " +
	"connect-src 'self' blob: ws: wss: http: https:; " +
	"worker-src 'self' blob:; " +
	"frame-src 'self' blob:; " +
	"manifest-src 'self'; " +
	"base-uri 'none'; " +
	"form-action 'none'; " +
	"frame-ancestors 'none'"

//go:embed unbuilt.html
var unbuilt []byte

// Built reports whether assets holds the page.
func Built(assets fs.FS) bool {
	_, err := fs.Stat(assets, "web/index.html")
	return err == nil
}

// Handler serves assets: web/ at /, dist/ at /dist/, and config.json as
// describe says.
func Handler(assets fs.FS, describe Describe) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", forPage(&files{assets, "web", http.HandlerFunc(explainMissing(assets))}))
	mux.Handle("/dist/", forEveryone(http.StripPrefix("/dist", &files{assets, "dist", http.NotFoundHandler()})))
	mux.Handle("/config.json", forPage(describe))
	return mux
}

// forPage adds what protects the page.
func forPage(next http.Handler) http.Handler {
	return onlyReads(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentSecurityPolicy)
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Referrer-Policy", "no-referrer")
		next.ServeHTTP(w, r)
	})
}

// forEveryone lets pages of other origins load the library from here.
func forEveryone(next http.Handler) http.Handler {
	reads := onlyReads(next.ServeHTTP)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
		if r.Method == http.MethodOptions {
			h.Set("Access-Control-Allow-Methods", "GET, HEAD")
			h.Set("Access-Control-Allow-Headers", "*")
			h.Set("Access-Control-Max-Age", "86400")
			w.WriteHeader(http.StatusNoContent)
			return
		}
		reads.ServeHTTP(w, r)
	})
}

func onlyReads(next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "only GET and HEAD are answered here", http.StatusMethodNotAllowed)
			return
		}
		next(w, r)
	})
}

// explainMissing answers for what is not there: where the page was never built
// it says how to build it.
func explainMissing(assets fs.FS) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" || Built(assets) {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusServiceUnavailable)
		w.Write(unbuilt)
	}
}
