package fleet

import (
	"encoding/binary"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"esp-update-server/app/version"
)

// Heard is a check-in with its answer: all that is remembered of it.
type Heard struct {
	CheckIn
	Answer      Answer
	Reason      string
	Offered     string // version; "" for none
	Packed      bool   // it is offered compressed
	Filesystem  string // the type that is offered, else as what one was asked for; "" for an application
	Sentence    string // of the answer
	RunsKey     string // version key of what the device runs
	PasswordKey string // see Passwords.Use
	Forged      bool   // so it seems: nothing is changed by it
	Quiet       bool   // the history hears no more of it than that it came: the device has had too much to tell
	Alike       int64  // Facts of a check-in to which this one adds nothing; 0 for none

	// What Fold tells.
	Boards Boards    // that report the MAC, after it
	First  time.Time // when the device was first heard, of a list, where it was never heard before
}

// Facts is a hash of what is kept of a check-in beside its time. It is kept with
// the device, so it must stay the same from one release of the program to the
// next; where it does not, each device is written once more.
func (h *Heard) Facts() int64 {
	sum := fnv.New64a()
	r := &h.Report
	for _, s := range []string{
		h.RunningVersion().String(), h.RunsKey, Cut(h.Platform, MaxReported), h.IP, string(h.Answer), h.Reason, h.PasswordKey,
		string(r.Family), r.Mode, r.ChipID, r.APMAC, r.SketchMD5, r.SketchSHA256, r.SDKVersion, r.ClientVersion, r.UserAgent,
	} {
		_, _ = sum.Write([]byte(s))
		_, _ = sum.Write([]byte{0})
	}
	for _, n := range []int64{r.FreeSpace, r.SketchSize, r.ChipSize} {
		_, _ = sum.Write(binary.LittleEndian.AppendUint64(nil, uint64(n))) // #nosec G115 -- its bits are meant
	}
	if r.Inflates {
		_, _ = sum.Write([]byte{1})
	}
	return int64(sum.Sum64()) // #nosec G115 -- its bits are meant
}

// trim drops what is not kept, so that what waits to be written takes little.
func (h *Heard) trim() {
	h.Platform = strings.Clone(Cut(h.Platform, MaxReported))
	h.Version = strings.Clone(version.Legible(h.Version))
	h.SentMAC, h.Password, h.File = "", "", ""
}

// subject is what a check-in is about, and takes the place of an earlier one in:
// its device has an application, and may have a file system.
type subject struct {
	mac        MAC
	filesystem bool
}

func (h *Heard) subject() subject { return subject{h.MAC, !h.Report.WantsApplication()} }

// Fold tells from how devices were before what a list of check-ins, each
// device's in the order of their times, changed in their history; and it is the
// newest check-in of each device, by MAC, and beside it the newest for a file
// system. Devices that were never seen are missing in before.
func Fold(before map[MAC]*Device, list []Heard) (newest []Heard, happened []Happening) {
	last, first := map[subject]Heard{}, map[MAC]time.Time{}
	tell := func(h *Heard, of []Happening) {
		for i := range of {
			if !h.Quiet || of[i].Event == FirstSeen {
				happened = append(happened, of[i])
			}
		}
	}
	for _, h := range list {
		was := before[h.MAC]
		if h.Forged {
			tell(&h, h.forgery(was))
			continue
		}
		if _, earlier := first[h.MAC]; !earlier {
			first[h.MAC] = h.At
		}
		h.First = first[h.MAC]
		if !h.Report.WantsApplication() {
			tell(&h, h.happenings(was))
			before[h.MAC], last[h.subject()] = h.afterFilesystem(was), h
			continue
		}
		h.keepVersion(was)
		tell(&h, Happenings(was, &h.CheckIn, h.Answer, h.Reason, h.Offered, h.detail()))
		h.Boards = Boards{}
		if was != nil {
			h.Boards = was.Boards
		}
		h.Boards, _ = h.Boards.After(was, &h.CheckIn)
		before[h.MAC], last[h.subject()] = h.after(was), h
	}
	for _, h := range last {
		newest = append(newest, h)
	}
	slices.SortFunc(newest, inOrder)
	return newest, happened
}

// keepVersion leaves what is known of a device that says no version, as one does on
// which somebody chose a file, unless its hash proves what it runs.
func (h *Heard) keepVersion(was *Device) {
	if h.Version == "" && h.RunsKey == "" && was != nil {
		h.Version, h.RunsKey = was.Version, was.VersionKey
	}
}

// detail is what the history tells of the answer beside the version.
func (h *Heard) detail() string {
	switch {
	case h.Answer != Offer:
		return h.Sentence
	case h.Packed:
		return Compressed
	}
	return ""
}

// inOrder is by MAC, and of one device the check-in for its application first.
func inOrder(a, b Heard) int {
	if c := strings.Compare(string(a.MAC), string(b.MAC)); c != 0 || a.Report.WantsApplication() == b.Report.WantsApplication() {
		return c
	}
	if a.Report.WantsApplication() {
		return -1
	}
	return 1
}

// forgery tells of a check-in that seems to be forged. Its detail is the address
// that it came from.
func (h *Heard) forgery(was *Device) []Happening {
	if was == nil { // it was forgotten meanwhile
		return nil
	}
	return []Happening{{MAC: h.MAC, At: h.At, Event: SeemsForged, Platform: was.Platform, Detail: h.IP}}
}

// after is a device as the check-in leaves it, as far as the next one is told by it.
func (h *Heard) after(was *Device) *Device {
	d := &Device{MAC: h.MAC}
	if was != nil {
		*d = *was
	}
	d.LastSeen, d.Version, d.VersionKey = &h.At, h.RunningVersion().String(), h.RunsKey
	d.Answer, d.Reason, d.Boards = h.Answer, h.Reason, h.Boards
	return d
}

// Download is that a device took a release to its last byte.
type Download struct {
	MAC        MAC
	Platform   string
	Filesystem string // its type; "" for an application
	Version    string
	At         time.Time
	Packed     bool  // it was compressed
	Pinned     bool  // the device may come back for the rest, should it have lost some
	More       int64 // that are counted with it
}

// Detail is what the history tells of it beside the version.
func (d *Download) Detail() string {
	if d.Packed {
		return Compressed
	}
	return ""
}
