package activity

import (
	"strings"

	"github.com/dustin/go-humanize"

	"esp-update-server/app/fleet"
)

// Kind is what sort of thing an action is about.
type Kind string

// The kinds.
const (
	Platforms Kind = "platforms"
	Releases  Kind = "releases"
	Devices   Kind = "devices"
	Users     Kind = "users"
	SignIns   Kind = "sign-ins"
)

// Kinds are all kinds, in the order in which they are listed.
var Kinds = []Kind{Platforms, Releases, Devices, Users, SignIns}

// Action is what was done.
type Action string

// The actions.
const (
	PlatformCreated Action = "platform-created"
	PlatformEdited  Action = "platform-edited"
	PlatformDeleted Action = "platform-deleted"
	PasswordSet     Action = "platform-password-set"
	PasswordRetired Action = "platform-password-retired"

	ManifestKeyMade    Action = "manifest-key-made"
	ManifestKeyRevoked Action = "manifest-key-revoked"

	ReleasePublished Action = "release-published"
	ReleaseOffered   Action = "release-offered"
	ReleaseWithdrawn Action = "release-withdrawn"

	FirstInstallationAdded   Action = "first-installation-added"
	FirstInstallationRemoved Action = "first-installation-removed"

	DeviceAdded     Action = "device-added"
	DevicePermitted Action = "device-permitted"
	DeviceMoved     Action = "device-moved"
	DeviceRevoked   Action = "device-revoked"
	DeviceEdited    Action = "device-edited"
	DeviceForgotten Action = "device-forgotten"
	DeviceIgnored   Action = "device-ignored"
	DeviceHeeded    Action = "device-heeded"
	DeviceRestored  Action = "device-restored"
	DevicesImported Action = "devices-imported"
	DevicesMovedIn  Action = "devices-moved-in"
	TwinsDismissed  Action = "device-twins-dismissed"

	UserSignedUp     Action = "user-signed-up"
	UserInvited      Action = "user-invited"
	UserImported     Action = "user-imported"
	UserDeleted      Action = "user-deleted"
	AdminCreated     Action = "admin-created"
	RoleChanged      Action = "role-changed"
	LinkMade         Action = "link-made"
	LinkUsed         Action = "link-used"
	NameChanged      Action = "name-changed"
	EmailChanged     Action = "email-changed"
	PasswordChanged  Action = "password-changed"
	FactorAdded      Action = "factor-added"
	FactorRemoved    Action = "factor-removed"
	RecoveryCodeUsed Action = "recovery-code-used"
	TokenCreated     Action = "token-created"
	TokenRevoked     Action = "token-revoked"
	BackupMade       Action = "backup-made"
	BackupRestored   Action = "backup-restored"

	SignedIn            Action = "signed-in"
	SignedOut           Action = "signed-out"
	SessionEnded        Action = "session-ended"
	SignedOutEverywhere Action = "signed-out-everywhere"
	SignInRefused       Action = "sign-in-refused"
)

// sentences tell the actions after the name of who did it; * stands for what was
// changed.
var sentences = map[Action]struct {
	kind Kind
	text string
}{
	PlatformCreated: {Platforms, "created the platform *"},
	PlatformEdited:  {Platforms, "changed the notes of the platform *"},
	PlatformDeleted: {Platforms, "deleted the platform *"},
	PasswordSet:     {Platforms, "made a device password for *"},
	PasswordRetired: {Platforms, "retired a device password of *"},

	ManifestKeyMade:    {Platforms, "made a manifest key for *"},
	ManifestKeyRevoked: {Platforms, "revoked a manifest key of *"},

	ReleasePublished: {Releases, "published a release of *"},
	ReleaseOffered:   {Releases, "chose what * offers"},
	ReleaseWithdrawn: {Releases, "withdrew a release of *"},

	FirstInstallationAdded:   {Releases, "kept a merged file for the first installation of *"},
	FirstInstallationRemoved: {Releases, "removed the merged file for the first installation of *"},

	DeviceAdded:     {Devices, "added *"},
	DevicePermitted: {Devices, "permitted *"},
	DeviceMoved:     {Devices, "moved *"},
	DeviceRevoked:   {Devices, "revoked *"},
	DeviceEdited:    {Devices, "changed the notes of *"},
	DeviceForgotten: {Devices, "forgot *"},
	DeviceIgnored:   {Devices, "ignored *"},
	DeviceHeeded:    {Devices, "let * back into the queue"},
	DeviceRestored:  {Devices, "undid the removal of *"},
	DevicesImported: {Devices, "saved * from a list"},
	DevicesMovedIn:  {Devices, "imported * from the original server"},
	TwinsDismissed:  {Devices, "let the second board of * be"},

	UserSignedUp:     {Users, "signed up"},
	UserInvited:      {Users, "invited *"},
	UserImported:     {Users, "imported the user *"},
	UserDeleted:      {Users, "deleted the user *"},
	AdminCreated:     {Users, "created the admin *"},
	RoleChanged:      {Users, "changed what * may do"},
	LinkMade:         {Users, "made a password link for *"},
	LinkUsed:         {Users, "set a new password by a link"},
	NameChanged:      {Users, "changed their name"},
	EmailChanged:     {Users, "changed their e-mail address"},
	PasswordChanged:  {Users, "changed their password"},
	FactorAdded:      {Users, "set up a second factor"},
	FactorRemoved:    {Users, "removed their second factor"},
	RecoveryCodeUsed: {Users, "used a recovery code"},
	TokenCreated:     {Users, "created an API token for *"},
	TokenRevoked:     {Users, "revoked an API token of *"},
	BackupMade:       {Users, "made a backup of everything"},
	BackupRestored:   {Users, "restored a backup"},

	SignedIn:            {SignIns, "signed in"},
	SignedOut:           {SignIns, "signed out"},
	SessionEnded:        {SignIns, "signed another browser out"},
	SignedOutEverywhere: {SignIns, "signed out everywhere"},
	SignInRefused:       {SignIns, "tried in vain to sign in as *"},
}

// Kind is what the action is about; "" for what is no action.
func (a Action) Kind() Kind { return sentences[a].kind }

// Secures reports whether the action is one by which people keep an account to
// themselves, so that nothing may stand in its way.
func (a Action) Secures() bool {
	return a.Kind() == SignIns || a == PasswordChanged || a == LinkUsed || a == FactorAdded
}

// Who is the name of who did it.
func (e *Entry) Who() string {
	if e.Author.Name == "" {
		return "Somebody"
	}
	return e.Author.Name
}

// What tells what was done, after the name of who did it.
func (e *Entry) What() string {
	return strings.Replace(sentences[e.Action].text, "*", e.thing(), 1)
}

// thing is what was changed, in words.
func (e *Entry) thing() string {
	switch {
	case e.Action.Kind() == Devices && e.Devices == 1:
		return fleet.MAC(e.Subject).String()
	case e.Action.Kind() == Devices:
		return humanize.Comma(e.Devices) + " devices"
	case e.Subject == "":
		return "a user who does not exist"
	}
	return e.Subject
}

// SearchText is what of an entry is searched, in lower case.
func (e *Entry) SearchText() string {
	parts := []string{e.Who(), e.Author.Token, e.Author.IP, e.What(), e.Subject, e.Selected}
	for _, c := range e.Changes {
		parts = append(parts, c.String())
	}
	return fleet.Cut(strings.ToLower(strings.Join(parts, " ")), maxSearchBytes)
}
