package firmware

import (
	"bytes"
	"encoding/binary"
)

// The types of file systems.
const (
	LittleFS = "LittleFS"
	SPIFFS   = "SPIFFS"
	FAT      = "FAT"
)

// FilesystemTypes are all of them.
var FilesystemTypes = []string{LittleFS, SPIFFS, FAT}

// FilesystemImage is what is found in the image of a file system.
type FilesystemImage struct {
	Type       string `json:"type"`        // LittleFS, SPIFFS or FAT
	BlockSize  int64  `json:"block_size"`  // as the superblock of a LittleFS or the boot sector of a FAT says; 0 when none does
	BlockCount int64  `json:"block_count"` // likewise
}

const (
	fixFilesystem = "Build the image of the file system again: Arduino IDE, the LittleFS upload plug-in; PlatformIO, pio run -t buildfs (.pio/build/<env>/littlefs.bin or spiffs.bin); ESP-IDF, idf.py build."

	superblockName = 8  // bytes before the name in a superblock of LittleFS 2
	superblockSize = 24 // before the size of a block, which their number follows
)

// inspectFilesystem judges an image whose type is known already. Boards write it
// over their whole file system, and look at nothing in it before.
func (i *inspector) inspectFilesystem(data []byte, kind string) {
	i.Kind, i.Filesystem = Filesystem, &FilesystemImage{Type: kind}
	i.pass("filesystem", kind+" file system", "A %s file system of %s, with a board's files and not its program.", kind, bytesOf(len(data)))
	switch kind {
	case LittleFS:
		i.readSuperblock(data)
	case FAT:
		i.readBootSector(data)
	}
	i.checkBlocks(len(data))
}

// readSuperblock takes the first superblock of LittleFS 2 that says something.
func (i *inspector) readSuperblock(data []byte) {
	for _, at := range superblocks {
		if at+superblockSize+8 > len(data) || !bytes.Equal(data[at+superblockName:at+superblockName+8], []byte("littlefs")) {
			continue
		}
		size, count := int64(u32(data, at+superblockSize)), int64(u32(data, at+superblockSize+4))
		if size >= 128 && size <= 1<<20 && count > 0 && size*count < 1<<31 {
			i.Filesystem.BlockSize, i.Filesystem.BlockCount = size, count
			return
		}
	}
}

// readBootSector takes the size of a FAT volume (Microsoft's FAT specification,
// section 3.1). Wear levelling has sectors of its own beside the volume's.
func (i *inspector) readBootSector(data []byte) {
	if !isFAT(data) {
		data = data[wearLevelled:]
	}
	size, count := int64(binary.LittleEndian.Uint16(data[11:])), int64(binary.LittleEndian.Uint16(data[19:]))
	if count == 0 {
		count = int64(u32(data, 32))
	}
	if size >= 512 && size <= 4096 && size&(size-1) == 0 && count > 0 && size*count < 1<<31 {
		i.Filesystem.BlockSize, i.Filesystem.BlockCount = size, count
	}
}

// checkBlocks compares the size of the file with what there must be.
func (i *inspector) checkBlocks(size int) {
	fs := i.Filesystem
	whole := fs.BlockSize * fs.BlockCount
	switch {
	case int64(size) < whole:
		i.fail("truncated", "Cut off", fixFilesystem, "The file system has %s blocks of %s, %s in all; the file has %s.",
			thousands(int(fs.BlockCount)), bytesOf(int(fs.BlockSize)), bytesOf(int(whole)), bytesOf(size))
	case size%sectorSize != 0:
		i.fail("truncated", "No whole number of sectors", fixFilesystem, "The file has %s, which is %s and %s more: flash is written in whole sectors of %s, so something is missing or was appended.",
			bytesOf(size), countOf(size/sectorSize, "sector"), bytesOf(size%sectorSize), bytesOf(sectorSize))
	case whole > 0 && int64(size) > whole && fs.Type != FAT:
		i.warn("trailing-bytes", "Bytes after the file system", "If nothing is appended on purpose: "+fixFilesystem,
			"The file system has %s; %s follow it.", bytesOf(int(whole)), bytesOf(size-int(whole)))
	case whole > 0:
		i.pass("blocks", "Whole", "It has all of its %s blocks of %s.", thousands(int(fs.BlockCount)), bytesOf(int(fs.BlockSize)))
	default:
		i.pass("blocks", "Whole sectors", "It has %s of %s.", countOf(size/sectorSize, "sector"), bytesOf(sectorSize))
	}
}
