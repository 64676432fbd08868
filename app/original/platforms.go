package original

import (
	"context"
	"strings"

	"esp-update-server/app/fault"
	"esp-update-server/app/fleet"
)

// platforms takes over the platforms: first those whose name stays as it is, so
// that of two which would get one name it is the other that is left out.
func (p *planning) platforms(ctx context.Context, in *Installation) error {
	names, err := p.Releases.Platforms(ctx)
	if err != nil {
		return err
	}
	for _, name := range names {
		p.known[name] = true
	}
	by := map[string]string{} // names here, with those there
	for _, renamed := range []bool{false, true} {
		for i := range in.Platforms {
			if there := &in.Platforms[i]; renamed == (there.Name != fleet.FoldPlatformName(there.Name)) {
				p.platform(there, by)
			}
		}
	}
	return nil
}

func (p *planning) platform(there *Platform, by map[string]string) {
	name, err := fleet.ParsePlatformName(fleet.FoldPlatformName(strings.TrimSpace(there.Name)))
	if err != nil {
		p.say(LeftOut, "platform %s with its firmware: %s", shown(there.Name), fault.Of(err).Message)
		return
	}
	if other, found := by[name]; found {
		p.say(LeftOut, "platform %s with its firmware: it would be %s here, and so is %s; boards could not tell them apart", shown(there.Name), name, shown(other))
		return
	}
	by[name], p.taken[there.Number] = there.Name, name
	if p.known[name] {
		p.say(Here, "platform %s", name)
		return
	}
	notes := p.notes(there.Notes, "platform "+name)
	p.plan.Platforms = append(p.plan.Platforms, fleet.Platform{Name: name, Notes: notes})
	if name == there.Name {
		p.say(Create, "platform %s", name)
		return
	}
	p.say(Create, "platform %s, which was %s: boards that ask for that find it", name, shown(there.Name))
}

// notes reads notes, and cuts those that are too long.
func (p *planning) notes(text, of string) string {
	notes, err := fleet.ParseNotes(text)
	if err == nil {
		return notes
	}
	p.say(Remark, "the notes of %s are cut: %s", of, fault.Of(err).Message)
	notes, _ = fleet.ParseNotes(fleet.Cut(text, fleet.MaxNotes))
	return notes
}
