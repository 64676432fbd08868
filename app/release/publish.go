package release

import (
	"context"
	"time"

	"esp-update-server/app/fault"
	"esp-update-server/app/firmware"
	"esp-update-server/app/fleet"
	"esp-update-server/app/version"
)

// The bounds of drafts.
const (
	MaxDrafts     = 20 // of one user
	DraftLifetime = 24 * time.Hour
)

// Draft is an uploaded file that was inspected and not published yet.
type Draft struct {
	ID         string
	UserID     string
	Data       []byte
	Inspection *firmware.Inspection
	CreatedAt  time.Time
}

// Upload is a file as it came, with what the person says of it.
type Upload struct {
	File     string
	Data     []byte
	Platform string   // when the file does not say; "" for what it says
	Version  string   // likewise
	Accept   []string // codes of findings that the person confirms
}

// Publication is a release to be made.
type Publication struct {
	Platform string
	Version  version.Version
	Image    Image
	Data     []byte
	By       string // e-mail address of the person
	Draft    string // that it came from; "" for none
	Keep     int    // releases of the platform that are kept
}

// Assessment is an inspection with the platform at hand: what it would be
// published as, or why it can't be.
type Assessment struct {
	Inspection *firmware.Inspection
	Platform   string // that it is for; "" when not known
	Version    version.Version
	Current    version.Version // the highest ever published for the platform
	Refusal    *fault.Error    // nil when it can be published
	Unknown    bool            // the platform does not exist
}

// Store is what publishing needs of the database.
type Store interface {
	Highest(ctx context.Context, platform string) (version.Version, error)
	Publish(ctx context.Context, p *Publication) error
}

// Publisher turns uploads into releases.
type Publisher struct {
	Store   Store
	MaxSize int64 // of a file, in bytes
	Keep    int   // releases a platform
}

// Assess inspects an upload and tells whether it can be published. The error is
// the server's own; what is wrong with the file is in the assessment.
func (p *Publisher) Assess(ctx context.Context, u *Upload) (*Assessment, error) {
	a := &Assessment{Inspection: firmware.Inspect(u.Data, firmware.Options{File: fleet.Cut(u.File, 255), MaxSize: p.MaxSize, Now: time.Now()})}
	if a.Refusal = identify(a, u); a.Refusal != nil {
		return a, nil
	}
	top, err := p.Store.Highest(ctx, a.Platform)
	if fault.Is(err, fault.NotFound) {
		a.Unknown = true
		a.refuse("platform-unknown", "No such platform",
			"The file is for "+a.Platform+" "+a.Version.String()+", and there is no platform "+a.Platform+".", "Create the platform, then upload the file again.")
		return a, nil
	}
	if err != nil {
		return nil, err
	}
	a.Current = top
	if !top.IsZero() && a.Version.Compare(top) <= 0 {
		a.refuse("version-not-higher", "Version is not higher", NotHigher(a.Platform, a.Version.String(), top.String()).Message, "Raise the version in the sketch and compile it again.")
	}
	return a, nil
}

// identify settles whether the file can be sent and what it is published as.
func identify(a *Assessment, u *Upload) *fault.Error {
	i := a.Inspection
	if reason := i.Refusal(); reason != "" {
		return fault.Field("file", "%s", reason)
	}
	a.Platform = i.Platform
	v, err := version.Parse(i.Version)
	if err != nil {
		return fault.Of(err)
	}
	a.Version = v
	return contradiction(a, u)
}

// contradiction refuses what a person says against what the file says.
func contradiction(a *Assessment, u *Upload) *fault.Error {
	if u.Platform != "" && fleet.FoldPlatformName(u.Platform) != a.Platform {
		return fault.Field("platform", "The file says that it is for %s, not for %s.", a.Platform, fleet.Cut(u.Platform, fleet.MaxReported))
	}
	if u.Version != "" && version.ParseLenient(u.Version).Compare(a.Version) != 0 {
		return fault.Field("version", "The file says that it is %s, not %s.", a.Version, fleet.Cut(u.Version, version.MaxLength))
	}
	return nil
}

// refuse adds a failed finding and makes its detail the refusal.
func (a *Assessment) refuse(code, title, detail, fix string) {
	a.Inspection.Findings = append(a.Inspection.Findings,
		firmware.Finding{Code: code, Status: firmware.Fail, Title: title, Detail: detail, Fix: fix})
	a.Refusal = fault.Field("file", "%s %s", detail, fix)
}

// Publish makes a release of an assessed upload, or fails with the reason why
// it can't be one.
func (p *Publisher) Publish(ctx context.Context, a *Assessment, data []byte, by, draft string) error {
	if a.Refusal != nil {
		return a.Refusal
	}
	return p.Store.Publish(ctx, &Publication{
		Platform: a.Platform, Version: a.Version, Image: Describe(data, a.Inspection),
		Data: data, By: by, Draft: draft, Keep: p.Keep,
	})
}

// NotHigher is the refusal of a version that is not higher than every one
// published before.
func NotHigher(platform, v, top string) *fault.Error {
	return fault.Field("file", "The file's version %s is not higher than %s, the highest published for %s.", v, top, platform)
}
