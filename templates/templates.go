// Package templates embeds the HTML. One file is one template, named by its
// path; an underscore starts the name of a part of a page.
package templates

import "embed"

// FS holds the templates. The pattern names the files one by one, since a bare
// folder would leave out those that start with an underscore.
//
//go:embed */*.html
var FS embed.FS
