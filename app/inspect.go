package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/mattn/go-isatty"

	"esp-update-server/app/firmware"
)

type inspectCommand struct {
	Files     []string `arg:"" name:"FILE" help:"Firmware files."`
	JSON      bool     `name:"json" help:"Print one JSON object a line."`
	Extract   string   `placeholder:"OUT" help:"Write the application inside a merged file to OUT, and inspect that."`
	PublicKey string   `placeholder:"PEM" help:"Public key to verify signatures with."`
}

// errUnfit ends inspect with exit code 1; what is wrong was printed already.
var errUnfit = errors.New("not every file can be sent to a board")

// Run inspects files and prints what was found.
func (i inspectCommand) Run(out io.Writer) error {
	if i.Extract != "" && len(i.Files) != 1 {
		return errors.New("--extract takes one file")
	}
	options := firmware.Options{Now: time.Now()}
	if i.PublicKey != "" {
		key, err := os.ReadFile(i.PublicKey)
		if err != nil {
			return err
		}
		options.PublicKey = key
	}
	fit := true
	for _, name := range i.Files {
		report, err := i.inspect(name, options)
		if err != nil {
			return err
		}
		fit = fit && report.Sendable
		if err := i.print(out, report); err != nil {
			return err
		}
	}
	if !fit {
		return errUnfit
	}
	return nil
}

func (i inspectCommand) inspect(name string, o firmware.Options) (*firmware.Inspection, error) {
	data, err := os.ReadFile(name) // #nosec G304 -- the file that who runs the command named
	if err != nil {
		return nil, err
	}
	o.File = filepath.Base(name)
	if i.Extract != "" {
		if data, err = firmware.Extract(data); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if err := os.WriteFile(i.Extract, data, 0o644); err != nil { // #nosec G306 G703 -- firmware is no secret, and the path is that of who runs the command
			return nil, err
		}
		o.File = filepath.Base(i.Extract)
	}
	return firmware.Inspect(data, o), nil
}

func (i inspectCommand) print(out io.Writer, report *firmware.Inspection) error {
	if i.JSON {
		return json.NewEncoder(out).Encode(report)
	}
	_, err := io.WriteString(out, inWords(report, colours(out)))
	return err
}

// palette is what makes text coloured on a terminal, and nothing elsewhere.
type palette struct{ bold, dim, green, yellow, red, plain string }

func colours(out io.Writer) palette {
	f, ok := out.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" || !isatty.IsTerminal(f.Fd()) {
		return palette{}
	}
	return palette{"\x1b[1m", "\x1b[2m", "\x1b[32m", "\x1b[33m", "\x1b[31m", "\x1b[0m"}
}

// inWords is a report for people.
func inWords(r *firmware.Inspection, p palette) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s%s%s  %s\n", p.bold, r.File, p.plain, verdict(r, p))
	for _, line := range [][2]string{
		{"What", strings.TrimSuffix(string(r.Kind)+" for "+r.Chip, " for unknown")}, {"Platform", r.Platform}, {"Version", r.Version},
		{"Size", fmt.Sprintf("%s (%s bytes)", humanize.IBytes(uint64(r.Size)), humanize.Comma(r.Size))}, // #nosec G115 -- the length of a slice
		{"Flash", strings.Join(nonEmpty(r.FlashMode, r.FlashSize, r.FlashFreq), ", ")},
		{"Project", strings.Join(nonEmpty(r.Project, r.AppVersion), " ")}, {"Built with", r.IDFVersion}, {"Compiled", r.CompiledAt},
		{"MD5", r.MD5}, {"SHA-256", r.SHA256},
	} {
		if line[1] != "" {
			fmt.Fprintf(&b, "  %s%-10s%s  %s\n", p.dim, line[0], p.plain, line[1])
		}
	}
	for _, s := range r.Segments {
		fmt.Fprintf(&b, "  %s%-10s%s  %08x  %9s bytes  %s\n", p.dim, "Segment", p.plain, s.Address, humanize.Comma(int64(s.Size)), s.Region)
	}
	for _, f := range r.Findings {
		writeFinding(&b, f, p)
	}
	b.WriteByte('\n')
	return b.String()
}

func verdict(r *firmware.Inspection, p palette) string {
	switch {
	case r.Publishable:
		return p.green + "ready to publish" + p.plain
	case r.Sendable:
		return p.yellow + "fit for a board; platform or version are not sure" + p.plain
	case r.Filesystem != nil && len(r.Failures()) == 0:
		return p.yellow + "a file system, to be released beside the firmware" + p.plain
	}
	return p.red + "not fit for a board" + p.plain
}

// insideHint is where a finding speaks of the application inside a file; how to
// get at it is another thing on a page.
const insideHint = "Use the application inside it"

func writeFinding(b *strings.Builder, f firmware.Finding, p palette) {
	mark := p.green + "✓"
	switch f.Status {
	case firmware.Warn:
		mark = p.yellow + "!"
	case firmware.Fail:
		mark = p.red + "✗"
	}
	fmt.Fprintf(b, "  %s%s %s%s\n      %s\n", mark, p.plain+p.bold, f.Title, p.plain, f.Detail)
	if f.Fix != "" {
		fix := strings.Replace(f.Fix, insideHint, insideHint+" (inspect --extract OUT FILE)", 1)
		fmt.Fprintf(b, "      %s→ %s%s\n", p.dim, fix, p.plain)
	}
}

func nonEmpty(words ...string) (out []string) {
	for _, w := range words {
		if w != "" {
			out = append(out, w)
		}
	}
	return out
}
