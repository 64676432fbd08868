package handlers

import (
	"log/slog"
	"net"
	"time"
)

// ListenWithPatience is Listen, with another bound on the time for a piece.
func ListenWithPatience(address string, patience time.Duration) (net.Listener, error) {
	l, err := Listen(address, slog.New(slog.DiscardHandler))
	if err == nil {
		l.(*listener).patience = patience
	}
	return l, err
}

// Rule is a line of the table of routes.
type Rule struct{ Method, Path, Access string }

// Rules are the lines of the table of routes. One whose access has no name here
// has the empty one.
func Rules() []Rule {
	names := map[access]string{
		anyone: "anyone", nobody: "nobody", signedIn: "signedIn", viewing: "viewing", changing: "changing", reading: "reading", writing: "writing",
	}
	var list []Rule
	for _, r := range (&server{}).routes() {
		list = append(list, Rule{r.method, r.path, names[r.access]})
	}
	return list
}
