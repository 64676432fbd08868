package firmware_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"esp-update-server/app/firmware"
)

// inMode is an application with a flash mode in it.
func inMode(data []byte, mode byte) []byte {
	out := bytes.Clone(data)
	out[2] = mode
	return out
}

// checkPacked holds all that a board and its boot loader need of a compressed
// application, and that the board is recognised which runs it.
func checkPacked(t *testing.T, data []byte) {
	t.Helper()
	for mode := range byte(4) {
		packed, ok := firmware.Pack(data, mode)
		if !ok {
			t.Fatal("it is not compressed")
		}
		want := inMode(data, mode)
		i := firmware.Inspect(packed, firmware.Options{})
		// With another mode in it its CRC is wrong, as that of a plain one is which the updater of the board changed.
		if (mode == data[2] && !i.Sendable) || !i.Compressed || i.Kind != firmware.Application {
			t.Errorf("mode %d: %s", mode, i.Refusal())
		}
		if got := firmware.Unpacked(packed); !bytes.Equal(got, want) {
			t.Errorf("mode %d: %d bytes come out of it", mode, len(got))
		}
		if flags := packed[3]; flags != 0 {
			t.Errorf("mode %d: the header has more than it must: %08b", mode, flags)
		}
		if size := binary.LittleEndian.Uint32(packed[len(packed)-4:]); int(size) != len(data) {
			t.Errorf("mode %d: the boot loader would write %d bytes of %d", mode, size, len(data))
		}
		if !has(firmware.RunningMD5s(data), md5Hex(want)) {
			t.Errorf("mode %d: who runs it is not recognised", mode)
		}
		for name, file := range map[string][]byte{"plain": data, "gzip": packed} {
			if got, ok := firmware.RunningMode(file, md5Hex(want)); !ok || got != mode {
				t.Errorf("mode %d is told to be %d, %v, of the %s file", mode, got, ok, name)
			}
		}
	}
}

func TestPack(t *testing.T) {
	for _, core := range []int{2, 3} {
		checkPacked(t, esp8266{core, tagText}.build())
	}
}

// TestPackReal does it with what people run.
func TestPackReal(t *testing.T) {
	dir := realFolder(t)
	for _, name := range []string{"esp8266-app-wled-0.15.0.bin", "esp8266-tag-01-normal.bin"} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		checkPacked(t, data)
	}
}

// TestNotPacked is what must reach a board as it is.
func TestNotPacked(t *testing.T) {
	small := esp8266{3, tagText}.build()
	resized := bytes.Clone(small)
	resized[3] ^= 0x10
	for name, data := range map[string][]byte{
		"nothing": nil, "text": []byte("x"), "ESP32": sketch(tagText), "signed": signESP8266(small, false), "compressed": zipped(small),
		"cut": small[:len(small)-16], "with settings": append(bytes.Clone(small), 1, 2, 3), "two flash sizes": resized,
	} {
		if packed, ok := firmware.Pack(data, 3); ok {
			t.Errorf("%s: compressed to %d bytes", name, len(packed))
		}
	}
	for name, c := range map[string]struct {
		data     []byte
		reported string
	}{"another": {small, md5Hex(sketch("x"))}, "nothing said": {small, ""}, "ESP32": {sketch("x"), md5Hex(sketch("x"))}, "no image": {nil, md5Hex(nil)}} {
		if mode, ok := firmware.RunningMode(c.data, c.reported); ok {
			t.Errorf("%s: told to run in mode %d", name, mode)
		}
	}
}
