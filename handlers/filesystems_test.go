package handlers_test

import (
	"context"
	"testing"

	"esp-update-server/app/firmware"
	"esp-update-server/app/release"
	"esp-update-server/app/version"
	"esp-update-server/db"
)

// publishFilesystem makes a release of a file system of any bytes.
func publishFilesystem(t testing.TB, d *db.DB, platform, kind, v string, data []byte) {
	t.Helper()
	i := &firmware.Inspection{SHA256: digest(data), MD5: digestMD5(data), Size: int64(len(data)), Chip: "unknown", Kind: firmware.Filesystem, Filesystem: &firmware.FilesystemImage{Type: kind}}
	p := &release.Publication{
		Platform: platform, Filesystem: kind, Version: version.ParseLenient(v), Image: release.Describe(data, i), Data: data, By: "a@example.com", Keep: 10,
	}
	if err := d.Releases.Publish(context.Background(), p); err != nil {
		t.Fatal(err)
	}
}
