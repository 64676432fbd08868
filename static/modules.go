package static

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
)

// together are folders of modules that load one another by their names: the
// address of each carries one hash of all, so that a name leads from one to the
// next, and to new content when any of them changes.
var together = []string{"vendor/esp-web-tools/"}

// shareHash gives all files of a folder the hash of their names and contents.
func shareHash(m map[string]asset, folder string) {
	sum := sha256.New()
	var files []string
	for _, path := range slices.Sorted(maps.Keys(m)) {
		if strings.HasPrefix(path, folder) {
			files = append(files, path)
			sum.Write([]byte(path + " " + m[path].hash + "\n"))
		}
	}
	hash := hex.EncodeToString(sum.Sum(nil)[:6])
	for _, path := range files {
		m[path] = asset{m[path].data, hash}
	}
}
