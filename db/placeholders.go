package db

import (
	"strconv"
	"strings"
)

// placeholder is the place of the n-th argument in a query.
func placeholder(n int) string { return "$" + strconv.Itoa(n) }

// tuples is rows of a VALUES list: as many as given, of so many columns each.
func tuples(rows, columns int) string {
	var b strings.Builder
	for n := range rows * columns {
		switch {
		case n == 0:
			b.WriteString("(")
		case n%columns == 0:
			b.WriteString("), (")
		default:
			b.WriteString(", ")
		}
		b.WriteString(placeholder(n + 1))
	}
	b.WriteString(")")
	return b.String()
}

// places is the places of so many arguments, for an IN list.
func places(n int) string { return strings.Trim(tuples(1, n), "()") }

// anys is a list as arguments.
func anys[T any](list []T) []any {
	args := make([]any, len(list))
	for i, v := range list {
		args[i] = v
	}
	return args
}
