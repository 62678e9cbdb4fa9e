package live

import (
	"crypto/sha256"
	"encoding/hex"
	"mime"
	"net/http"
	"path"

	"alrc/internal/live/page"
)

// servePage serves a file of the page by its name.
func servePage(w http.ResponseWriter, r *http.Request, name string) {
	content, ok := page.File(name)
	if !ok {
		refuse(w, http.StatusNotFound, "there is nothing at this address")
		return
	}
	sum := sha256.Sum256(content)
	tag := `"` + hex.EncodeToString(sum[:8]) + `"`
	h := w.Header()
	h.Set("Content-Type", contentType(name))
	// A newer program's page is taken at once.
	h.Set("Cache-Control", "no-cache")
	h.Set("ETag", tag)
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Write(content)
}

// contentType does not depend on what the system knows of names.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".png":
		return "image/png"
	case ".txt", ".md":
		return "text/plain; charset=utf-8"
	}
	if kind := mime.TypeByExtension(path.Ext(name)); kind != "" {
		return kind
	}
	return "application/octet-stream"
}
