package ota_test

import (
	"strings"
	"testing"

	"esp-update-server/app/firmware"
	"esp-update-server/app/fleet"
	"esp-update-server/app/ota"
	"esp-update-server/app/release"
)

// TestDecidePacked is the table of which boards get an image compressed: it has
// 500,000 bytes, 300,000 when it is, and is built for a flash of 1 MiB.
func TestDecidePacked(t *testing.T) {
	const (
		plainRoom  = 503808 // 500,000 in whole sectors of the flash
		packedRoom = 303104 // 300,000 likewise
		sector     = 4096
		chip       = 1 << 20
		sketch     = 499_713 // 503,808 likewise
	)
	for name, row := range map[string]struct {
		room   func(*fleet.CheckIn)
		change func(*release.Image)
		packed bool
	}{
		"would not fit otherwise":   {room(packedRoom, sketch, chip, true), nil, true},
		"a sector short of fitting": {room(plainRoom-sector, sketch, chip, true), nil, true},
		"fits":                      {room(plainRoom, sketch, chip, true), nil, false},
		"not even compressed":       {room(packedRoom-sector, sketch, chip, true), nil, false},
		"an old core":               {room(packedRoom, sketch, chip, false), nil, false},
		"a smaller flash":           {room(packedRoom, sketch, chip/2, true), nil, false},
		"flash not said":            {room(packedRoom, sketch, 0, true), nil, false},
		"sketch not said":           {room(packedRoom, 0, chip, true), nil, false},
		"room not said":             {room(0, sketch, chip, true), nil, false},
		// The boot loader writes 500,000 bytes from the start on, up to where it reads: 499,712 do not suffice.
		"no room to inflate":     {room(packedRoom, sketch-1, chip, true), nil, false},
		"a sector more suffices": {room(packedRoom+sector, sketch-1, chip, true), nil, true},
		"must not be packed":     {room(packedRoom, sketch, chip, true), func(i *release.Image) { i.PackedSize = -1 }, false},
		"not measured":           {room(packedRoom, sketch, chip, true), func(i *release.Image) { i.PackedSize = 0 }, false},
		"not an ESP8266":         {func(c *fleet.CheckIn) { room(packedRoom, sketch, chip, true)(c); c.Report.Family = "" }, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			offered := lampRelease(firmware.ESP8266, "ESP8266")
			image := &offered.Images[0]
			image.Size, image.PackedSize, image.Inspection = 500_000, 300_000, &firmware.Inspection{FlashSize: "1MB"}
			if row.change != nil {
				row.change(image)
			}
			c := asks("v1.0.2", row.room)
			d := ota.Decide(c, onLamp, lamp, offered)
			if d.Answer != fleet.Offer || d.Packed != row.packed || d.Image != image || d.Heard(c).Packed != row.packed {
				t.Fatalf("%+v", d)
			}
			reason, ending := ota.Newer, "smart-lamp_v1.0.3.bin"
			if row.packed {
				reason, ending = ota.NewerPacked, "smart-lamp_v1.0.3.bin.gz"
			}
			if d.Reason != reason || strings.Contains(d.Sentence, "compressed") != row.packed || d.Filename() != ending {
				t.Errorf("%s, %q, %s", d.Reason, d.Sentence, d.Filename())
			}
			c.File = "smart-lamp_v1.0.3.bin"
			if chosen := ota.Decide(c, onLamp, lamp, offered); chosen.Packed != row.packed || chosen.Reason != ota.Chosen || strings.Contains(chosen.Sentence, "compressed") != row.packed {
				t.Errorf("chosen on it: %+v", chosen)
			}
			c.File = ""
			if d.Unpack(c); d.Packed || d.Reason != ota.Newer || strings.Contains(d.Sentence, "compressed") || d.Filename() != "smart-lamp_v1.0.3.bin" {
				t.Errorf("sent as it is after all: %+v", d)
			}
		})
	}
}

// TestDecideUnpacks is the table of which boards get an image that was uploaded
// compressed: it has 300,000 bytes, and unpacks to 500,000. One that has no room
// to unpack it would take it, and be destroyed.
func TestDecideUnpacks(t *testing.T) {
	const (
		staged = 303104 // 300,000 in whole sectors of the flash
		sector = 4096
		sketch = 499_713
	)
	n := 0
	for name, row := range map[string]struct {
		room    func(*fleet.CheckIn)
		refused bool
	}{
		"just enough":        {room(staged, sketch, 1<<20, true), false},
		"a byte short":       {room(staged, sketch-1, 1<<20, true), true},
		"a sector more":      {room(staged+sector, sketch-1, 1<<20, true), false},
		"an old core":        {room(staged, sketch-1, 1<<20, false), true},
		"room not said":      {room(0, sketch, 1<<20, true), false},
		"sketch not said":    {room(staged, 0, 1<<20, true), false},
		"family not told":    {func(c *fleet.CheckIn) { room(staged, sketch-1, 1<<20, true)(c); c.Report.Family = "" }, false},
		"large flash, so ok": {room(1<<20, sketch, 4<<20, true), false},
	} {
		offered := lampRelease(firmware.ESP8266, "ESP8266")
		image := &offered.Images[0]
		image.Size, image.PackedSize, image.Inspection = 300_000, -1, &firmware.Inspection{Compressed: true, InflatedSize: 500_000}
		if n%2 == 1 { // as it was kept before
			image.Inspection.InflatedSize, image.Inspection.Segments = 0, []firmware.Segment{{Offset: 16, Size: 100}, {Offset: 499_900, Size: 84}}
		}
		n++
		for _, file := range []string{"", offered.ShortFilename(image)} {
			c := asks("v1.0.2", row.room)
			c.File = file
			d := ota.Decide(c, onLamp, lamp, offered)
			if (d.Answer == fleet.Refusal) != row.refused || row.refused && d.Reason != ota.NoRoomToUnpack || !row.refused && (d.Image != image || d.Packed) {
				t.Errorf("%s, file %q: %+v", name, file, d)
			}
		}
	}
}
