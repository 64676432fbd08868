package handlers

import (
	"strings"

	"github.com/dustin/go-humanize"

	"esp-update-server/app/fleet"
	"esp-update-server/app/ota"
)

// count is a number of things: "no devices", "1 device", "1,204 devices".
func count(n int64, thing string) string {
	switch n {
	case 0:
		return "no " + thing + "s"
	case 1:
		return "1 " + thing
	}
	return humanize.Comma(n) + " " + thing + "s"
}

// audience says who is offered what is published for a platform.
func audience(p *fleet.Platform) string {
	if p.Devices == 0 {
		return "no device is on the whitelist of " + p.Name + " yet"
	}
	return count(p.Devices, "device") + " will be offered it"
}

// countAre is count with its verb.
func countAre(n int64, thing string) string {
	if n == 1 {
		return count(n, thing) + " is"
	}
	return count(n, thing) + " are"
}

// anyOf is what can be chosen, in words.
func anyOf[T ~string](list []T) string {
	var b strings.Builder
	for i, one := range list {
		switch i {
		case 0:
		case len(list) - 1:
			b.WriteString(" or ")
		default:
			b.WriteString(", ")
		}
		b.WriteString(string(one))
	}
	return b.String()
}

// mark is how a state looks: an icon and a word, never a colour alone.
type mark struct {
	State fleet.State
	Icon  string
	Word  string
}

var marks = map[fleet.State]mark{
	fleet.New:      {fleet.New, "sparkles", "new"},
	fleet.Waiting:  {fleet.Waiting, "clock", "waiting"},
	fleet.Silent:   {fleet.Silent, "moon", "silent"},
	fleet.Refused:  {fleet.Refused, "ban", "refused"},
	fleet.Behind:   {fleet.Behind, "circle-arrow-up", "behind"},
	fleet.UpToDate: {fleet.UpToDate, "circle-check", "up to date"},
}

// answers says in words what a device got at its last check-in.
var answers = map[ota.Reason]string{
	ota.PlatformMissing:  "Refused: it named no platform.",
	ota.PlatformInvalid:  "Refused: what it asked for is no platform name.",
	ota.VersionMissing:   "Refused: it named no version.",
	ota.PlatformUnknown:  "Refused: the platform that it asked for does not exist.",
	ota.PasswordMissing:  "Refused: it sent no password, and its platform asks for one.",
	ota.PasswordWrong:    "Refused: it sent a wrong password.",
	ota.NotWhitelisted:   "Refused: it was on no whitelist.",
	ota.OtherWhitelist:   "Refused: it is on the whitelist of another platform than it asked for.",
	ota.OtherFamily:      "Refused: the release is built for another family of chips.",
	ota.NothingPublished: "No update: nothing is published for its platform yet.",
	ota.NoFilesystem:     "No update: it asked for a file system, and none is published.",
	ota.TooLarge:         "Refused: the file system that is offered is larger than its room for one.",
	ota.NoRoomToUnpack:   "Refused: the release is compressed, and it has no room to unpack it.",
	ota.SameBytes:        "No update: it runs exactly what is offered.",
	ota.NotNewer:         "No update: nothing newer is offered.",
	ota.Newer:            "It was offered an update.",
	ota.NewerPacked:      "It was offered an update, compressed, since it would not fit otherwise.",
	ota.Told:             "No update: it asked which version is offered, and was told.",
	ota.Chosen:           "It was offered the firmware that somebody chose on it.",
	ota.FileGone:         "Refused: the file that somebody chose on it is not offered any more.",
	ota.NoMinimal:        "Refused: it looked for a minimal image, since the release does not fit into its free space.",
}

// confirmations are what a person declares who overrules a finding, told with
// what it risks.
var confirmations = []confirmation{
	{Code: "tag-missing", Says: "I am sure that this firmware asks for updates. If it does not, the boards that install it never get another one over the air: each needs a cable."},
	{Code: "chip-changed", Says: "The other chip is meant. Boards with the chip of before refuse this file and stay on what they run."},
	{Code: "signed-before-unsigned-now", Says: "The missing signature is meant. Boards that check signatures load the whole file, refuse it, and try again at each check-in."},
}
