package account_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"esp-update-server/app/account"
)

// TestWerkzeug verifies hashes in every form that Werkzeug wrote over the years.
// Those for which there is no source were computed by Python's hashlib and hmac.
func TestWerkzeug(t *testing.T) {
	ctx := context.Background()
	for hash, password := range map[string]string{
		// From the page of WerkzeugSecurityCLI on PyPI.
		"scrypt:32768:8:1$pyMfKdIqwYxw0GOT$6d49052bdf9cffb2288d7cb198d7bed5566f284932dad0c74b3948866b1468220afd93e9aa17069c4a2403d33747e5e71981c3c552d751a0e249642b6641bac5": "my-test-password-123",
		// From a tutorial (blog.csdn.net/baowj1107/article/details/71512498).
		"pbkdf2:sha256:50000$ceRl7IbD$e14c3a79dcebe316d7bfac297b81093fc3de832028e0f2eb0513536c88bde836":                                                            "123456",
		"pbkdf2:sha1:1000$NaCl$c138a3032a5c7a14dbf376b1de4911fde1c22e0d":                                                                                           "correct horse",
		"pbkdf2:sha512:1000$NaCl$cc5d115d3ce48c34058b84416af0f7afc22402968e17446bd88016b0d551bca43c9eda0423c04b6266512f1d1bcb97ed396210a047412a3e64411323e73b507c": "correct horse",
		"sha256$Zq4GvRkT$13a8d32904441d5eff13b0373b3aa01ebf20286d0a66d800ffe49dff2f49b1ed":                                                                         "correct horse",
		"sha256$Zq4GvRkT$fce76d11c7087c7fbebc65e2cab65e65b102b6a11d10ea6f1f7ae9e074554325":                                                                         "pässwörd",
		"scrypt:16384:8:1$NaCl$36a301d76faac5e6fa7061d2cfdc2fa30f32ac762d09b18a25583c5705eb60607fd35d59cffeae9f0ca55d52f98bb28067bd9261b5913643928770f5395d0ebf":   "correct horse",
	} {
		if !account.IsForeign(hash) || account.CheckForeign(hash) != nil {
			t.Errorf("%s is not known", hash)
		}
		if ok, err := account.VerifyPassword(ctx, hash, password); !ok || err != nil {
			t.Errorf("%s: the right password: %v, %v", hash, ok, err)
		}
		if ok, err := account.VerifyPassword(ctx, hash, password+"x"); ok || err != nil {
			t.Errorf("%s: a wrong password: %v, %v", hash, ok, err)
		}
	}
	if ours, err := account.HashPassword(ctx, "correct horse"); err != nil || account.IsForeign(ours) || account.IsForeign("") {
		t.Error("our own hash counts as foreign", err)
	}
}

// TestWerkzeugBounds: a hostile hash is refused before it costs anything.
func TestWerkzeugBounds(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	digest := "$NaCl$" + strings.Repeat("00", 32)
	for _, hash := range []string{
		"pbkdf2:sha256:2000001" + digest, "pbkdf2:sha256:1099511627776" + digest, "pbkdf2:sha256:99999999999999999999" + digest,
		"pbkdf2:sha256:0" + digest, "pbkdf2:sha256:-5" + digest, "pbkdf2:sha256" + digest, "pbkdf2:md4:1000" + digest, "pbkdf2" + digest,
		"scrypt:1048576:8:1" + digest + digest[6:], "scrypt:32768:8:1000000" + digest + digest[6:], "scrypt:2:4611686018427387904:4" + digest + digest[6:],
		"scrypt:3:8:1" + digest + digest[6:], "scrypt:1:8:1" + digest + digest[6:], "scrypt:16384:8" + digest + digest[6:], "scrypt:16384:8:1" + digest,
		"sha256$$" + strings.Repeat("00", 32), "sha256$salt$00", "sha256$salt$" + strings.Repeat("zz", 32), "sha256:1" + digest,
		"plain$$secret", "md5$salt$00", "sha256", "x", "sha256$" + strings.Repeat("s", 600) + "$" + strings.Repeat("00", 32),
	} {
		if account.CheckForeign(hash) == nil {
			t.Errorf("%.60s would be taken", hash)
		}
		if ok, err := account.VerifyPassword(ctx, hash, "secret"); ok || err == nil {
			t.Errorf("%.60s: %v, %v", hash, ok, err)
		}
	}
}
