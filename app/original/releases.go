package original

import (
	"context"
	"errors"
	"strings"

	"github.com/dustin/go-humanize"

	"esp-update-server/app/firmware"
	"esp-update-server/app/fleet"
	"esp-update-server/app/release"
	"esp-update-server/app/version"
)

// releases takes over the firmware files.
func (p *planning) releases(ctx context.Context, in *Installation) error {
	publisher := &release.Publisher{Store: &planned{Store: p.Releases, made: p}, MaxSize: p.MaxSize, Keep: p.Keep}
	for i := range in.Platforms {
		there := &in.Platforms[i]
		name, taken := p.taken[there.Number]
		if !taken || there.File == "" && there.Version == "" {
			continue
		}
		data, err := p.File(there.File)
		if err != nil {
			p.say(LeftOut, "firmware of %s: %s %v", name, shown(there.File), err)
			continue
		}
		if err := p.release(ctx, publisher, name, there, data); err != nil {
			return err
		}
	}
	return nil
}

func (p *planning) release(ctx context.Context, publisher *release.Publisher, name string, there *Platform, data []byte) error {
	// The original published the file under this name and version, and boards run
	// it: that it does not say both itself was no hindrance then.
	u := &release.Upload{File: there.File, Data: data, Platform: name, Version: there.Version, Accept: []string{"tag-missing"}}
	a, err := publisher.Assess(ctx, u)
	if err != nil {
		return err
	}
	if a.Filesystem != "" {
		p.say(LeftOut, "firmware of %s: %s is a file system, which no board could start.", name, shown(there.File))
		return nil
	}
	if is, err := p.isHere(ctx, name, a); is || err != nil {
		return err
	}
	if a.Refusal != nil {
		p.say(LeftOut, "firmware of %s: %s is refused. %s", name, shown(there.File), a.Refusal.Message)
		return nil
	}
	p.publish(name, there, a)
	return nil
}

// maxDownloads is more than there can have been.
const maxDownloads = 1_000_000_000

func (p *planning) publish(name string, there *Platform, a *release.Assessment) {
	r := Release{
		Publication: release.Publication{Platform: name, Version: a.Version, Image: release.Describe(a.Data, a.Inspection), By: p.By, Keep: p.Keep},
		PublishedAt: p.Now, Downloads: min(max(there.Downloads, 0), maxDownloads),
		File: there.File,
	}
	if at := readTime(there.Uploaded, p.Now); at != nil {
		r.PublishedAt = *at
	}
	p.plan.Releases = append(p.plan.Releases, r)
	p.say(Publish, "%s %s of %s (%s), downloads: %s", name, a.Version, shown(there.File), humanize.IBytes(uint64(len(a.Data))), humanize.Comma(r.Downloads))
	for _, f := range a.Inspection.Findings {
		if f.Status == firmware.Warn {
			p.say(Remark, "%s. %s", f.Title, f.Detail)
		}
	}
}

// isHere reports whether the very file is published already, under the version
// that it has there.
func (p *planning) isHere(ctx context.Context, name string, a *release.Assessment) (bool, error) {
	if !p.known[name] {
		return false, nil
	}
	list, err := p.Releases.List(ctx, name)
	for n := range list {
		if list[n].Version.Compare(a.Version) == 0 && len(list[n].Images) > 0 && list[n].Images[0].SHA256 == a.Inspection.SHA256 {
			p.say(Here, "%s %s", name, a.Version)
			return true, nil
		}
	}
	return false, err
}

// planned is what there will be once the planned platforms are created.
type planned struct {
	release.Store
	made *planning
}

// Highest is none for a platform that is yet to be created.
func (s *planned) Highest(ctx context.Context, platform, filesystem string) (version.Version, error) {
	if s.made.known[platform] {
		return s.Store.Highest(ctx, platform, filesystem)
	}
	return version.Version{}, nil
}

// Platforms is those that are here and those that will be.
func (s *planned) Platforms(ctx context.Context) ([]string, error) {
	names, err := s.Store.Platforms(ctx)
	for i := range s.made.plan.Platforms {
		names = append(names, s.made.plan.Platforms[i].Name)
	}
	return names, err
}

// CheckFile fails when a name in an installation is no plain file name: what
// leads elsewhere was not written by the original.
func CheckFile(name string) error {
	if name == "" {
		return errors.New("is no file name: the platform has a version and no file")
	}
	if strings.ContainsAny(name, "/\\\x00") || name == "." || name == ".." || len(name) > 255 || fleet.Cut(name, 255) != name {
		return errors.New("is no name of a file in the folder")
	}
	return nil
}
