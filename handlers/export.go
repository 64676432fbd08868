package handlers

import (
	"bufio"
	"context"
	"encoding/csv"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/fleet"
)

// The bounds of an export, which is looked up and sent in parts.
const (
	exportPart = 1000
	exportTime = 10 * time.Minute
)

// exportDevices handles GET /devices/export: the filtered table as CSV.
func (s *server) exportDevices(c *fiber.Ctx) error {
	q, err := deviceQuery(c)
	if err != nil {
		return err
	}
	q.Permitted, q.Limit = q.State != fleet.New, exportPart
	q.After, q.Before, q.Last = "", "", false
	c.Set(fiber.HeaderContentType, "text/csv; charset=utf-8")
	c.Set(fiber.HeaderContentDisposition, `attachment; filename="devices.csv"`)
	c.Context().SetBodyStreamWriter(func(out *bufio.Writer) { s.writeDevices(out, q) })
	return nil
}

// writeDevices writes all that a query finds. A panic here would end the
// process: no middleware is above it.
func (s *server) writeDevices(out *bufio.Writer, q fleet.DeviceQuery) {
	ctx, cancel := context.WithTimeout(context.Background(), exportTime)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			s.Log.Error("an export broke off", "err", fmt.Sprintf("panic: %v\n%s", p, debug.Stack()))
		}
	}()
	w := csv.NewWriter(out)
	_ = w.Write([]string{"mac", "platform", "notes", "state", "version", "requested_platform", "ip", "first_seen", "last_seen"})
	for {
		page, err := s.Devices.Page(ctx, q)
		if err != nil {
			s.Log.Error("an export broke off", "err", err)
			_ = w.Write([]string{"The export broke off here: the database did not answer."})
		}
		for i := 0; err == nil && i < len(page.Devices); i++ {
			err = w.Write(exportLine(&page.Devices[i]))
		}
		w.Flush()
		if err != nil || w.Error() != nil || out.Flush() != nil || !page.After {
			return
		}
		q.After, q.Key = page.Devices[len(page.Devices)-1].MAC, page.LastKey
	}
}

func exportLine(d *fleet.Device) []string {
	line := []string{
		d.MAC.String(), d.Platform, d.Notes, string(d.State(time.Now())), d.Version, d.RequestedPlatform, d.IP,
		exportTimeOf(d.FirstSeen), exportTimeOf(d.LastSeen),
	}
	for i := range line {
		line[i] = guarded(line[i])
	}
	return line
}

func exportTimeOf(t *time.Time) string {
	if t == nil {
		return ""
	}
	return *stamp(t)
}

// guarded keeps a cell that anybody can choose from being taken for a formula.
func guarded(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r\n", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}
