package release

import (
	"cmp"
	"slices"

	"esp-update-server/app/fault"
	"esp-update-server/app/firmware"
	"esp-update-server/app/fleet"
	"esp-update-server/app/version"
)

// absent are the findings on a file that does not say its platform and version
// as one text. A person may say them instead, and confirms tag-missing.
var absent = []string{"tag-missing", "tag-template", "version-missing"}

// tagMissing is the code that confirms any of them.
const tagMissing = "tag-missing"

// identify settles for which platform and version the file is: as it says
// itself, else as the person says who confirms that it doesn't.
func (a *Assessment) identify(u *Upload) {
	i := a.Inspection
	if f := contradiction(i, u); f != nil {
		a.Refusal = f
		return
	}
	if i.Publishable {
		a.takeFile(u)
		return
	}
	if !a.onlyAbsent() {
		a.Refusal = fault.Field("file", "%s", i.Refusal())
		return
	}
	a.Confirm = append(a.Confirm, tagMissing)
	if !slices.Contains(u.Accept, tagMissing) {
		a.Refusal = fault.Field("file", "%s Or give platform and version yourself and confirm that the text is missing: "+
			"if the firmware does not ask for updates, the boards that install it never get another one over the air.", i.Refusal())
		return
	}
	a.takeWord(u)
}

// onlyAbsent reports whether nothing speaks against the file but that it does
// not say what it is.
func (a *Assessment) onlyAbsent() bool {
	for _, f := range a.Inspection.Failures() {
		if !slices.Contains(absent, f.Code) {
			return false
		}
	}
	return true
}

// takeWord takes from the person what the file does not say, and leaves the
// confirmed findings as warnings.
func (a *Assessment) takeWord(u *Upload) {
	if a.takeFile(u); a.Refusal != nil {
		return
	}
	a.Confirm = nil
	for n := range a.Inspection.Findings {
		if f := &a.Inspection.Findings[n]; slices.Contains(absent, f.Code) {
			f.Status, f.Title = firmware.Warn, f.Title+", confirmed"
		}
	}
}

// takeFile takes what the file says and, for what it does not say, the person's
// word. A descriptor names a project and not a platform, so that the person's
// word goes before it.
func (a *Assessment) takeFile(u *Upload) {
	i := a.Inspection
	if i.IdentifiedBy == byDescriptor {
		a.settle(cmp.Or(u.Platform, i.Platform), cmp.Or(u.Version, i.Version))
		return
	}
	a.settle(cmp.Or(i.Platform, u.Platform), cmp.Or(i.Version, u.Version))
}

// byDescriptor is how an inspection says that its platform and version come
// from the application descriptor.
const byDescriptor = "descriptor"

// settle reads platform and version strictly.
func (a *Assessment) settle(platform, v string) {
	name, ok := fleet.DevicePlatformName(platform)
	if !ok {
		a.Refusal = fault.Field("platform", "Say which platform the file is for: a name such as smart-lamp.")
		return
	}
	parsed, err := version.Parse(v)
	if err != nil {
		a.Refusal = fault.Field("version", "%s", err.Error())
		return
	}
	a.Platform, a.Version = name, parsed
}

// contradiction refuses what a person says against what the file says for sure.
func contradiction(i *firmware.Inspection, u *Upload) *fault.Error {
	if i.IdentifiedBy == byDescriptor {
		return nil
	}
	if u.Platform != "" && i.Platform != "" && fleet.FoldPlatformName(u.Platform) != i.Platform {
		return fault.Field("platform", "The file says that it is for %s, not for %s.", i.Platform, fleet.Cut(u.Platform, fleet.MaxReported))
	}
	if u.Version != "" && i.Version != "" && version.ParseLenient(u.Version).Compare(version.ParseLenient(i.Version)) != 0 {
		return fault.Field("version", "The file says that it is %s, not %s.", i.Version, fleet.Cut(u.Version, version.MaxLength))
	}
	return nil
}
