// Package static embeds the files that browsers load beside the pages. Their
// URLs carry a hash of their content, so that they can be cached for ever.
package static

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"strings"
)

//go:embed css js vendor favicon.svg
var files embed.FS

// hashes is the content hash of each file, by its path.
var hashes = hashAll()

func hashAll() map[string]string {
	m := map[string]string{}
	_ = fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := files.ReadFile(path)
		sum := sha256.Sum256(data)
		m[path] = hex.EncodeToString(sum[:6])
		return err
	})
	return m
}

// URL is where browsers find a file. It panics on one that is not there, which
// rendering every template in a test shows.
func URL(path string) string {
	hash, ok := hashes[path]
	if !ok {
		panic("static: no file " + path)
	}
	return "/static/" + hash + "/" + path
}

// Read is the content of the file of a URL's part behind /static/, if its hash
// is right.
func Read(hashed string) (data []byte, ok bool) {
	hash, path, _ := strings.Cut(hashed, "/")
	if want, known := hashes[path]; !known || want != hash {
		return nil, false
	}
	data, err := files.ReadFile(path)
	return data, err == nil
}
