package handlers_test

import (
	"bytes"
	"strings"
	"testing"

	"esp-update-server/app/firmware"
	"esp-update-server/app/firmware/firmwaretest"
	"esp-update-server/db/dbtest"
)

// TestAutoConnectGetsItCompressed holds that a file which somebody chose on a board
// comes compressed too where it would not fit otherwise, and leaves the version
// that the board said before.
func TestAutoConnectGetsItCompressed(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t))
	next := bigLamp("v1.0.1")
	tightLamp(t, d, next)
	address := serve(t, d)
	ask := func(path string) []byte {
		return say(t, address, "GET "+path+" HTTP/1.0\r\nHost: h:8000\r\nUser-Agent: ESP8266-http-Update\r\nConnection: close\r\nx-ESP8266-STA-MAC: 18:FE:34:AA:BB:CC\r\n"+
			"x-ESP8266-free-space: 98304\r\nx-ESP8266-sketch-size: 500000\r\nx-ESP8266-sketch-md5: a56f8ef78a0bebd812f62067daf1408a\r\nx-ESP8266-chip-size: 4194304\r\nContent-Length: 0\r\n\r\n")
	}
	checkTold := func(answer []byte) {
		t.Helper()
		head, body, _ := bytes.Cut(answer, []byte("\r\n\r\n"))
		checkTight(t, string(head), body, next, int(firmware.FlashModeDOUT))
	}
	checkTold(ask("/update?dev=smart-lamp&ver=v1.0.0"))
	written(t, d, "18fe34aabbcc")
	checkTold(ask("/ac/smart-lamp/smart-lamp_v1.0.1.bin"))
	soon(t, "the choice is kept", func() bool { return written(t, d, "18fe34aabbcc").Reason == "chosen" })
	if heard := written(t, d, "18fe34aabbcc"); heard.Version != "v1.0.0" {
		t.Errorf("the board runs %q now", heard.Version)
	}
}

// TestUploadedCompressed holds that a board which has no room to unpack what was
// uploaded compressed gets none of it: it would destroy what it runs.
func TestUploadedCompressed(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t))
	plain := bigLamp("v1.0.1")
	tightLamp(t, d, firmwaretest.Gzip(plain))
	address := serve(t, d)
	packed := firmwaretest.Gzip(plain)
	sector := func(n int) int64 { return int64(n+4095) &^ 4095 }
	need := sector(len(plain)) + sector(len(packed)) // of flash, up to the file system
	for _, c := range []struct {
		end  int64 // of the flash before the file system
		sent bool
	}{{need, true}, {need - 4096, false}, {sector(len(packed)) + 4096, false}} {
		board := tight{free: sector(len(packed)), sketch: c.end - sector(len(packed)), chip: 4 << 20, md5: strings.Repeat("5", 32)}
		head, body := board.ask(t, address)
		switch {
		case c.sent && (!strings.HasPrefix(head, "HTTP/1.1 200 ") || !bytes.Equal(body, packed)):
			t.Errorf("%d bytes up to the file system: %.200q", c.end, head)
		case !c.sent && (!strings.HasPrefix(head, "HTTP/1.1 400 ") || !strings.Contains(string(body), "has no room to unpack it")):
			t.Errorf("%d bytes up to the file system: %.200q, %.200q", c.end, head, body)
		}
	}
}
