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

// asset is a file or a bundle of some.
type asset struct {
	data []byte
	hash string // of its content
}

// assets are all that can be loaded, by their path.
var assets = readAll()

func readAll() map[string]asset {
	m := map[string]asset{}
	keep := func(path string, data []byte, err error) error {
		sum := sha256.Sum256(data)
		m[path] = asset{data, hex.EncodeToString(sum[:6])}
		return err
	}
	err := fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := files.ReadFile(path)
		return keep(path, data, err)
	})
	for name := range bundles {
		if err == nil {
			data, wrong := bundle(name, files.ReadFile)
			err = keep(name, data, wrong)
		}
	}
	if err != nil { // a bundle names a file that is not there
		panic("static: " + err.Error())
	}
	for _, folder := range together {
		shareHash(m, folder)
	}
	return m
}

// URL is where browsers find a file. It panics on one that is not there, which
// rendering every template in a test shows.
func URL(path string) string {
	a, ok := assets[path]
	if !ok {
		panic("static: no file " + path)
	}
	return "/static/" + a.hash + "/" + path
}

// Read is the content of the file of a URL's part behind /static/, if its hash
// is right.
func Read(hashed string) (data []byte, ok bool) {
	hash, path, _ := strings.Cut(hashed, "/")
	a, known := assets[path]
	if !known || a.hash != hash {
		return nil, false
	}
	return a.data, true
}
