package release

import (
	"context"
	"slices"
	"time"

	"esp-update-server/app/fault"
	"esp-update-server/app/firmware"
	"esp-update-server/app/fleet"
	"esp-update-server/app/version"
)

// Upload is a file as it came, with what the person says of it.
type Upload struct {
	File     string
	Data     []byte
	Platform string   // when the file does not say; "" for what it says
	Version  string   // likewise
	Accept   []string // codes of findings that the person confirms
	Extract  bool     // use the application inside a merged file
	Install  bool     // likewise, and keep the file for first installations
}

// Assessment is an inspection with the platform at hand: what it would be
// published as, or why it can't be.
type Assessment struct {
	Inspection *firmware.Inspection
	Data       []byte // that would be published
	Filesystem string // the type, where it is the image of a file system; "" for an application
	Platform   string // that it is for; "" when not known
	Version    version.Version
	Current    version.Version // the highest ever published for the platform, or of its file systems of the type
	Refusal    *fault.Error    // nil when it can be published
	Unknown    bool            // the platform does not exist
	Confirm    []string        // codes of findings that a person may confirm
	Inside     bool            // there is an application inside the file that could be used
	Install    bool            // and the file could be kept for first installations
	NoInstall  string          // why it could not; "" when it could, or is no merged file
	Merged     *Merged         // that is kept for first installations; nil for none
	Whole      []byte          // the bytes of that
	Beside     *Release        // that it is kept beside, since its application was published; nil when it is published too
	Word       bool            // a person's word is taken for platform and version, whatever the file says

	image *Image // see described
}

// Store is what publishing needs of the database.
type Store interface {
	// Highest is the highest version ever published, of applications or of file
	// systems of a type, or fault.NotFound.
	Highest(ctx context.Context, platform, filesystem string) (version.Version, error)
	List(ctx context.Context, platform string) ([]Release, error)
	Filesystems(ctx context.Context, platform string) ([]Release, error)
	Room(ctx context.Context, platform string) ([]Room, error)
	Platforms(ctx context.Context) ([]string, error)
	Publish(ctx context.Context, p *Publication) error
	AddMerged(ctx context.Context, i *Installation) error
}

// Publisher turns uploads into releases.
type Publisher struct {
	Store   Store
	MaxSize int64 // of a file, in bytes
	Keep    int   // releases a platform, and file systems of a type
}

// Assess inspects an upload and tells whether it can be published. The error is
// the server's own; what is wrong with the file is in the assessment.
func (p *Publisher) Assess(ctx context.Context, u *Upload) (*Assessment, error) {
	known, err := p.Store.Platforms(ctx)
	if err != nil {
		return nil, err
	}
	a := inspect(u, firmware.Options{File: fleet.Cut(u.File, 255), MaxSize: p.MaxSize, Now: time.Now(), Platforms: known})
	if a.Refusal != nil {
		return a, nil
	}
	if a.Inspection.Filesystem != nil {
		a.identifyFilesystem(u)
	} else {
		a.identify(u)
	}
	if a.Refusal != nil {
		return a, nil
	}
	return a, p.compare(ctx, a, u)
}

// inspect looks at the file, or at the application inside it.
func inspect(u *Upload, o firmware.Options) *Assessment {
	a := &Assessment{Data: u.Data}
	if u.Install {
		a.takeInside(u)
	} else if u.Extract {
		app, err := firmware.Extract(u.Data)
		if err == nil {
			a.Data = app
		}
	}
	a.Inspection = firmware.Inspect(a.Data, o)
	if a.Inspection.Filesystem != nil {
		return a
	}
	if !a.Inspection.Sendable {
		a.Refusal = fault.Field("file", "%s", a.Inspection.Refusal())
		a.lookInside()
	}
	if u.Install && a.Merged == nil {
		a.Refusal = fault.Field("file", "%s", a.NoInstall)
	}
	return a
}

// compare sets a file against what its platform has and who would get it.
func (p *Publisher) compare(ctx context.Context, a *Assessment, u *Upload) error {
	top, err := p.Store.Highest(ctx, a.Platform, a.Filesystem)
	if fault.Is(err, fault.NotFound) {
		a.Unknown = true
		a.fail("platform-unknown", "No such platform", "Create the platform, then upload the file again.",
			"The file is for %s %s, and there is no platform %s.", a.Platform, a.Name(), a.Platform)
		return nil
	}
	if err != nil {
		return err
	}
	before, err := p.before(ctx, a)
	if err != nil {
		return err
	}
	a.Current = top
	if a.Merged != nil {
		a.tellSettings()
		if a.compareMerged(before) {
			return nil
		}
	}
	a.compareVersions(before)
	a.adviseMerged()
	a.compareWithOffered(before, u.Accept)
	rooms, err := p.Store.Room(ctx, a.Platform)
	if err == nil {
		a.fit(rooms)
	}
	return err
}

// before is what was published of the same for the platform, the highest first.
func (p *Publisher) before(ctx context.Context, a *Assessment) ([]Release, error) {
	if a.Filesystem == "" {
		return p.Store.List(ctx, a.Platform)
	}
	list, err := p.Store.Filesystems(ctx, a.Platform)
	return OfType(list, a.Filesystem), err
}

// Name is what the release would be called.
func (a *Assessment) Name() string { return Name(a.Filesystem, a.Version.String()) }

// Publish makes a release of an assessed upload, or keeps it beside the one that
// it is the first installation of, or fails with the reason why it can't.
func (p *Publisher) Publish(ctx context.Context, a *Assessment, by, draft string) error {
	if a.Refusal != nil {
		return a.Refusal
	}
	if a.Beside != nil {
		return p.Store.AddMerged(ctx, a.installation(draft))
	}
	image := *a.described()
	image.Merged = a.Merged
	return p.Store.Publish(ctx, &Publication{
		Platform: a.Platform, Filesystem: a.Filesystem, Version: a.Version, Image: image,
		Data: a.Data, Merged: a.Whole, By: by, Draft: draft, Keep: p.Keep,
	})
}

// described is what a release would keep of the file. It takes a while to find out.
func (a *Assessment) described() *Image {
	if a.image == nil {
		image := Describe(a.Data, a.Inspection)
		a.image = &image
	}
	return a.image
}

func (a *Assessment) add(status firmware.Status, code, title, fix, detail string) {
	a.Inspection.Findings = append(a.Inspection.Findings,
		firmware.Finding{Code: code, Status: status, Title: title, Detail: detail, Fix: fix})
}

// confirmable adds a finding that refuses the file unless a person confirms it.
// That is not offered where something else refuses the file all the same.
func (a *Assessment) confirmable(accept []string, code, title, fix, format string, args ...any) {
	if slices.Contains(accept, code) {
		a.warn(code, title+", confirmed", fix, format, args...)
		return
	}
	if a.Refusal == nil || len(a.Confirm) > 0 {
		a.Confirm, fix = append(a.Confirm, code), fix+" Or confirm that it is meant."
	}
	a.fail(code, title, fix, format, args...)
}
