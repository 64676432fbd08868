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
	head := []string{"mac", "platform", "notes", "state", "version", "requested_platform", "ip", "first_seen", "last_seen"}
	return s.sendCSV(c, "devices.csv", head, func(ctx context.Context) (lines [][]string, more bool, err error) {
		page, err := s.Devices.Page(ctx, q)
		if err != nil || len(page.Devices) == 0 {
			return nil, false, err
		}
		for i := range page.Devices {
			lines = append(lines, exportLine(&page.Devices[i]))
		}
		q.After, q.Key = page.Devices[len(page.Devices)-1].MAC, page.LastKey
		return lines, page.After, nil
	})
}

// csvPart looks up the next lines of an export, and whether there are more.
type csvPart func(ctx context.Context) (lines [][]string, more bool, err error)

// sendCSV answers with a file that is written while it is looked up.
func (s *server) sendCSV(c *fiber.Ctx, name string, head []string, next csvPart) error {
	c.Set(fiber.HeaderContentType, "text/csv; charset=utf-8")
	c.Set(fiber.HeaderContentDisposition, fmt.Sprintf("attachment; filename=%q", name))
	c.Context().SetBodyStreamWriter(func(out *bufio.Writer) { s.writeCSV(out, head, next) })
	return nil
}

// writeCSV writes all that is looked up. A panic here would end the process: no
// middleware is above it.
func (s *server) writeCSV(out *bufio.Writer, head []string, next csvPart) {
	ctx, cancel := context.WithTimeout(context.Background(), exportTime)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			s.Log.Error("an export broke off", "err", fmt.Sprintf("panic: %v\n%s", p, debug.Stack()))
		}
	}()
	w := csv.NewWriter(out)
	_ = w.Write(head)
	for {
		lines, more, err := next(ctx)
		if err != nil {
			s.Log.Error("an export broke off", "err", err)
			_ = w.Write([]string{"The export broke off here: the database did not answer."})
		}
		for i := 0; i < len(lines) && w.Error() == nil; i++ {
			_ = w.Write(guardedAll(lines[i]))
		}
		w.Flush()
		if err != nil || w.Error() != nil || out.Flush() != nil || !more {
			return
		}
	}
}

func exportLine(d *fleet.Device) []string {
	return []string{
		d.MAC.String(), d.Platform, d.Notes, string(d.State(time.Now())), d.Version, d.RequestedPlatform, d.IP,
		exportTimeOf(d.FirstSeen), exportTimeOf(d.LastSeen),
	}
}

func exportTimeOf(t *time.Time) string {
	if t == nil {
		return ""
	}
	return *stamp(t)
}

// guardedAll is a line whose cells are guarded.
func guardedAll(line []string) []string {
	for i := range line {
		line[i] = guarded(line[i])
	}
	return line
}

// guarded keeps a cell that anybody can choose from being taken for a formula.
func guarded(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r\n", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}
