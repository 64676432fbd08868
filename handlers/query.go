package handlers

import (
	"net/url"
	"strings"
)

// rawParam is the first value of a parameter in a query that boards send
// unescaped: a plus is a plus, and a semicolon is no separator. An escape that
// is none is kept as it stands.
func rawParam(query, name string) string {
	for query != "" {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		key, value, _ := strings.Cut(pair, "=")
		if !strings.EqualFold(key, name) {
			continue
		}
		if plain, err := url.PathUnescape(value); err == nil {
			return plain
		}
		return value
	}
	return ""
}
