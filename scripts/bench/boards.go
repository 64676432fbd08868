package main

import (
	"slices"
	"strings"

	"esp-update-server/app/fleet"
	"esp-update-server/db/dbtest"
)

// board is a device as it names itself in a request.
type board struct{ mac, platform string }

// boards is the devices of a filled database that are on a whitelist. A million
// of them are two objects, so that the boards of a large fleet cost no more to
// play than those of a small one: they run on the processors of what is measured.
type boards struct {
	macs      string // one after the other
	platforms []uint8
}

const macLength = len("AA:BB:CC:DD:EE:FF")

// boardsOf are those of so many devices.
func (b *bench) boardsOf(devices int) *boards {
	if b.boards[devices] == nil {
		b.boards[devices] = newBoards(devices)
	}
	return b.boards[devices]
}

func newBoards(devices int) *boards {
	var macs strings.Builder
	list := &boards{}
	for i := range devices {
		if mac, platform, permitted := dbtest.Filled(i); permitted {
			macs.WriteString(fleet.MAC(mac).String())
			list.platforms = append(list.platforms, uint8(slices.Index(platforms, platform))) // #nosec G115 -- there are four
		}
	}
	list.macs = macs.String()
	return list
}

func (b *boards) len() int { return len(b.platforms) }

func (b *boards) at(i int) board {
	return board{b.macs[i*macLength : (i+1)*macLength], platforms[b.platforms[i]]}
}
