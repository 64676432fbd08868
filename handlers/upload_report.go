package handlers

import (
	"fmt"
	"slices"
	"strings"

	"esp-update-server/app/firmware"
	"esp-update-server/app/fleet"
	"esp-update-server/app/release"
)

// uploadReport is what was found out about a file, and what can be done next.
type uploadReport struct {
	Assessment *release.Assessment
	Number     string          // of the file, where several are on the page; else ""
	Refusal    string          // "" when it can be published
	Again      *uploadAgain    // how to send a refused file once more; nil when that would not help
	Draft      string          // its id, when it is kept
	Platform   *fleet.Platform // that it can be published for
	Whole      bool            // the report comes with its page
}

// Inspection is what was found in the file; nil when it was not even read.
func (r *uploadReport) Inspection() *firmware.Inspection {
	if r.Assessment == nil {
		return nil
	}
	return r.Assessment.Inspection
}

// Audience says who would be offered the file.
func (r *uploadReport) Audience() string {
	if r.Assessment.Filesystem != "" {
		return "boards of " + r.Platform.Name + " get it when they ask for their file system"
	}
	return audience(r.Platform)
}

// Done says what was done with the file.
func (r *uploadReport) Done() string {
	if r.Assessment.Beside != nil {
		return fmt.Sprintf("The merged file is kept for the first installation of %s %s.", r.Platform.Name, r.Assessment.Version)
	}
	return fmt.Sprintf("%s %s is published: %s.", r.Platform.Name, r.Assessment.Name(), r.Audience())
}

// Installable reports whether what the platform offers now can be installed by
// the file.
func (r *uploadReport) Installable() bool {
	a := r.Assessment
	return a.Merged != nil && (a.Beside == nil || a.Beside.Offered)
}

// Reason is the finding for which the file is refused, which the refusal tells
// whole; nil when it is refused for something else.
func (r *uploadReport) Reason() *firmware.Finding {
	if r.Refusal == "" || r.Inspection() == nil {
		return nil
	}
	for _, f := range r.Inspection().Failures() {
		if strings.HasPrefix(r.Refusal, f.Detail) {
			return &f
		}
	}
	return nil
}

// Advice is what the refusal says beyond its reason: what to do.
func (r *uploadReport) Advice() string {
	if reason := r.Reason(); reason != nil {
		return strings.TrimSpace(strings.TrimPrefix(r.Refusal, reason.Detail))
	}
	return ""
}

// findingsView is what was found in a file, sorted by what matters most.
type findingsView struct {
	Bad    []firmware.Finding // fails, then warnings
	Passed []firmware.Finding
}

// Findings are those of the file, but for the one that the refusal tells.
func (r *uploadReport) Findings() findingsView {
	v, reason := sortFindings(r.Assessment.Inspection), r.Reason()
	v.Bad = slices.DeleteFunc(v.Bad, func(f firmware.Finding) bool { return reason != nil && f == *reason })
	return v
}

func sortFindings(i *firmware.Inspection) findingsView {
	v := findingsView{Bad: i.Failures()}
	for _, f := range i.Findings {
		switch f.Status {
		case firmware.Warn:
			v.Bad = append(v.Bad, f)
		case firmware.Pass:
			v.Passed = append(v.Passed, f)
		}
	}
	return v
}
