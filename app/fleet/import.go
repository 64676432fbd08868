package fleet

import (
	"encoding/csv"
	"fmt"
	"slices"
	"strings"

	"esp-update-server/app/fault"
)

// MaxImport is how many devices one list can have.
const MaxImport = 10_000

// ImportLine is one device of a pasted list, with what is to happen to it.
type ImportLine struct {
	Number   int    // of the line in the text, from 1
	Text     string // as it was pasted, cut; shown when something is wrong
	MAC      MAC
	Platform string
	Notes    string       // "" keeps those that the device has
	Action   ImportAction // what is to happen
	From     string       // the whitelist that it leaves, when it moves
	Problem  string       // what is wrong; "" when nothing is
}

// ImportAction is what a line of a list does.
type ImportAction string

// The actions. A line with a Problem has none.
const (
	ImportAdd    ImportAction = "add"    // a device that was never seen
	ImportPermit ImportAction = "permit" // a new device
	ImportMove   ImportAction = "move"   // a device on another whitelist
	ImportNotes  ImportAction = "notes"  // its whitelist stays, its notes change
	ImportKeep   ImportAction = "keep"   // all of it is so already
)

// ParseImport reads a pasted list: MACs in any spelling, on lines or separated
// by spaces, commas or semicolons; or CSV of MAC, platform and notes, in that
// order or as a header names them. Lines that name no platform get the one given.
func ParseImport(text, platform string) ([]ImportLine, error) {
	r := importReader{platform: platform, columns: []string{"mac", "platform", "notes"}}
	for i, record := range importRecords(text) {
		r.read(record, i == 0)
		if len(r.lines) > MaxImport {
			return nil, fault.Field("list", "A list has at most %d devices: paste it in parts.", MaxImport)
		}
	}
	if len(r.lines) == 0 {
		return nil, fault.Field("list", "Paste at least one MAC address, such as AA:BB:CC:DD:EE:FF.")
	}
	return r.lines, nil
}

type importRecord struct {
	number int
	text   string
}

// importRecords are the lines that say something. One that ends within quotes
// goes on in the next.
func importRecords(text string) (records []importRecord) {
	open := false
	for i, line := range strings.Split(strings.ReplaceAll(strings.TrimPrefix(text, "\ufeff"), "\r", ""), "\n") {
		if open {
			records[len(records)-1].text += "\n" + line
		} else if strings.TrimSpace(line) != "" {
			records = append(records, importRecord{i + 1, line})
		}
		if strings.Count(line, `"`)%2 == 1 && (open || strings.ContainsAny(line, ",;\t")) {
			open = !open
		}
	}
	return records
}

type importReader struct {
	platform string
	columns  []string
	lines    []ImportLine
}

// read takes in a record, which may be a header if it is the first.
func (r *importReader) read(record importRecord, first bool) {
	number, text := record.number, record.text
	fields := importFields(text)
	if first && isImportHeader(fields) {
		r.columns = fields
		for i := range fields {
			r.columns[i] = strings.ToLower(strings.TrimSpace(fields[i]))
		}
		return
	}
	if len(fields) == 1 || areMACs(fields) {
		for _, mac := range strings.Fields(strings.Join(fields, " ")) {
			r.add(ImportLine{Number: number, Text: Cut(mac, MaxReported), Platform: r.platform}, mac)
		}
		return
	}
	line := ImportLine{Number: number, Text: Cut(text, MaxReported), Platform: r.platform}
	mac := ""
	for i, name := range r.columns[:min(len(r.columns), len(fields))] {
		switch value := unguard(strings.TrimSpace(fields[i])); {
		case name == "mac":
			mac = value
		case name == "platform" && value != "":
			line.Platform = FoldPlatformName(value)
		case name == "notes":
			line.Notes = value
		}
	}
	r.add(line, mac)
}

// add keeps a line, with what is wrong with it by itself.
func (r *importReader) add(line ImportLine, mac string) {
	line.Platform = Cut(line.Platform, MaxReported)
	var err error
	if line.MAC, err = ParseMAC(mac); err != nil {
		line.Problem = err.Error()
	} else if line.Notes, err = ParseNotes(line.Notes); err != nil {
		line.Problem = err.Error()
	} else if line.Platform == "" {
		line.Problem = "It names no platform: choose one for all lines without."
	}
	r.lines = append(r.lines, line)
}

// importFields splits a line at the first of the usual separators that it has.
func importFields(text string) []string {
	at := strings.IndexAny(text, ",;\t")
	if at < 0 {
		return []string{text}
	}
	c := csv.NewReader(strings.NewReader(text))
	c.Comma, c.LazyQuotes, c.FieldsPerRecord, c.TrimLeadingSpace = rune(text[at]), true, -1, text[at] != '\t'
	fields, err := c.Read()
	if err != nil {
		return []string{text}
	}
	return fields
}

func isImportHeader(fields []string) bool {
	return len(fields) > 0 && slices.ContainsFunc(fields, func(f string) bool { return strings.EqualFold(strings.TrimSpace(f), "mac") })
}

// areMACs reports whether all fields are MACs, or several separated by spaces.
func areMACs(fields []string) bool {
	for _, mac := range strings.Fields(strings.Join(fields, " ")) {
		if _, err := ParseMAC(mac); err != nil {
			return false
		}
	}
	return true
}

// unguard takes away the apostrophe with which an export keeps a cell from being
// taken for a formula.
func unguard(s string) string {
	if len(s) > 1 && s[0] == '\'' && strings.ContainsRune("=+-@\t\r", rune(s[1])) {
		return s[1:]
	}
	return s
}

// PlanImport decides what each line does, given the devices that are known and
// the platforms that exist.
func PlanImport(lines []ImportLine, known []Device, platforms []string) {
	devices := map[MAC]*Device{}
	for i := range known {
		devices[known[i].MAC] = &known[i]
	}
	seen := map[MAC]int{}
	for i := range lines {
		line := &lines[i]
		if line.Problem != "" {
			continue
		}
		if first := seen[line.MAC]; first > 0 {
			line.Problem = fmt.Sprintf("It is on line %d already.", first)
			continue
		}
		seen[line.MAC] = line.Number
		if !slices.Contains(platforms, line.Platform) {
			line.Problem = fmt.Sprintf("There is no platform %s.", line.Platform)
			continue
		}
		line.plan(devices[line.MAC])
	}
}

func (l *ImportLine) plan(d *Device) {
	switch {
	case d == nil:
		l.Action = ImportAdd
	case d.Platform == "":
		l.Action = ImportPermit
	case d.Platform != l.Platform:
		l.Action, l.From = ImportMove, d.Platform
	case l.Notes != "" && l.Notes != d.Notes:
		l.Action = ImportNotes
	default:
		l.Action = ImportKeep
	}
}
