package firmware

import (
	"fmt"
	"slices"
	"strings"
)

// The codes of findings, which programs rely on.
//
//   - What the file is: empty, too-large, text, elf, uf2, intel-hex, archive,
//     other-mcu, bootloader, partition-table, data-partition, merged,
//     filesystem, encrypted.
//   - Its form: header, segments, no-flash-segment, truncated, checksum, hash,
//     crc, gzip, blocks, trailing-bytes, chip, chip-unknown, descriptor, signature,
//     secure-boot.
//   - Whom it is for, which never makes it unfit for a board: tag, tag-missing,
//     tag-conflict, tag-template, platform-invalid, version-missing,
//     version-invalid, version-placeholder, version-prerelease, framework-version.
//   - What its texts tell, warnings at most: ota-client, debug-build,
//     credentials, private-key, certificate.

// Fixes name what to do in the tools that people use.
const (
	fixExport = "Send the application image: " + images
	fixAgain  = "Build it again, or download it again if it came from elsewhere: " + images
	fixTag    = `Write "update?dev=PLATFORM&ver=v1.2.3" as one literal text into the code that asks for updates, then build again: ` + images

	images = "Arduino IDE, Sketch > Export compiled binary (the .ino.bin file); PlatformIO, .pio/build/<env>/firmware.bin; ESP-IDF, idf.py build (build/<project>.bin)."
)

func (i *Inspection) add(status Status, code, title, fix, format string, args []any) {
	i.Findings = append(i.Findings, Finding{Code: code, Status: status, Title: title, Detail: fmt.Sprintf(format, args...), Fix: fix})
}

func (i *Inspection) pass(code, title, format string, args ...any) {
	i.add(Pass, code, title, "", format, args)
}

func (i *Inspection) warn(code, title, fix, format string, args ...any) {
	i.overrule(code)
	i.add(Warn, code, title, fix, format, args)
}

func (i *Inspection) fail(code, title, fix, format string, args ...any) {
	i.overrule(code)
	i.add(Fail, code, title, fix, format, args)
}

// overrule takes back what passed at first; certificates are judged each alone.
func (i *Inspection) overrule(code string) {
	i.Findings = slices.DeleteFunc(i.Findings, func(f Finding) bool {
		return f.Code == code && f.Status == Pass && code != "certificate"
	})
}

// identifies reports whether a finding is about what the file is for, and not
// about its bytes: such a finding never makes a file unfit for a board.
func (f Finding) identifies() bool {
	return strings.HasPrefix(f.Code, "tag") || strings.HasPrefix(f.Code, "version-") ||
		f.Code == "framework-version" || f.Code == "platform-invalid"
}

// judge sums the findings up.
func (i *Inspection) judge() {
	fit, sure := i.Kind == Application, i.Platform != "" && i.Version != ""
	for _, f := range i.Failures() {
		if f.identifies() {
			sure = false
		} else {
			fit = false
		}
	}
	i.Sendable, i.Publishable = fit, fit && sure
}

// Refusal says why the file cannot be published as it is and what to do, from
// the finding that matters most; "" when it can be.
func (i *Inspection) Refusal() string {
	if i.Publishable {
		return ""
	}
	worst := i.Failures()
	if len(worst) == 0 && i.Filesystem != nil {
		return fmt.Sprintf("This is a %s file system with a board's files, not its program: a board that took it as firmware would not start.", i.Filesystem.Type)
	}
	if len(worst) == 0 {
		return ""
	}
	for _, f := range worst {
		if !f.identifies() {
			return f.Detail + " " + f.Fix
		}
	}
	return worst[0].Detail + " " + worst[0].Fix
}

// shown makes text from a file safe and short enough for a sentence.
func shown(b []byte) string {
	const most = 64
	cut := b
	if len(cut) > most {
		cut = cut[:most]
	}
	s := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '.'
		}
		return r
	}, string(cut))
	if len(b) > most {
		s += "…"
	}
	return s
}

// bytesOf writes a size with thousands separated, as in "1,310,720 bytes".
func bytesOf(n int) string {
	return countOf(n, "byte")
}

// countOf writes 1 segment and 5 segments.
func countOf(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return thousands(n) + " " + thing + "s"
}

func thousands(n int) string {
	if n < 0 {
		return "-" + thousands(-n)
	}
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}
