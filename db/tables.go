package db

import (
	"context"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// leftOut are the tables that no backup holds, each with the reason. Every other
// table is taken as it is found.
var leftOut = map[string]string{
	"goose_db_version": itsOwn,
	"index_state":      itsOwn,
	"index_changes":    "what other processes are told of changes",
	"sessions":         "who restores a backup must not be signed in as others were",
	"session_payloads": "they belong to the sessions",
	"challenges":       "half of a sign-in",
	"links":            "one-time links are good once, and for a day",
	"throttles":        "what strangers tried a moment ago",
	"known_addresses":  "where people signed in from lately",
	"locks":            "held while somebody acts",
	"drafts":           "uploads of the last day that nobody published; their files are with who dropped them",
	"pins":             "what boards are in the middle of",
	"removals":         "what can be undone for a moment",
	"removed_devices":  "what people wanted gone, kept for that moment",
}

// itsOwn is why a table is left as it is on either side.
const itsOwn = "every database counts for itself: its schema, its changes"

// table is a table of a SQLite file of ours.
type table struct {
	name    string
	columns []string // those that are stored, not reckoned
	parents []string // the tables that it refers to
}

// tables are those that a backup holds, each after all that it refers to.
func (d *DB) tables(ctx context.Context) ([]table, error) {
	var names []string
	err := d.read.SelectContext(ctx, &names, `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!' ORDER BY name`)
	if err != nil {
		return nil, err
	}
	var list []table
	for _, name := range names {
		if leftOut[name] != "" {
			continue
		}
		t := table{name: name}
		if err := d.read.SelectContext(ctx, &t.columns, `SELECT name FROM pragma_table_xinfo($1) WHERE hidden = 0 ORDER BY cid`, name); err != nil {
			return nil, err
		}
		if err := d.read.SelectContext(ctx, &t.parents, `SELECT DISTINCT "table" FROM pragma_foreign_key_list($1)`, name); err != nil {
			return nil, err
		}
		list = append(list, t)
	}
	return parentsFirst(list), nil
}

// parentsFirst orders tables so that each comes after those that it refers to.
func parentsFirst(list []table) []table {
	var sorted []table
	var add func(name string)
	add = func(name string) {
		named := func(t table) bool { return t.name == name }
		at := slices.IndexFunc(list, named)
		if at < 0 || slices.ContainsFunc(sorted, named) {
			return
		}
		for _, parent := range list[at].parents {
			if parent != name {
				add(parent)
			}
		}
		sorted = append(sorted, list[at])
	}
	for i := range list {
		add(list[i].name)
	}
	return sorted
}

// quoted is the columns of a table, for a query.
func (t *table) quoted() string {
	names := make([]string, len(t.columns))
	for i, c := range t.columns {
		names[i] = pq.QuoteIdentifier(c)
	}
	return strings.Join(names, ", ")
}

// copyTo copies all rows of a table into the same table of another database,
// one row at a time: an image fills one.
func (t *table) copyTo(ctx context.Context, from sqlx.QueryerContext, to *sqlx.Tx, e engine) error {
	rows, err := from.QueryxContext(ctx, `SELECT `+t.quoted()+` FROM `+pq.QuoteIdentifier(t.name)) // #nosec G202 -- names of our own schema
	if err != nil {
		return err
	}
	defer rows.Close()
	add, err := to.PrepareContext(ctx, e.filling(t))
	if err != nil {
		return err
	}
	defer add.Close()
	each := context.WithoutCancel(ctx) // the rows end with ctx, and to watch it for each one costs more than the row
	for rows.Next() {
		row, err := rows.SliceScan()
		if err != nil {
			return err
		}
		if _, err := add.ExecContext(each, row...); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return e.filled(ctx, add)
}
