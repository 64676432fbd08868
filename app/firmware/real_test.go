package firmware_test

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"esp-update-server/app/firmware"
)

// realFolder is where real firmware lies, with a MANIFEST.tsv that says what
// the public esptool and a person found in each file. It is not in the project:
// its licences differ.
func realFolder(t testing.TB) string {
	dir := os.Getenv("ESP_FIRMWARE_DIR")
	if dir == "" {
		t.Skip("ESP_FIRMWARE_DIR is not set: real firmware not tried")
	}
	return dir
}

// manifest reads the rows of MANIFEST.tsv as maps from the column's name.
func manifest(t testing.TB, dir string) (rows []map[string]string) {
	file, err := os.Open(filepath.Join(dir, "MANIFEST.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	r := csv.NewReader(file)
	r.Comma, r.LazyQuotes = '\t', true
	lines, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range lines[1:] {
		row := map[string]string{}
		for n, name := range lines[0] {
			row[name] = line[n]
		}
		rows = append(rows, row)
	}
	return rows
}

// kindsOf are the kinds that a word of the manifest covers.
var kindsOf = map[string][]firmware.Kind{
	"app": {firmware.Application}, "bootloader": {firmware.Bootloader}, "partition-table": {firmware.PartitionTable}, "fs": {firmware.Filesystem}, "merged": {firmware.Merged},
	"other": {firmware.ELF, firmware.UF2, firmware.IntelHex, firmware.Archive, firmware.Encrypted, firmware.Text, firmware.Unknown},
}

// judged are the files where this package says something else than the
// manifest, with the reason.
var judged = map[string]struct {
	kind   firmware.Kind
	chip   string
	reason string
}{
	"esp32-damaged-StartCounter-4-bytes-lost.bin": {kind: firmware.Application, reason: "a damaged application is an application, and not sendable"},
	"mut-gtil2-bitflip.bin":                       {kind: firmware.Application, reason: "the same"},
	"mut-gtil2-truncated-32.bin":                  {kind: firmware.Application, reason: "the same"},
	"esp32h2beta2-app-hello_world-idf.bin":        {chip: "unknown", reason: "chip id 14 is in no current table; the finding names the former chip"},
	"esp32-encrypted-hello-world.bin":             {chip: "unknown", reason: "noise does not tell its chip"},
	"esp32-other-header-only-8bytes.bin":          {chip: "unknown", reason: "the chip id is in bytes that are not there"},
	"esp32-other-nvs.bin":                         {chip: "unknown", reason: "the same on every chip"},
	"esp32-other-otadata-boot_app0.bin":           {chip: "unknown", reason: "the same on every chip"},
	"esp32-partition-table-hello_world.bin":       {chip: "unknown", reason: "a partition table names no chip"},
	"esp32c3-partition-table-wled.bin":            {chip: "unknown", reason: "a partition table names no chip"},
	"esp32s3-partition-table-wled-8m.bin":         {chip: "unknown", reason: "a partition table names no chip"},
	"esp8266-partition-table-rtos_sdk.bin":        {chip: "unknown", reason: "a partition table names no chip"},
	"esp32-fs-littlefs-joltwallet-testfs.bin":     {chip: "unknown", reason: "a file system names no chip"},
}

// TestRealFiles holds kind, chip and sendable of every file against the
// manifest, and for applications the verdicts and the descriptor.
func TestRealFiles(t *testing.T) {
	dir := realFolder(t)
	rows := manifest(t, dir)
	for _, row := range rows {
		name := row["file"]
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		i := firmware.Inspect(data, firmware.Options{File: name, Now: now})
		sound(t, data, i)
		if i.SHA256 != row["sha256"] {
			t.Errorf("%s: SHA-256 %s", name, i.SHA256)
		}
		compareKind(t, row, i)
		if row["kind"] == "app" || i.Kind == firmware.Application {
			compareApplication(t, row, i)
		}
	}
	t.Logf("%d files", len(rows))
}

func compareKind(t *testing.T, row map[string]string, i *firmware.Inspection) {
	t.Helper()
	own := judged[i.File]
	kinds, chip := kindsOf[row["kind"]], row["chip"]
	if own.kind != "" {
		kinds = []firmware.Kind{own.kind}
	}
	if own.chip != "" || chip == "any" || chip == "" || strings.HasPrefix(chip, "(") {
		chip = "unknown"
	}
	known := false
	for _, k := range kinds {
		known = known || k == i.Kind
	}
	if !known {
		t.Errorf("%s: kind %s, the manifest says %s", i.File, i.Kind, row["kind"])
	}
	if got := strings.ToLower(strings.ReplaceAll(i.Chip, "-", "")); got != chip {
		t.Errorf("%s: chip %s, the manifest says %s", i.File, got, row["chip"])
	}
	want := row["expect"] == "accept" || strings.HasPrefix(row["expect"], "app, warn") || row["expect"] == "unknown chip id"
	if i.Sendable != want {
		t.Errorf("%s: sendable %v, the manifest says %q: %v", i.File, i.Sendable, row["expect"], codes(i))
	}
}

// compareApplication: for chip ids that it does not know, the esptool that wrote
// the manifest gave no verdict.
func compareApplication(t *testing.T, row map[string]string, i *firmware.Inspection) {
	t.Helper()
	if row["expect"] == "unknown chip id" {
		return
	}
	for what, pair := range map[string][2]string{
		"checksum": {verdict(i.ChecksumValid), strings.Fields(row["checksum"] + " ?")[0]}, "hash": {verdict(i.HashValid), row["hash"]},
		"project": {i.Project, row["project"]}, "version": {i.AppVersion, row["app_version"]}, "ESP-IDF": {i.IDFVersion, row["idf_version"]},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: %s is %q, the manifest says %q", i.File, what, pair[0], pair[1])
		}
	}
}

func verdict(valid *bool) string {
	switch {
	case valid == nil:
		return "-"
	case *valid:
		return "valid"
	}
	return "invalid"
}

var address = regexp.MustCompile(`^update\?dev=([\w-]+)&ver=v?([\d.]+)`)

// TestRealIdentities: the address that the manifest names is what is found.
func TestRealIdentities(t *testing.T) {
	dir := realFolder(t)
	found := 0
	for _, row := range manifest(t, dir) {
		data, err := os.ReadFile(filepath.Join(dir, row["file"]))
		if err != nil {
			t.Fatal(err)
		}
		i := firmware.Inspect(data, firmware.Options{File: row["file"]})
		m := address.FindStringSubmatch(row["update_dev_strings"])
		if m == nil || i.Kind != firmware.Application || strings.Contains(row["update_dev_strings"], "||") {
			if i.IdentifiedBy == "tag" {
				t.Errorf("%s: identified as %s %s", i.File, i.Platform, i.Version)
			}
			continue
		}
		found++
		if want := strings.ToLower(strings.ReplaceAll(m[1], "_", "-")); i.Platform != want || i.Version != "v"+m[2] || i.Publishable != i.Sendable {
			t.Errorf("%s: %s %s, publishable %v; want %s v%s: %s", i.File, i.Platform, i.Version, i.Publishable, want, m[2], i.Refusal())
		}
	}
	t.Logf("%d files say for which platform they are", found)
}

// TestRealTexts: nothing in these files is a key, a password or debug output;
// prebuilt libraries contain much that looks like it.
func TestRealTexts(t *testing.T) {
	dir := realFolder(t)
	for _, row := range manifest(t, dir) {
		data, err := os.ReadFile(filepath.Join(dir, row["file"]))
		if err != nil {
			t.Fatal(err)
		}
		i := firmware.Inspect(data, firmware.Options{File: row["file"], Now: now})
		for _, code := range []string{"private-key", "credentials", "debug-build", "certificate"} {
			if f := find(i, code); f != nil {
				t.Errorf("%s: %s: %s", i.File, code, f.Detail)
			}
		}
	}
}

// TestRealMerged: the application in each merged file, cut out, is a good one.
func TestRealMerged(t *testing.T) {
	dir := realFolder(t)
	for _, row := range manifest(t, dir) {
		if row["kind"] != "merged" || strings.Contains(row["note"], "without app") {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, row["file"]))
		if err != nil {
			t.Fatal(err)
		}
		app, err := firmware.Extract(data)
		if err != nil {
			t.Errorf("%s: %v", row["file"], err)
			continue
		}
		if i := inspect(app); !i.Sendable {
			t.Errorf("%s: the application in it: %s", row["file"], i.Refusal())
		}
	}
}

// TestRealDamage cuts real applications and flips bits all over them: none of
// those with a hash or a CRC may pass.
func TestRealDamage(t *testing.T) {
	dir := realFolder(t)
	for _, name := range []string{"esp8266-app-wled-0.15.0.bin", "esp32c6-app-hello_world-idf.bin"} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		for n := range 40 {
			at := (n*7919*131 + n) % len(data)
			if i := inspect(flipped(data, at, n%8)); i.Sendable {
				t.Errorf("%s with byte %d flipped is sendable: %v", name, at, codes(i))
			}
			if i := inspect(data[:at]); i.Sendable {
				t.Errorf("%s cut to %d is sendable", name, at)
			}
		}
	}
}
