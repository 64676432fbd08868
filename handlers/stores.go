package handlers

import (
	"context"
	"io"
	"time"

	"esp-update-server/app/account"
	"esp-update-server/app/activity"
	"esp-update-server/app/fleet"
	"esp-update-server/app/ota"
	"esp-update-server/app/release"
	"esp-update-server/app/version"
)

// What the handlers need of the database, one interface a noun.

type platforms interface {
	List(ctx context.Context) ([]fleet.Platform, error)
	Names(ctx context.Context) ([]string, error)
	Find(ctx context.Context, name string) (*fleet.Platform, error)
	Create(ctx context.Context, name, notes string) error
	SetNotes(ctx context.Context, name, notes string) error
	Delete(ctx context.Context, name string) error
	AddPassword(ctx context.Context, name, hash string, grace bool) error
	RetirePassword(ctx context.Context, name, key string) error
	ManifestKeys(ctx context.Context, name string) ([]fleet.ManifestKey, error)
	AddManifestKey(ctx context.Context, name, hash string) error
	RevokeManifestKey(ctx context.Context, name, key string) error
	UsedManifestKey(ctx context.Context, hash string, at time.Time) error
}

type devices interface {
	Page(ctx context.Context, q fleet.DeviceQuery) (*fleet.DevicePage, error)
	CheckPlace(q *fleet.DeviceQuery) error
	States(ctx context.Context, platform string) (map[fleet.State]int64, error)
	Find(ctx context.Context, mac fleet.MAC) (*fleet.Device, error)
	FindMany(ctx context.Context, macs []fleet.MAC) ([]fleet.Device, error)
	Stats(ctx context.Context) (*fleet.Stats, error)
	Add(ctx context.Context, mac fleet.MAC, platform, notes, by string, move bool) error
	Change(ctx context.Context, mac fleet.MAC, c fleet.DeviceChange) (created bool, err error)
	Edit(ctx context.Context, mac fleet.MAC, c fleet.DeviceChange) error
	Forget(ctx context.Context, mac fleet.MAC) error
	CountSelected(ctx context.Context, sel fleet.Selection) (int64, error)
	CountUpTo(ctx context.Context, sel fleet.Selection, limit int64) (int64, error)
	PermitAll(ctx context.Context, sel fleet.Selection, atMost int64, platform, by string) (int64, error)
	Asked(ctx context.Context, sel fleet.Selection) ([]fleet.Asked, error)
	PermitAsked(ctx context.Context, sel fleet.Selection, atMost int64, by string) (permitted, stayed int64, err error)
	RemoveAll(ctx context.Context, sel fleet.Selection, atMost int64, r fleet.Removal) (int64, error)
	IgnoreAll(ctx context.Context, sel fleet.Selection, atMost int64, ignore bool) (int64, error)
	Undo(ctx context.Context, r fleet.Removal) (int64, error)
	Import(ctx context.Context, lines []fleet.ImportLine, moves int64, by string) error
	CountNew(ctx context.Context) (int, error)
	PasswordUses(ctx context.Context, p *fleet.Platform) (fleet.PasswordUses, error)
	Twins(ctx context.Context, limit int) ([]fleet.Device, error)
	DismissTwins(ctx context.Context, mac fleet.MAC) error
	OldestNew(ctx context.Context, limit int) ([]fleet.Seen, error)
	Settle(ctx context.Context, list []fleet.Seen) error
	DropOldestNew(ctx context.Context, limit int) error
}

type releases interface {
	List(ctx context.Context, platform string) ([]release.Release, error)
	Filesystems(ctx context.Context, platform string) ([]release.Release, error)
	Find(ctx context.Context, platform, filesystem string, v version.Version) (*release.Release, error)
	Offered(ctx context.Context, platform string) (*release.Release, error)
	Bytes(ctx context.Context, sha256 string) ([]byte, error)
	RunBy(ctx context.Context, platform, sketchMD5 string) (sha256 string, err error)
	RemoveMerged(ctx context.Context, platform string, v version.Version, md5 string) error
	Offer(ctx context.Context, platform, filesystem string, v version.Version) error
	Withdraw(ctx context.Context, platform, filesystem string, v version.Version) error
	Runners(ctx context.Context, platform, filesystem string, v version.Version) (same, higher int64, err error)
}

type drafts interface {
	Save(ctx context.Context, d *release.Draft) error
	List(ctx context.Context, user string) ([]release.Draft, error)
	Find(ctx context.Context, id, user string) (*release.Draft, error)
	Delete(ctx context.Context, id, user string) error
}

type pinStore interface {
	Find(ctx context.Context, mac fleet.MAC) (*ota.Pin, error)
	Save(ctx context.Context, p *ota.Pin) error
	Take(ctx context.Context, p *ota.Pin) error
}

type history interface {
	Of(ctx context.Context, mac fleet.MAC, limit int) ([]fleet.Happening, error)
	Latest(ctx context.Context, limit int) ([]fleet.Happening, error)
	Adoption(ctx context.Context, platform string) ([]fleet.Adoption, error)
	Running(ctx context.Context, platform string) ([]fleet.Adoption, error)
	CheckInMinutes(ctx context.Context) ([]int64, error)
	CompressedFor(ctx context.Context, platform string) (map[string]int64, error)
}

type users interface {
	List(ctx context.Context, limit int) ([]account.User, error)
	Count(ctx context.Context) (all, waiting int64, err error)
	Create(ctx context.Context, u *account.User) error
	Find(ctx context.Context, id string) (*account.User, error)
	FindByEmail(ctx context.Context, email string) (*account.User, error)
	AnyAdmin(ctx context.Context) (bool, error)
	SetName(ctx context.Context, id, name string) error
	SetEmail(ctx context.Context, id, email string) error
	SetPassword(ctx context.Context, id, hash, session string) error
	Rehash(ctx context.Context, id, was, hash string) error
	SetRole(ctx context.Context, id string, role account.Role) (before account.Role, err error)
	Delete(ctx context.Context, id string) error
}

type sessions interface {
	Create(ctx context.Context, hash, user, agent, ip string, remember bool) error
	Find(ctx context.Context, hash string) (*account.Session, error)
	Of(ctx context.Context, user string) ([]account.Session, error)
	Renew(ctx context.Context, hash, newHash string) (renewed bool, err error)
	Delete(ctx context.Context, hash string) error
	End(ctx context.Context, user, key string) (ended bool, err error)
	EndAll(ctx context.Context, user string) error
}

type tokens interface {
	Create(ctx context.Context, hash, user, name string, scope account.Scope, expires *time.Time) error
	Find(ctx context.Context, hash string) (*account.Token, error)
	Of(ctx context.Context, user string) ([]account.Token, error)
	Revoke(ctx context.Context, user, key string) (revoked bool, err error)
}

type links interface {
	Find(ctx context.Context, hash string) (*account.Link, error)
	SetUp(ctx context.Context, hash string, u *account.User) error
	SetPassword(ctx context.Context, hash, passwordHash string) error
	CreatePassword(ctx context.Context, hash, user string, lifetime time.Duration) error
	Invite(ctx context.Context, u *account.User, hash string, lifetime time.Duration) error
}

type factors interface {
	Begin(ctx context.Context, user, secret string) (string, error)
	Secret(ctx context.Context, user string, confirmed bool) (string, error)
	Confirm(ctx context.Context, user, secret string, step int64, codes []string) error
	UseStep(ctx context.Context, user string, step int64) (used bool, err error)
	UseRecoveryCode(ctx context.Context, user, hash string) (used bool, err error)
	RecoveryCodes(ctx context.Context, user string) (n int, err error)
	Remove(ctx context.Context, user string) error
	Challenge(ctx context.Context, hash, user string, remember bool) error
	FindChallenge(ctx context.Context, hash string) (*account.Challenge, error)
	Attempt(ctx context.Context, hash string) (may bool, err error)
	EndChallenge(ctx context.Context, hash string) (ended bool, err error)
}

type activities interface {
	Page(ctx context.Context, q activity.Query) (*activity.Page, error)
	Authors(ctx context.Context, limit int) ([]string, error)
	Find(ctx context.Context, id string) (*activity.Entry, error)
	Devices(ctx context.Context, id string, after fleet.MAC, limit int) ([]activity.Device, error)
	RefuseSignIn(ctx context.Context, email, ip, network string) error
}

type backups interface {
	Open(ctx context.Context) (backup io.ReadCloser, size int64, err error)
	Sizes(ctx context.Context) (database, images int64, err error)
}

type throttles interface {
	Take(ctx context.Context, t account.Try, now time.Time) (wait time.Duration, err error)
	Forgive(ctx context.Context, key string) error
	GiveBack(ctx context.Context, key string) error
	Known(ctx context.Context, key string) (bool, error)
	Know(ctx context.Context, key string, now time.Time) error
}
