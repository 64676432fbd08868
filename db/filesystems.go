package db

import (
	"context"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"

	"esp-update-server/app/fleet"
)

// filesystemColumns are what a check-in for a file system writes of a device, in
// the order of filesystemValues: nothing of its application.
var filesystemColumns = []string{
	"mac", "created_at", "first_seen", "last_seen", "requested_platform", "ip", "ip_key", "family", "chip_id", "ap_mac",
	"free_space", "sketch_size", "sketch_md5", "sketch_sha256", "chip_size", "sdk_version", "user_agent", "password_key",
	"filesystem", "filesystem_version", "filesystem_reason", "filesystem_facts",
}

func filesystemValues(h *fleet.Heard) []any {
	r := &h.Report
	return []any{
		h.MAC, h.First, h.First, h.At, fleet.Cut(h.Platform, fleet.MaxReported), h.IP, ipKey(h.IP), r.Family, r.ChipID, r.APMAC,
		r.FreeSpace, r.SketchSize, r.SketchMD5, r.SketchSHA256, r.ChipSize, r.SDKVersion, r.UserAgent, h.PasswordKey,
		r.Mode, h.RunningVersion().String(), h.Reason, h.Facts(),
	}
}

// filesystemUpdates are what it changes of a device that is there. What both
// sorts of check-ins tell is that of the later one.
var filesystemUpdates = func() string {
	set := []string{"first_seen = COALESCE(devices.first_seen, excluded.first_seen)"}
	for _, c := range filesystemColumns[3:] {
		value := "excluded." + c
		if !strings.HasPrefix(c, "filesystem") {
			value = "CASE WHEN devices.last_seen > excluded.last_seen THEN devices." + c + " ELSE " + value + " END"
		}
		set = append(set, c+" = "+value)
	}
	return strings.Join(set, ", ")
}()

// saveFilesystems writes of a list, with one check-in of each device at most,
// those for file systems.
func saveFilesystems(ctx context.Context, tx *sqlx.Tx, list []fleet.Heard) error {
	args := make([]any, 0, len(filesystemColumns)*len(list))
	for h := range slices.Values(list) {
		if !h.Report.WantsApplication() {
			args = append(args, filesystemValues(&h)...)
		}
	}
	return upsert(ctx, tx, filesystemColumns, filesystemUpdates, args)
}
