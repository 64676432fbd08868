package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"esp-update-server/db/dbtest"
)

// TestImportLeavesOut: of broken and hostile installations comes what makes
// sense, and the reason why the rest does not.
func TestImportLeavesOut(t *testing.T) {
	dir := folder(t, map[string][]byte{"wrong.bin": app("wrong", "v1.0.1"), "large.bin": make([]byte, 2<<20), "a_b.bin": app("a-b", "v1.0.0")})
	if err := os.Mkdir(filepath.Join(dir, "folder.bin"), 0o700); err != nil {
		t.Fatal(err)
	}
	secret := filepath.Join(t.TempDir(), "secret")
	if err := errors.Join(os.WriteFile(secret, app("secret", "v1.0.0"), 0o600), os.Symlink(secret, filepath.Join(dir, "link.bin"))); err != nil {
		t.Fatal(err)
	}
	dbtest.Original(t, dir, `INSERT INTO platform (id, name, version, file) VALUES (1, 'a_b', '1.0.0', 'a_b.bin'), (2, 'a-b', NULL, NULL), (3, 'my lamp', NULL, NULL),
  (4, 'up', '1.0.0', '../../../../etc/passwd'), (5, 'gone', '1.0.0', 'gone.bin'), (6, 'wrong', '1.0.0', 'wrong.bin'), (7, 'large', '1.0.0', 'large.bin'),
  (8, 'folder', '1.0.0', 'folder.bin'), (9, 'link', '1.0.0', 'link.bin'), (10, 'nofile', '1.0.0', NULL), (11, char(27) || '[2J', NULL, NULL), (12, 'new', NULL, NULL)`,
		`INSERT INTO device (type, mac, version, first_seen, last_seen) VALUES (2, 'a4cf12b3c4d5', NULL, NULL, NULL), (4, 'A4:CF:12:B3:C4:D5', NULL, NULL, NULL),
  (1, 'a4cf12b3c4d6', '1', '2021-01-01 00:00:00', '2999-01-01 00:00:00'), (99, 'a4cf12b3c4d7', NULL, NULL, NULL), (2, 'zz' || char(27), NULL, NULL, NULL),
  (NULL, 'a4cf12b3c4d8', '1', '2021-01-01 00:00:00', '2021-01-01 00:00:00'), (NULL, 'a4cf12b3c4d9', '1', '2020-01-01 00:00:00', '2020-01-01 00:00:00')`,
		`INSERT INTO user (email, password, admin) VALUES ('a@example.org', 'x', 1), ('A@example.org', 'y', 1)`)
	env := []string{"DATA_DIR=" + t.TempDir(), "MAX_FIRMWARE_SIZE=1MiB", "MAX_NEW_DEVICES=3"}
	out, stderr, code := output(t, env, "import", dir)
	for _, want := range []string{
		`left out  platform "a_b" with its firmware: it would be a-b here, and so is "a-b"; boards could not tell them apart`,
		`left out  platform "my lamp" with its firmware: "my lamp" is no platform name`,
		`left out  platform "new" with its firmware: A platform cannot be named new`,
		`left out  platform "\x1b[2J" with its firmware`,
		`left out  firmware of up: "../../../../etc/passwd" is no name of a file in the folder`,
		`left out  firmware of gone: "gone.bin" is not in ` + dir,
		`left out  firmware of wrong: "wrong.bin" is refused. The file says that it is v1.0.1, not 1.0.0.`,
		`left out  firmware of large: "large.bin" is larger than MAX_FIRMWARE_SIZE, which is 1.0 MiB`,
		`left out  firmware of folder: "folder.bin" is no file`,
		`left out  firmware of link: "link.bin" cannot be read`,
		`left out  firmware of nofile: "" is no file name: the platform has a version and no file`,
		"permit    A4:CF:12:B3:C4:D5 on a-b, never heard",
		"left out  A4:CF:12:B3:C4:D5 on up: it is on a-b too, and a device is on one whitelist",
		"note      A4:CF:12:B3:C4:D6 was on the whitelist of a platform that is left out: it is on none here",
		`left out  device: "zz\x1b" is not a MAC address`,
		"notice    A4:CF:12:B3:C4:D8 as a new device",
		"left out  A4:CF:12:B3:C4:", "there is room for no more new devices (MAX_NEW_DEVICES is 3)",
		`left out  user "A@example.org": the address is that of another user in other letters`,
		"Imported 8 platforms, 0 releases, 4 devices and 1 user. Left out: 15, for the reasons above.",
	} {
		if code != 0 || !strings.Contains(out, want) {
			t.Errorf("no %q", want)
		}
	}
	if strings.Contains(out, "\x1b") {
		t.Error("a terminal would act on what it prints")
	}
	if t.Failed() {
		t.Errorf("exit %d:\n%s%s", code, out, stderr)
	}
}

func TestImportRefusesInSentences(t *testing.T) {
	empty := t.TempDir()
	text := folder(t, map[string][]byte{"platforms.yml": []byte("hello"), "db.sqlite.txt": nil, "notes.sqlite": []byte("hello")})
	for path, want := range map[string]string{
		filepath.Join(empty, "nowhere"):      "nowhere cannot be read: no such file or directory",
		empty:                                "there is no db.sqlite and no platforms.yml in " + empty,
		text:                                 "platforms.yml: It does not start with the name of a platform",
		filepath.Join(text, "notes.sqlite"):  "notes.sqlite: It is no SQLite database: is it the db.sqlite of the original?",
		filepath.Join(text, "platforms.yml"): "is it the platforms.yml of the original?",
	} {
		if out, stderr, code := output(t, []string{"DATA_DIR=" + t.TempDir()}, "import", path); code != 1 || !strings.HasPrefix(stderr, "esp-update-server: ") || !strings.Contains(stderr, want) {
			t.Errorf("exit %d, no %q: %s%s", code, want, out, stderr)
		}
	}
}
