package original

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"esp-update-server/app/fault"
	"esp-update-server/app/fleet"
	"esp-update-server/app/version"
)

// findChunk is how many devices are looked up in one go.
const findChunk = 500

// devices takes over the devices: first those on a whitelist, and then as many
// new ones as are kept, those heard last first.
func (p *planning) devices(ctx context.Context, in *Installation) error {
	list := p.readDevices(in)
	free, err := p.Devices.CountNew(ctx)
	if err != nil {
		return err
	}
	free = p.MaxNew - free
	if p.takenOff, err = p.Devices.TakenOff(ctx); err != nil {
		return err
	}
	slices.SortStableFunc(list, byNeed)
	for chunk := range slices.Chunk(list, findChunk) {
		here, err := p.find(ctx, chunk)
		if err != nil {
			return err
		}
		for i := range chunk {
			p.device(&chunk[i], here[chunk[i].MAC], &free)
		}
	}
	return nil
}

// readDevices reads the devices that make sense, each once.
func (p *planning) readDevices(in *Installation) []fleet.Device {
	seen := map[fleet.MAC]int{}
	list := make([]fleet.Device, 0, len(in.Devices))
	for i := range in.Devices {
		d, ok := p.readDevice(&in.Devices[i])
		if !ok {
			continue
		}
		at, again := seen[d.MAC]
		switch {
		case !again:
			seen[d.MAC] = len(list)
			list = append(list, d)
		case list[at].Platform == "":
			list[at] = d
		case d.Platform != "" && d.Platform != list[at].Platform:
			p.say(LeftOut, "%s on %s: it is on %s too, and a device is on one whitelist", d.MAC, d.Platform, list[at].Platform)
		}
	}
	return list
}

func (p *planning) readDevice(there *Device) (fleet.Device, bool) {
	mac, err := fleet.ParseMAC(there.MAC)
	if err != nil {
		p.say(LeftOut, "device: %s", fault.Of(err).Message)
		return fleet.Device{}, false
	}
	d := fleet.Device{MAC: mac, Platform: p.taken[there.Platform], RequestedPlatform: fleet.Cut(there.Requested, fleet.MaxReported), IP: readIP(there.IP)}
	if there.Platform != 0 && d.Platform == "" {
		p.say(Remark, "%s was on the whitelist of a platform that is left out: it is on none here", mac)
	}
	d.Notes = p.notes(there.Notes, "device "+mac.String())
	if sent := strings.TrimSpace(there.Version); sent != "" { // or it was never heard
		v := version.ParseLenient(fleet.Cut(sent, version.MaxLength))
		d.Version, d.VersionKey = v.String(), v.Key()
		d.LastSeen, d.FirstSeen = readTime(there.LastSeen, p.Now), readTime(there.FirstSeen, p.Now)
		if d.LastSeen == nil || d.FirstSeen == nil || d.FirstSeen.After(*d.LastSeen) {
			d.FirstSeen = d.LastSeen
		}
	}
	return d, true
}

// byNeed orders permitted devices before new ones, and those by when they were
// heard last.
func byNeed(a, b fleet.Device) int {
	switch {
	case a.Platform != "" && b.Platform != "":
		return 0
	case a.Platform != "":
		return -1
	case b.Platform != "":
		return 1
	}
	return heard(&b).Compare(heard(&a))
}

func heard(d *fleet.Device) time.Time {
	if d.LastSeen == nil {
		return time.Time{}
	}
	return *d.LastSeen
}

// find looks up which devices are here already.
func (p *planning) find(ctx context.Context, list []fleet.Device) (map[fleet.MAC]*fleet.Device, error) {
	macs := make([]fleet.MAC, len(list))
	for i := range list {
		macs[i] = list[i].MAC
	}
	found, err := p.Devices.FindMany(ctx, macs)
	here := make(map[fleet.MAC]*fleet.Device, len(found))
	for i := range found {
		here[found[i].MAC] = &found[i]
	}
	return here, err
}

// device decides on one device; free is how many new ones there is room for.
func (p *planning) device(d, here *fleet.Device, free *int) {
	switch {
	case here != nil && here.Platform != "" && d.Platform != "" && here.Platform != d.Platform:
		p.say(LeftOut, "%s on %s: it is on the whitelist of %s here", d.MAC, d.Platform, here.Platform)
		return
	case p.takenOff[d.MAC] && d.Platform != "":
		p.say(LeftOut, "%s on %s: somebody took it off a whitelist here", d.MAC, d.Platform)
		return
	case here != nil && (here.Platform != "" || d.Platform == ""):
		p.say(Here, "%s", d.MAC)
		return
	case d.Platform != "":
		p.say(Permit, "%s on %s, %s", d.MAC, d.Platform, lastWords(d))
	case *free <= 0:
		p.say(LeftOut, "%s: it is on no whitelist, and there is room for no more new devices (MAX_NEW_DEVICES is %d)", d.MAC, p.MaxNew)
		return
	default:
		*free--
		p.say(Notice, "%s as a new device, since it is on no whitelist, %s", d.MAC, lastWords(d))
	}
	p.plan.Devices = append(p.plan.Devices, *d)
}

// lastWords tells what a device said last.
func lastWords(d *fleet.Device) string {
	if d.LastSeen == nil {
		return "never heard"
	}
	return fmt.Sprintf("%s on %s", strings.Trim(shown(d.Version), `"`), d.LastSeen.Format(time.DateOnly))
}
