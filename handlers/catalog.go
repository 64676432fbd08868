package handlers

import (
	"net/url"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/fleet"
	"esp-update-server/app/release"
)

// catalogPath is below which each platform has a folder of files for AutoConnect,
// whose client takes an address without parameters.
const catalogPath = "/ac/"

// catalogEntry is a file of AutoConnect's list. Its client has 256 bytes for one:
// a sixth key, or long values, and it shows no list at all.
type catalogEntry struct {
	Name string `json:"name"`
	Type string `json:"type"`
	Date string `json:"date"`
	Time string `json:"time"`
	Size int64  `json:"size"`
}

// noFiles is the list where there is nothing to choose. The client takes an empty
// one for an error, and shows none that is no "bin".
var noFiles = []catalogEntry{{Name: ".", Type: "directory"}}

// showCatalog handles GET /_catalog?op=list&path=/ac/{platform}, with which the
// client of AutoConnect asks for what it lets a person choose from. It says no
// MAC, so that the list is everybody's; what is in it goes to permitted devices
// alone. Other requests get the 403 of AutoConnect's own server.
func (s *server) showCatalog(c *fiber.Ctx) error {
	query := string(c.Context().URI().QueryString())
	path := rawParam(query, "path")
	if rawParam(query, "op") != "list" || strings.Contains(path, "..") {
		return sendLine(c, fiber.StatusForbidden, "ask for /_catalog?op=list&path="+catalogPath+"PLATFORM.")
	}
	offered, err := s.Index.Offered(catalogPlatform(path))
	if err != nil {
		return s.starting(c)
	}
	return c.JSON(catalogEntries(offered))
}

// catalogPlatform is the platform whose folder a path is; "" for other paths.
func catalogPlatform(path string) string {
	folder, ok := strings.CutPrefix(path, catalogPath)
	name, valid := fleet.DevicePlatformName(strings.TrimRight(folder, "/"))
	if !ok || !valid {
		return ""
	}
	return name
}

func catalogEntries(offered *release.Release) []catalogEntry {
	if offered == nil {
		return noFiles
	}
	var list []catalogEntry
	at := offered.PublishedAt.UTC()
	for i := range offered.Images {
		list = append(list, catalogEntry{
			Name: offered.ShortFilename(&offered.Images[i]), Type: "bin",
			Date: at.Format("2006-01-02"), Time: at.Format("15:04:05"), Size: offered.Images[i].Size,
		})
	}
	return list
}

// sendChosen handles GET /ac/{platform}/{file}: a board asks, with the headers of
// every check-in, for a file that a person chose on it.
func (s *server) sendChosen(c *fiber.Ctx) error {
	in := s.checkIn(c)
	in.Platform, in.File = pathPart(c.Params("platform")), pathPart(strings.Trim(c.Params("+"), "/"))
	return s.answer(c, in, 0)
}

// pathPart is a part of a path that a board sends, escaped or not.
func pathPart(sent string) string {
	if plain, err := url.PathUnescape(sent); err == nil {
		sent = plain
	}
	return strings.Clone(sent)
}

// isDevicePath reports whether boards and what updates them ask for a path: they
// understand neither a page nor a redirect.
func isDevicePath(path string) bool {
	if path == "/update" { // by far the most
		return true
	}
	parts := strings.Split(strings.Trim(strings.ToLower(path), "/"), "/")
	switch parts[0] {
	case "update", "_catalog", "ac":
		return true
	case "platforms":
		return len(parts) == 3 && slices.Contains(keyedFiles, parts[2]) || len(parts) == 4 && parts[2] == "firmware"
	}
	return false
}
