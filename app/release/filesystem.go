package release

import (
	"cmp"
	"slices"
	"strings"

	"esp-update-server/app/fault"
	"esp-update-server/app/firmware"
	"esp-update-server/app/fleet"
	"esp-update-server/app/version"
)

// Name is what a release is called: v1.2.0, and as a file system by its type
// too, as in "file system v1.2.0 (LittleFS)".
func Name(filesystem, version string) string {
	if filesystem == "" || version == "" {
		return version
	}
	return "file system " + version + " (" + filesystem + ")"
}

// Name is what the release is called.
func (r *Release) Name() string { return Name(r.Filesystem, r.Version.String()) }

// subject is Name at the start of a sentence.
func (a *Assessment) subject() string {
	if a.Filesystem == "" {
		return a.Name()
	}
	return "The " + a.Name()
}

// OfType is those releases of a list that are file systems of a type.
func OfType(list []Release, filesystem string) []Release {
	return slices.DeleteFunc(slices.Clone(list), func(r Release) bool { return r.Filesystem != filesystem })
}

// identifyFilesystem settles for which platform and version the image of a file
// system is. Nothing in it says so: a person does, or the name of the file.
func (a *Assessment) identifyFilesystem(u *Upload) {
	i := a.Inspection
	a.Filesystem = i.Filesystem.Type
	if len(i.Failures()) > 0 {
		a.Refusal = fault.Field("file", "%s", i.Refusal())
		return
	}
	a.Word = true
	a.compareEnding(u.File)
	platform, v := readFileName(u.File)
	if platform != "" {
		i.PlatformCandidates, i.VersionCandidates = []string{platform}, []string{v}
	}
	platform, v = cmp.Or(u.Platform, platform), cmp.Or(u.Version, v)
	if platform == "" || v == "" {
		a.Refusal = nameless(a.Filesystem, platform, v)
		return
	}
	if a.settle(platform, v); a.Refusal == nil {
		i.Platform, i.Version = a.Platform, a.Version.String()
	}
}

// nameless asks for what neither a person nor the name of the file says.
func nameless(filesystem, platform, v string) *fault.Error {
	fields := map[string]string{}
	if platform == "" {
		fields["platform"] = "Say which platform the file system is for."
	}
	if v == "" {
		fields["version"] = "Say which version it is, such as v1.2.0."
	}
	f := fault.New(fault.Invalid, "This is a %s file system, and nothing says for which platform and which version. "+
		"Say both, or name the file like smart-lamp_v1.2.0.%s.bin.", filesystem, strings.ToLower(filesystem))
	f.Fields = fields
	return f
}

// cutEnding takes off what the names of file systems end with, beside nothing, and
// is the type that it speaks of.
func cutEnding(name string) (rest, kind string) {
	for _, e := range []struct{ ending, kind string }{
		{".littlefs", firmware.LittleFS}, {".spiffs", firmware.SPIFFS}, {".fatfs", firmware.FAT}, {".fat", firmware.FAT},
	} {
		if rest, ok := strings.CutSuffix(name, e.ending); ok {
			return rest, e.kind
		}
	}
	return name, ""
}

// compareEnding tells when a file's name speaks of another type than is in it.
func (a *Assessment) compareEnding(file string) {
	_, kind := cutEnding(strings.TrimSuffix(strings.ToLower(file), ".bin"))
	if kind != "" && kind != a.Filesystem {
		a.warn("filesystem-name", "Another type than its name says", "If it is the right file, go on: boards get it as "+a.Filesystem+".",
			"The file is called %s, and there is a %s file system in it.", kind, a.Filesystem)
	}
}

// readFileName reads the platform and the version out of a name such as
// smart-lamp_v1.2.0.littlefs.bin; "" and "" when it has not both. A version with
// its v goes before numbers that may belong to the platform.
func readFileName(file string) (platform, v string) {
	name, isBin := strings.CutSuffix(strings.ToLower(file), ".bin")
	if !isBin || len(name) > maxFileName {
		return "", ""
	}
	name, _ = cutEnding(name)
	for _, wanted := range []string{"v", ""} {
		for at := range len(name) {
			if name[at] != '-' && name[at] != '_' || !strings.HasPrefix(name[at+1:], wanted) || !strings.Contains(name[at:], ".") {
				continue
			}
			folded, ok := fleet.DevicePlatformName(name[:at])
			parsed, err := version.Parse(name[at+1:])
			if ok && err == nil {
				return folded, parsed.String()
			}
		}
	}
	return "", ""
}

// maxFileName is how long a name can be that has a platform and a version in it.
const maxFileName = 160

// FilesystemRoom is how large a file system can be on devices that report this,
// in bytes, and whether they say enough to tell. The ESP8266 has it between the
// room for a second application and what its SDK keeps at the end of the flash;
// of the ESP32 only the least is known that lies before it: the application that
// runs, in a partition of its own or in that for the next one.
func (r *Room) FilesystemRoom() (bytes int64, said bool) {
	switch {
	case r.ChipSize == 0 || r.SketchSize == 0:
		return 0, false
	case r.Family == firmware.ESP32:
		return max(r.ChipSize-bootArea-max(r.SketchSize, r.FreeSpace), 0), true
	case r.FreeSpace == 0:
		return 0, false
	}
	return max(r.ChipSize-pages(r.SketchSize)-r.FreeSpace-sdkArea, 0), true
}

const (
	bootArea = 0x10000 // before the first application of an ESP32
	sdkArea  = 0x5000  // at least, at the end of the flash of an ESP8266: EEPROM, RF data and the SDK's own
)
