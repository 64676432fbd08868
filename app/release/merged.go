package release

import (
	"crypto/md5" // #nosec G501 -- a name for the file in manifests; SHA-256 decides here
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"esp-update-server/app/fault"
	"esp-update-server/app/firmware"
)

// Merged is the file for the first installation of an image: what a blank chip
// needs, with the image in it. Its bytes are kept apart.
type Merged struct {
	SHA256 string // lower-case hex
	MD5    string // likewise
	Size   int64  // in bytes
	Offset int64  // where it is written: the flash address of its first byte
}

// Installation is a merged file that is kept beside an image which was published
// before.
type Installation struct {
	Release *Release
	Image   string // the SHA-256 of the image in it
	Merged  *Merged
	Data    []byte // of the merged file
	Draft   string // that it came from; "" for none
}

// Installation is the merged file that comes with a release, or nil.
func (p *Publication) Installation() *Installation {
	if p.Image.Merged == nil {
		return nil
	}
	r := &Release{Platform: p.Platform, Version: p.Version}
	return &Installation{Release: r, Image: p.Image.SHA256, Merged: p.Image.Merged, Data: p.Merged}
}

// describeMerged is what is kept of a merged file that is written at an address.
func describeMerged(data []byte, offset int64) *Merged {
	sum, sha := md5.Sum(data), sha256.Sum256(data) // #nosec G401 -- as above
	return &Merged{SHA256: hex.EncodeToString(sha[:]), MD5: hex.EncodeToString(sum[:]), Size: int64(len(data)), Offset: offset}
}

// takeInside lets an assessment go on with the application inside a merged file.
// What speaks against a first installation from that file is its refusal.
func (a *Assessment) takeInside(u *Upload) {
	offset, err := firmware.Installable(u.Data)
	if err != nil {
		a.NoInstall = err.Error()
		return
	}
	if app, err := firmware.Extract(u.Data); err == nil {
		a.Data, a.Whole, a.Merged = app, u.Data, describeMerged(u.Data, offset)
	}
}

// lookInside tells what else a refused file could be used for.
func (a *Assessment) lookInside() {
	_, err := firmware.Extract(a.Data)
	if a.Inside = err == nil; !a.Inside {
		return
	}
	if _, err := firmware.Installable(a.Data); err != nil {
		a.NoInstall = err.Error()
		return
	}
	a.Install = true
}

// compareMerged sets a merged file against the releases of its platform. It
// reports whether one of them is the application inside, so that nothing is to
// be published.
func (a *Assessment) compareMerged(before []Release) bool {
	for n := range before {
		at := slices.IndexFunc(before[n].Images, func(i Image) bool { return i.SHA256 == a.Inspection.SHA256 })
		if at < 0 || before[n].Version.Compare(a.Version) != 0 {
			continue
		}
		a.Beside = &before[n]
		switch kept := before[n].Images[at].Merged; {
		case kept == nil:
			a.pass("first-installation", "First installation", "The application inside is %s of %s, byte for byte: the file is kept beside it.", before[n].Version, a.Platform)
		case kept.SHA256 == a.Merged.SHA256:
			a.fail("first-installation", "Kept already", "There is nothing left to do.", "This very file is kept for the first installation of %s %s.", a.Platform, before[n].Version)
		default:
			a.warn("first-installation", "Another file is kept", "Keep it only if boot loader or partition table were meant to change.",
				"The application inside is %s of %s, byte for byte. The file takes the place of the one that is kept for its first installation.", before[n].Version, a.Platform)
		}
		return true
	}
	return false
}

// tellSettings warns of what a file would make the same on all boards.
func (a *Assessment) tellSettings() {
	if where := firmware.Settings(a.Whole); where != "" {
		a.warn("settings", "Settings inside", "If it is a copy of a board's flash, make a merged file from your build instead.",
			"Partition %s of the file has stored settings, such as names and passwords of networks: each board that is installed gets them.", where)
	}
}

// adviseMerged tells, when the application inside a merged file cannot be
// published, which merged file could be kept.
func (a *Assessment) adviseMerged() {
	if a.Refusal != nil && a.Merged != nil {
		a.Refusal = fault.Field("file", "%s Or send the merged file of the very build that was published: it is kept beside that release.", a.Refusal.Message)
	}
}

// installation is the merged file that is to be kept beside a release.
func (a *Assessment) installation(draft string) *Installation {
	return &Installation{Release: a.Beside, Image: a.Inspection.SHA256, Merged: a.Merged, Data: a.Whole, Draft: draft}
}
