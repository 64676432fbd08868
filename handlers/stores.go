package handlers

import (
	"context"

	"esp-update-server/app/account"
	"esp-update-server/app/fleet"
	"esp-update-server/app/ota"
	"esp-update-server/app/release"
	"esp-update-server/app/version"
)

// What the handlers need of the database, one interface a noun.

type platforms interface {
	List(ctx context.Context) ([]fleet.Platform, error)
	Find(ctx context.Context, name string) (*fleet.Platform, error)
	Create(ctx context.Context, name, notes string) error
	SetNotes(ctx context.Context, name, notes string) error
	Delete(ctx context.Context, name string) error
}

type devices interface {
	List(ctx context.Context, q fleet.DeviceQuery) ([]fleet.Device, error)
	ListNew(ctx context.Context, limit int) ([]fleet.Device, error)
	Find(ctx context.Context, mac fleet.MAC) (*fleet.Device, error)
	Add(ctx context.Context, mac fleet.MAC, platform, notes string, move bool) error
	Change(ctx context.Context, mac fleet.MAC, c fleet.DeviceChange) (created bool, err error)
	Edit(ctx context.Context, mac fleet.MAC, c fleet.DeviceChange) error
	Forget(ctx context.Context, mac fleet.MAC) error
	CountNew(ctx context.Context) (int, error)
	Record(ctx context.Context, c *fleet.CheckIn, d *ota.Decision, happened []fleet.Happening) error
	DropOldestNew(ctx context.Context, limit int) error
}

type releases interface {
	List(ctx context.Context, platform string) ([]release.Release, error)
	Find(ctx context.Context, platform string, v version.Version) (*release.Release, error)
	Offered(ctx context.Context, platform string) (*release.Release, error)
	Bytes(ctx context.Context, sha256 string) ([]byte, error)
	CountDownload(ctx context.Context, platform string, v version.Version) error
}

type drafts interface {
	Save(ctx context.Context, d *release.Draft) error
	Find(ctx context.Context, id, user string) (*release.Draft, error)
	Delete(ctx context.Context, id, user string) error
}

type users interface {
	Create(ctx context.Context, u *account.User) error
	FindByEmail(ctx context.Context, email string) (*account.User, error)
	AnyAdmin(ctx context.Context) (bool, error)
	SignedIn(ctx context.Context, id string) error
}

type sessions interface {
	Create(ctx context.Context, hash, user, agent, ip string) error
	Find(ctx context.Context, hash string) (*account.Session, error)
	Delete(ctx context.Context, hash string) error
}

type tokens interface {
	Find(ctx context.Context, hash string) (*account.Token, error)
}

type links interface {
	Find(ctx context.Context, hash string) (*account.Link, error)
	SetUp(ctx context.Context, hash string, u *account.User) error
	SetPassword(ctx context.Context, hash, passwordHash string) error
}
