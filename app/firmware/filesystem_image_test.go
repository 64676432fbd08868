package firmware_test

import (
	"strings"
	"testing"

	"esp-update-server/app/firmware"
)

// superblock writes what LittleFS 2 says of its blocks.
func superblock(data []byte, size, count uint32) []byte {
	le.PutUint32(data[24:], size)
	le.PutUint32(data[28:], count)
	return data
}

// fat is the start of such a file system.
func fat(sectors int) []byte {
	b := make([]byte, 4096*sectors)
	copy(b, "\xeb\xfe\x90MSDOS5.0")
	b[510], b[511] = 0x55, 0xAA
	return b
}

// volume is fat with the size that its boot sector says.
func volume(data []byte, size, count uint16, many uint32) []byte {
	le.PutUint16(data[11:], size)
	le.PutUint16(data[19:], count)
	le.PutUint32(data[32:], many)
	return data
}

// TestFilesystems: the image of a file system is told by its type and its
// blocks, and is never an application.
func TestFilesystems(t *testing.T) {
	for name, c := range map[string]struct {
		data   []byte
		want   firmware.FilesystemImage
		status firmware.Status
		code   string
		say    string
	}{
		"LittleFS":                   {superblock(littleFS(8), 4096, 8), firmware.FilesystemImage{Type: "LittleFS", BlockSize: 4096, BlockCount: 8}, firmware.Pass, "blocks", "all of its 8 blocks of 4,096 bytes"},
		"LittleFS of the ESP8266":    {superblock(littleFS(8), 8192, 4), firmware.FilesystemImage{Type: "LittleFS", BlockSize: 8192, BlockCount: 4}, firmware.Pass, "filesystem", "A LittleFS file system of 32,768 bytes"},
		"second superblock alone":    {append(fill(0xFF, 4096), superblock(littleFS(7), 4096, 8)...), firmware.FilesystemImage{Type: "LittleFS", BlockSize: 4096, BlockCount: 8}, firmware.Pass, "blocks", "8 blocks"},
		"LittleFS without its sizes": {littleFS(8), firmware.FilesystemImage{Type: "LittleFS"}, firmware.Pass, "blocks", "8 sectors of 4,096 bytes"},
		"LittleFS cut off":           {superblock(littleFS(8), 4096, 9), firmware.FilesystemImage{Type: "LittleFS", BlockSize: 4096, BlockCount: 9}, firmware.Fail, "truncated", "9 blocks of 4,096 bytes, 36,864 bytes in all; the file has 32,768 bytes"},
		"LittleFS and more":          {superblock(littleFS(8), 4096, 7), firmware.FilesystemImage{Type: "LittleFS", BlockSize: 4096, BlockCount: 7}, firmware.Warn, "trailing-bytes", "4,096 bytes follow it"},
		"LittleFS with wild sizes":   {superblock(littleFS(8), 1<<31, 1<<31), firmware.FilesystemImage{Type: "LittleFS"}, firmware.Pass, "blocks", "8 sectors"},
		"SPIFFS":                     {spiffs(8, false), firmware.FilesystemImage{Type: "SPIFFS"}, firmware.Pass, "blocks", "16 sectors"},
		"SPIFFS of ESP-IDF":          {spiffs(8, true), firmware.FilesystemImage{Type: "SPIFFS"}, firmware.Pass, "filesystem", "SPIFFS file system of 65,536 bytes"},
		"SPIFFS with a byte more":    {append(spiffs(8, false), 0), firmware.FilesystemImage{Type: "SPIFFS"}, firmware.Fail, "truncated", "16 sectors and 1 byte more"},
		"FAT":                        {fat(3), firmware.FilesystemImage{Type: "FAT"}, firmware.Pass, "filesystem", "FAT"},
		"FAT whole":                  {volume(fat(3), 4096, 3, 0), firmware.FilesystemImage{Type: "FAT", BlockSize: 4096, BlockCount: 3}, firmware.Pass, "blocks", "all of its 3 blocks of 4,096 bytes"},
		"FAT cut off":                {volume(fat(3), 4096, 128, 0), firmware.FilesystemImage{Type: "FAT", BlockSize: 4096, BlockCount: 128}, firmware.Fail, "truncated", "128 blocks of 4,096 bytes, 524,288 bytes in all; the file has 12,288 bytes"},
		"FAT32 cut off":              {volume(fat(3), 512, 0, 70000), firmware.FilesystemImage{Type: "FAT", BlockSize: 512, BlockCount: 70000}, firmware.Fail, "truncated", "70,000 blocks of 512 bytes"},
		"FAT with wild sizes":        {volume(fat(3), 1000, 128, 0), firmware.FilesystemImage{Type: "FAT"}, firmware.Pass, "blocks", "3 sectors"},
		"FAT, levelled, whole":       {append(fill(0xFF, 4096), volume(fat(3), 4096, 2, 0)...), firmware.FilesystemImage{Type: "FAT", BlockSize: 4096, BlockCount: 2}, firmware.Pass, "blocks", "all of its 2 blocks"},
		"FAT with wear levelling":    {append(fill(0xFF, 4096), fat(3)...), firmware.FilesystemImage{Type: "FAT"}, firmware.Pass, "blocks", "4 sectors"},
	} {
		i := firmware.Inspect(c.data, firmware.Options{File: name})
		sound(t, c.data, i)
		if i.Kind != firmware.Filesystem || i.Filesystem == nil || *i.Filesystem != c.want || i.Sendable || i.Chip != "unknown" {
			t.Errorf("%s: %s, %+v, sendable %v", name, i.Kind, i.Filesystem, i.Sendable)
		}
		expect(t, i, c.status, c.code, c.say)
		if failed := len(i.Failures()) > 0; failed != (c.status == firmware.Fail) || !failed && !strings.Contains(i.Refusal(), "not its program") {
			t.Errorf("%s: refused with %q: %v", name, i.Refusal(), codes(i))
		}
	}
	if i := inspect(sketch(tagText)); i.Filesystem != nil {
		t.Errorf("an application is told to be the file system %+v", i.Filesystem)
	}
}
