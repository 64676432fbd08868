package fleet

import (
	"slices"

	"esp-update-server/app/firmware"
)

// Filesystem is what a device says of the file system that it has. It says so in
// check-ins of their own, which tell nothing of its application.
type Filesystem struct {
	Mode    string // as which it asked for one last; "" for never
	Version string // as it reported
	Reason  string // why it was answered so
}

// modes are the types of file system that the update clients ask for by their
// modes, those first that they rather mean. The client of the ESP8266 says spiffs
// for any; that of the ESP32 did so until it had a word for LittleFS, which lies
// in a partition for SPIFFS.
var modes = map[firmware.Family]map[string][]string{
	firmware.ESP32: {
		"spiffs": {firmware.SPIFFS, firmware.LittleFS}, "littlefs": {firmware.LittleFS}, "fatfs": {firmware.FAT}, "flashfs": firmware.FilesystemTypes,
	},
	firmware.ESP8266: {
		"spiffs": firmware.FilesystemTypes, "littlefs": {firmware.LittleFS}, "fatfs": {firmware.FAT}, "flashfs": firmware.FilesystemTypes,
	},
}

// FilesystemTypes are the types of file system that the board asks for, of which
// it gets the first that there is; none when it asks for nothing that is known.
func (r *Report) FilesystemTypes() []string { return modes[r.Family][r.Mode] }

// TakesFilesystem reports whether the board asks for file systems of a type.
func (r *Report) TakesFilesystem(name string) bool {
	return slices.Contains(r.FilesystemTypes(), name)
}

// WantsVersion reports whether the board asks for no more than the version that
// is offered (getAvailableVersion of the ESP8266).
func (r *Report) WantsVersion() bool { return r.Mode == "version" }

// happenings are what a check-in for a file system changed, as Happenings tells
// it of those for the application.
func (h *Heard) happenings(before *Device) []Happening {
	var out []Happening
	add := func(e Event, to Happening) {
		to.MAC, to.At, to.Event, to.Platform = h.MAC, h.At, e, FoldPlatformName(Cut(h.Platform, MaxReported))
		out = append(out, to)
	}
	if before == nil || before.LastSeen == nil {
		add(FirstSeen, Happening{})
		before = &Device{}
	}
	was, version := before.Filesystem, h.RunningVersion().String()
	if was.Mode != "" && was.Version != version {
		add(Updated, Happening{Filesystem: h.Filesystem, Version: version, FromVersion: was.Version})
	}
	changed := was.Reason != h.Reason || was.Version != version
	switch {
	case h.Answer == Offer && changed:
		add(Offered, Happening{Filesystem: h.Filesystem, Version: h.Offered, FromVersion: version})
	case h.Answer == Refusal && was.Reason != h.Reason:
		add(WasRefused, Happening{Filesystem: h.Filesystem, Version: version, Detail: h.Sentence})
	}
	return out
}

// afterFilesystem is a device as a check-in for a file system leaves it.
func (h *Heard) afterFilesystem(was *Device) *Device {
	d := &Device{MAC: h.MAC}
	if was != nil {
		*d = *was
	}
	d.LastSeen = &h.At
	d.Filesystem = Filesystem{Mode: h.Report.Mode, Version: h.RunningVersion().String(), Reason: h.Reason}
	return d
}
