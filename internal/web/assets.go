package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strconv"
)

//go:embed static
var staticFiles embed.FS

// asset is one static file under the name of its content.
type asset struct {
	body        []byte
	contentType string
}

var assetTypes = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
}

// assets are the static files by file name ("drawbridge.css") and by hashed name ("3f2a….css").
type assets struct {
	hashed map[string]string
	files  map[string]asset
}

func loadAssets(files fs.FS) (*assets, error) {
	a := &assets{hashed: map[string]string{}, files: map[string]asset{}}
	entries, err := fs.ReadDir(files, ".")
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		name := entry.Name()
		body, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		contentType, ok := assetTypes[path.Ext(name)]
		if !ok {
			return nil, fmt.Errorf("static file %s: unknown type", name)
		}
		sum := sha256.Sum256(body)
		a.hashed[name] = hex.EncodeToString(sum[:10]) + path.Ext(name)
		a.files[a.hashed[name]] = asset{body, contentType}
	}
	return a, nil
}

// serve answers /static/{file}. A name is the hash of its content, so browsers may keep it for a year.
func (a *assets) serve(w http.ResponseWriter, r *http.Request) error {
	file, ok := a.files[r.PathValue("file")]
	if !ok {
		return ErrNoRoute
	}
	EventOf(r.Context()).Quiet = true
	w.Header().Set("Content-Type", file.contentType)
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	w.Header().Set("Content-Length", strconv.Itoa(len(file.body)))
	_, _ = w.Write(file.body) // a client that went away needs no answer
	return nil
}
