package handlers

import (
	"strings"

	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/fault"
	"esp-update-server/app/firmware"
	"esp-update-server/app/live"
	"esp-update-server/app/release"
)

// apiPublished is the answer to a file that was published, or would be.
type apiPublished struct {
	Filesystem string             `json:"filesystem,omitempty"` // its type; not there for an application
	Platform   string             `json:"platform"`
	Version    string             `json:"version"`
	Size       int64              `json:"size"`
	MD5        string             `json:"md5"`
	SHA256     string             `json:"sha256"`
	Chip       string             `json:"chip"`
	Findings   []firmware.Finding `json:"findings"`
	Merged     *apiMerged         `json:"merged,omitempty"`
}

// apiMerged is the file that is kept for first installations.
type apiMerged struct {
	Size   int64  `json:"size"`
	MD5    string `json:"md5"`
	SHA256 string `json:"sha256"`
	Offset int64  `json:"offset"` // where it is written: the flash address of its first byte
}

// apiFirmware handles POST /api/v1/firmware: inspect a file and publish it.
func (s *server) apiFirmware(c *fiber.Ctx) error {
	form, err := s.readUpload(c)
	if err != nil {
		return err
	}
	a, err := s.Publisher.Assess(c.UserContext(), &form.Upload)
	if err != nil {
		return err
	}
	if a.Refusal != nil {
		return refuseFile(c, a, a.Refusal)
	}
	out := apiPublished{
		Filesystem: a.Filesystem, Platform: a.Platform, Version: a.Version.String(), Size: a.Inspection.Size, MD5: a.Inspection.MD5,
		SHA256: a.Inspection.SHA256, Chip: a.Inspection.Chip, Findings: a.Inspection.Findings,
	}
	if m := a.Merged; m != nil {
		out.Merged = &apiMerged{Size: m.Size, MD5: m.MD5, SHA256: m.SHA256, Offset: m.Offset}
	}
	if form.DryRun {
		return readable(c, fiber.StatusOK, out)
	}
	if err := s.publish(c, a, ""); err != nil {
		if f := fault.Of(unprocessable(err)); f != nil && f.Kind != fault.Full {
			return refuseFile(c, a, f)
		}
		return err
	}
	return readable(c, fiber.StatusCreated, out)
}

// refuseFile says why a file is not published, with all that was found and the
// fields that would change it.
func refuseFile(c *fiber.Ctx, a *release.Assessment, f *fault.Error) error {
	sentence := f.Message
	if len(a.Confirm) > 0 {
		sentence += " To confirm, send accept=" + strings.Join(a.Confirm, ",") + " too."
	}
	if a.Inside {
		sentence += " To use the application inside it, send extract=1 too."
	}
	if a.Install {
		sentence += " To keep it for first installation over USB as well, send install=1 too."
	}
	return readable(c, fiber.StatusUnprocessableEntity, apiError{Error: sentence, Fields: f.Fields, Findings: a.Inspection.Findings})
}

// publish makes a release of an assessed upload, or keeps it beside one, in the
// asking person's name.
func (s *server) publish(c *fiber.Ctx, a *release.Assessment, draft string) error {
	if err := s.Publisher.Publish(c.UserContext(), a, userOf(c).Email, draft); err != nil {
		return err
	}
	what := "release published"
	if a.Beside != nil {
		what = "first installation added"
	}
	s.did(c, what, "platform", a.Platform, "version", a.Name())
	s.changed(live.Platform+a.Platform, live.Fleet, live.Feed)
	return nil
}
