package activity

// Query says which entries to list, the newest first. The zero value lists all.
type Query struct {
	Search string // in who, what, before and after; a MAC finds entries about many devices too
	Kind   Kind   // "" for any
	Author string // name; "" for any
	After  string // entries before the one of this key in time; "" for the newest
	Limit  int    // at most so many
}

// Filtered reports whether the query leaves entries out.
func (q *Query) Filtered() bool { return q.Search != "" || q.Kind != "" || q.Author != "" }

// Page is one page of the entries.
type Page struct {
	Entries []Entry
	More    bool // whether there are older ones
}
