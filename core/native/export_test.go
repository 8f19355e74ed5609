//go:build !js

package native

import (
	"net/http"
	"net/url"
	"os"
)

// Judge is judge, for the stories.
var Judge = judge

// SetProxy stands in for the environment, which a process reads once.
func (h *HTTP) SetProxy(proxy func(*http.Request) (*url.URL, error)) { h.border.proxy = proxy }

// Explain is what a disk makes of an error.
func Explain(root *os.Root, err error) error { return (&disk{root: root}).explain(err) }
