package handlers

import (
	"slices"

	"esp-update-server/app/firmware"
	"esp-update-server/app/release"
)

// uploadAgain is what a person can say of a refused file before the form that
// holds it sends it once more.
type uploadAgain struct {
	Form      string         // the id of that form
	Word      bool           // a person's word is taken for platform and version
	Named     string         // where it was looked for them: the file, or its name alone
	Platform  string         // as typed
	Version   string         // likewise
	Platforms []string       // found in the file, the likeliest first
	Versions  []string       // likewise
	Known     []string       // platforms
	Confirm   []confirmation // what is to be confirmed, or was
	Extracted bool           // the application inside the file is looked at
	Inside    bool           // that is still possible
	Installed bool           // likewise, and the file is to be kept for first installations
	Install   bool           // that is still possible
	NoInstall string         // why it is not; "" for no merged file
	Create    string         // the platform that is missing; "" for none
	Errors    problems
}

// confirmation is a finding that a person may overrule.
type confirmation struct {
	Code   string
	Says   string // what the person declares
	Ticked bool
}

// newUploadAgain is nil when the file can only be replaced by another one.
func newUploadAgain(form *uploadForm, a *release.Assessment, known []string) *uploadAgain {
	v := &uploadAgain{
		Form: "upload", Platform: form.Platform, Version: form.Version,
		Extracted: form.Extract, Inside: a.Inside && !form.Extract,
		Installed: form.Install && a.Merged != nil, Install: a.Install && !form.Install,
	}
	if form.Asked { // else nobody could do anything wrong yet
		v.Errors = a.Refusal.Fields
	}
	if !form.Install { // else it is the refusal
		v.NoInstall = a.NoInstall
	}
	if form.Number != "" {
		v.Form += "-" + form.Number
	}
	if a.Unknown {
		v.Create = a.Platform
	}
	for _, c := range confirmations {
		if ticked := slices.Contains(form.Accept, c.Code); ticked || slices.Contains(a.Confirm, c.Code) {
			v.Confirm = append(v.Confirm, confirmation{Code: c.Code, Says: c.Says, Ticked: ticked})
			v.Word = v.Word || c.Code == "tag-missing"
		}
	}
	v.Word = v.Word || a.Word
	if !v.Inside && v.Create == "" && len(a.Confirm) == 0 && !v.Word {
		return nil
	}
	v.Known, v.Named = known, "the file"
	if a.Filesystem != "" {
		v.Named = "the name of the file"
	}
	v.suggest(a.Inspection)
	return v
}

// suggest lists what a person can choose from. What the file says for sure is
// not asked.
func (v *uploadAgain) suggest(i *firmware.Inspection) {
	v.Platforms, v.Versions = i.PlatformCandidates, i.VersionCandidates
	if i.Platform != "" {
		v.Platforms = []string{i.Platform}
	}
	if i.Version != "" {
		v.Versions, v.Version = []string{i.Version}, i.Version
	}
}

// Chosen is the platform that is marked: what was chosen before, else the
// likeliest.
func (v *uploadAgain) Chosen() string {
	if v.Platform != "" {
		return v.Platform
	}
	return slices.Concat(v.Platforms, []string{""})[0]
}

// Typed is the platform that was typed, since it is none of those found.
func (v *uploadAgain) Typed() string {
	if slices.Contains(v.Platforms, v.Platform) {
		return ""
	}
	return v.Platform
}
