package fleet_test

import (
	"testing"

	"esp-update-server/app/fleet"
)

func TestIsolated(t *testing.T) {
	for s, want := range map[string]string{
		"":                    "",
		"v1.0.3":              "v1.0.3",
		"Küche, 2. Stock":     "Küche, 2. Stock",
		"מנורה":               "\u2068מנורה\u2069",
		"مصباح 2":             "\u2068مصباح 2\u2069",
		"\u202egnihton":       "\u2068\ufffdgnihton\u2069",
		"out\u2069 of \u202d": "\u2068out\ufffd of \ufffd\u2069",
	} {
		if got := fleet.Isolated(s); got != want {
			t.Errorf("%+q became %+q, want %+q", s, got, want)
		}
	}
}
