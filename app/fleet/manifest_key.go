package fleet

import (
	"crypto/rand"
	"time"
)

// MaxManifestKeys is how many manifest keys a platform can have.
const MaxManifestKeys = 20

// ManifestKey admits clients to what a platform offers that say no MAC, such as
// ESPHome and esp32FOTA: whoever has it gets the firmware. The key itself is not
// kept.
type ManifestKey struct {
	Hash      string
	Platform  string
	CreatedAt time.Time
	CreatedBy string     // an e-mail address
	LastUsed  *time.Time // to the minute or so; nil when it never was
}

// NewManifestKey makes a key: about 130 bits in 26 letters and digits, which need
// no escaping in an address.
func NewManifestKey() Secret { return Secret(rand.Text()) }

// Key names the key among those of its platform. It is no secret.
func (k *ManifestKey) Key() string { return PasswordKey(k.Hash) }
