//go:build !js

package page

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strings"
)

// hashDigits is how many hexadecimal digits of a content's SHA-256 name it in a
// URL, at least: 64 bits, as scripts/build puts into the scripts.
const hashDigits = 16

// keeping says how long a browser may keep a file. Names do not change with the
// content, so it shall ask each time, and is mostly told by the ETag that it has
// it. But a URL that names the content as well ("shoal.wasm?h=" and the
// beginning of its SHA-256) will never have another. Where it names another than
// we have, the script that asks is older or newer than the file.
func keeping(r *http.Request, content readSeekCloser) string {
	if named := r.URL.Query().Get("h"); len(named) >= hashDigits && strings.HasPrefix(hashOf(content), named) {
		return "public, max-age=31536000, immutable"
	}
	return "no-cache"
}

// hashOf is empty where the content cannot be read; then it cannot be served
// either.
func hashOf(content readSeekCloser) string {
	hash := sha256.New()
	if _, err := io.Copy(hash, content); err != nil {
		return ""
	}
	if _, err := content.Seek(0, io.SeekStart); err != nil {
		return ""
	}
	return hex.EncodeToString(hash.Sum(nil))
}
