//go:build !js

package native

import (
	"net/http"
	"net/url"
)

// Judge is judge, for the stories.
var Judge = judge

// SetProxy stands in for the environment, which a process reads once.
func (h *HTTP) SetProxy(proxy func(*http.Request) (*url.URL, error)) { h.border.proxy = proxy }
