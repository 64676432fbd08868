package release

import (
	"fmt"

	"esp-update-server/app/fault"
	"esp-update-server/app/firmware"
)

func (a *Assessment) pass(code, title, format string, args ...any) {
	a.add(firmware.Pass, code, title, "", fmt.Sprintf(format, args...))
}

func (a *Assessment) warn(code, title, fix, format string, args ...any) {
	a.add(firmware.Warn, code, title, fix, fmt.Sprintf(format, args...))
}

// fail adds a finding that refuses the file; the first one is what is said.
func (a *Assessment) fail(code, title, fix, format string, args ...any) {
	detail := fmt.Sprintf(format, args...)
	a.add(firmware.Fail, code, title, fix, detail)
	if a.Refusal == nil {
		a.Refusal = fault.Field("file", "%s %s", detail, fix)
	}
}

// compareVersions refuses what does not rise, and says what sort of repetition
// it is.
func (a *Assessment) compareVersions(before []Release) {
	top, raise := a.Current, "Raise the version in the code and build again."
	if a.Filesystem != "" {
		raise = "Give it a higher version: file systems have versions of their own, and boards take higher ones alone."
	}
	for _, r := range before {
		same := len(r.Images) > 0 && r.Images[0].SHA256 == a.Inspection.SHA256
		equal := r.Version.Compare(a.Version) == 0
		switch {
		case equal && same && a.tellPublished(&r):
			return
		case equal && !same:
			a.fail("same-version-other-bytes", "Version published with other bytes", raise,
				"%s The bytes differ from those that were published as %s, so the version was not raised after a change.", notHigher(a), r.Version)
			return
		case same && !equal:
			a.fail("same-bytes-other-version", "Bytes published before", "Build "+a.thing()+" anew with its changes, and upload that.",
				"These very bytes were published for %s as %s: a device that runs them would not see a difference.", a.Platform, r.Version)
			return
		}
	}
	if !top.IsZero() && a.Version.Compare(top) <= 0 {
		a.fail("version-not-higher", "Version is not higher", raise, "%s", notHigher(a))
		return
	}
	if top.IsZero() {
		a.pass("version-higher", "First release", "%s will be the first release of %s.", a.subject(), a.Platform)
		return
	}
	a.pass("version-higher", "Version rises", "%s is higher than %s, the highest published for %s.", a.subject(), top, a.Platform)
}

// tellPublished refuses the very file of a release, unless that is one of the past:
// to raise its version would help nobody. It reports whether it did.
func (a *Assessment) tellPublished(r *Release) bool {
	switch {
	case r.WithdrawnAt != nil:
		a.fail("version-not-higher", "Published before", "To offer it again, choose that release on the page of "+a.Platform+".",
			"This file was published as %s and withdrawn.", r.Name())
	case r.Offered:
		a.fail("version-not-higher", "Published already", "There is nothing to do.", "This file is already published as %s.", r.Name())
	default:
		return false
	}
	return true
}

func notHigher(a *Assessment) string {
	return NotHigher(a.Platform, a.Version.String(), a.Current.String()).Message
}

// NotHigher is the refusal of a version that is not higher than every one
// published before.
func NotHigher(platform, v, top string) *fault.Error {
	return fault.Field("file", "The file's version %s is not higher than %s, the highest published for %s.", v, top, platform)
}

// compareWithOffered looks for changes to what devices run that are seldom meant.
func (a *Assessment) compareWithOffered(before []Release, accept []string) {
	offered := offeredImage(before)
	if offered == nil || offered.Inspection == nil {
		return
	}
	now, old := a.Inspection, offered.Inspection
	if now.Chip != old.Chip {
		a.confirmable(accept, "chip-changed", "Other chip than before", "Check that the file is for this platform.",
			"The file is for %s; what %s offers now is for %s. A board takes only images for its own chip.", now.Chip, a.Platform, old.Chip)
	}
	if old.Signature != nil && now.Signature == nil {
		a.confirmable(accept, "signed-before-unsigned-now", "Signed before, unsigned now", "Sign the file with the key that the boards know.",
			"What %s offers now is signed (%s), and this file is not. Boards that check signatures refuse it after the whole download.", a.Platform, old.Signature.Scheme)
	}
	if now.FlashSize != old.FlashSize && now.FlashSize != "" && old.FlashSize != "" {
		a.warn("flash-size-changed", "Other flash size than before", "Check the board's settings in the tool that built it.",
			"The file is built for %s of flash; what %s offers now, for %s.", now.FlashSize, a.Platform, old.FlashSize)
	}
}

func offeredImage(before []Release) *Image {
	for n := range before {
		if before[n].Offered && len(before[n].Images) > 0 {
			return &before[n].Images[0]
		}
	}
	return nil
}
