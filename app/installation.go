package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/dustin/go-humanize"

	"esp-update-server/app/original"
	"esp-update-server/db"
)

// installation is the folder of an original server.
type installation struct {
	path string   // of the file in which it keeps everything but the firmware
	root *os.Root // its folder; nothing outside of it is read
	max  int64    // bytes of a firmware file
}

// In what the originals keep everything but the firmware, and in which of their
// folders.
var (
	keptIn = []string{"db.sqlite", "platforms.yml"}
	keptAt = []string{".", "bin", "server/bin"}
)

// findInstallation finds an installation by its folder or by the file in it.
func findInstallation(path string, max int64) (*installation, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be read: %w", path, reason(err))
	}
	if info.IsDir() {
		if path, err = findKept(path); err != nil {
			return nil, err
		}
	}
	root, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("%s cannot be read: %w", filepath.Dir(path), reason(err))
	}
	return &installation{path: path, root: root, max: max}, nil
}

func findKept(dir string) (string, error) {
	for _, at := range keptAt {
		for _, name := range keptIn {
			path := filepath.Join(dir, at, name)
			if info, err := os.Stat(path); err == nil && !info.IsDir() {
				return path, nil
			}
		}
	}
	return "", fmt.Errorf("there is no db.sqlite and no platforms.yml in %s: name the folder bin of the original", dir)
}

// Close lets go of the folder.
func (s *installation) Close() { _ = s.root.Close() }

// read reads everything but the firmware.
func (s *installation) read(ctx context.Context) (*original.Installation, error) {
	f, err := s.open(filepath.Base(s.path))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, original.MaxYAML+1))
	if err != nil {
		return nil, reason(err)
	}
	if strings.HasPrefix(string(data), "SQLite format 3") || filepath.Ext(s.path) == ".sqlite" {
		return db.ReadOriginal(ctx, s.path)
	}
	return original.ReadYAML(data)
}

// file reads a firmware file.
func (s *installation) file(name string) ([]byte, error) {
	if err := original.CheckFile(name); err != nil {
		return nil, err
	}
	f, err := s.open(s.spelled(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("is not in %s", s.root.Name())
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, s.max+1))
	if int64(len(data)) > s.max {
		return nil, fmt.Errorf("is larger than MAX_FIRMWARE_SIZE, which is %s", humanize.IBytes(uint64(s.max))) // #nosec G115 -- no size is negative
	}
	return data, err
}

// open opens a file for reading. What is no file, such as a pipe, could hold the
// program up for ever.
func (s *installation) open(name string) (*os.File, error) {
	info, err := s.root.Stat(name)
	if err == nil && !info.Mode().IsRegular() {
		return nil, errors.New("is no file")
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("cannot be read: %w", reason(err))
	}
	f, err := s.root.Open(name)
	if err != nil {
		return nil, fmt.Errorf("cannot be read: %w", reason(err))
	}
	return f, nil
}

// spelled is a name as the folder spells it: the original noted names in lower
// case, whatever those of the files were.
func (s *installation) spelled(name string) string {
	entries, _ := fs.ReadDir(s.root.FS(), ".")
	found := name
	for _, e := range entries {
		if e.Name() == name {
			return name
		}
		if strings.EqualFold(e.Name(), name) {
			found = e.Name()
		}
	}
	return found
}
