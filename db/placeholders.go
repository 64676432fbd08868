package db

import (
	"strconv"
	"strings"
)

// placeholder is the place of the n-th argument in a query.
func placeholder(n int) string { return "$" + strconv.Itoa(n) }

// tuples is rows of a VALUES list: as many as given, of so many columns each. The
// query is to be rebound: SQLite takes $1 for a name, and looks through all names
// for each, while Postgres knows no places without a number.
func tuples(rows, columns int) string {
	return listed("("+places(columns)+")", rows)
}

// places is the places of so many arguments, for an IN list. The query is to be
// rebound.
func places(n int) string { return listed("?", n) }

// listed is a text as often as given, with commas.
func listed(text string, times int) string {
	return strings.TrimSuffix(strings.Repeat(text+", ", times), ", ")
}

// anys is a list as arguments.
func anys[T any](list []T) []any {
	args := make([]any, len(list))
	for i, v := range list {
		args[i] = v
	}
	return args
}
