package metainfo

import (
	"mime"
	"testing"
)

func TestContentTypes(t *testing.T) {
	for name, want := range map[string]string{
		"film.mp4":         "video/mp4",
		"FILM.MP4":         "video/mp4",
		"a/b.c/film.webm":  "video/webm",
		"page.html":        "text/html; charset=utf-8",
		"archive.tar.gz":   "application/gzip",
		"noextension":      "application/octet-stream",
		"dir.mp4/file":     "application/octet-stream",
		"unknown.thing":    "application/octet-stream",
		"":                 "application/octet-stream",
		".":                "application/octet-stream",
		"ends with a dot.": "application/octet-stream",
	} {
		if got := ContentType(name); got != want {
			t.Errorf("%q: %s, want %s", name, got, want)
		}
	}
}

func TestContentTypesAreWellFormed(t *testing.T) {
	for extension, value := range contentTypes {
		if _, _, err := mime.ParseMediaType(value); err != nil {
			t.Errorf("%s: %v", extension, err)
		}
	}
}
