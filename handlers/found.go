package handlers

import "fmt"

// Cleared is the table without what is searched in it.
func (t *deviceTable) Cleared() string {
	q := t.Query
	q.Search = ""
	return t.address(q, "", "", "")
}

// Found says how many devices match a search: to count more than are shown takes
// its time in a large fleet, and is left to who wants to take them all.
func (t *deviceTable) Found() string {
	switch n := int64(len(t.Rows)); {
	case t.Query.Search == "" || n == 0:
		return ""
	case t.Previous != "" || t.Next != "":
		return fmt.Sprintf("More than %d devices match.", pageSize)
	case n == 1:
		return "1 device matches."
	default:
		return count(n, "device") + " match."
	}
}
