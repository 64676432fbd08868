package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"slices"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// awayCodes begin the codes by which Postgres says that it takes no work just
// now: the connection broke, it lets nobody in, it stops or starts, its
// connections are all in use, it became the copy of another, or somebody else
// holds what is to be changed.
var awayCodes = []string{"08", "28", "3D", "57", "53300", "25006", "25P03", "55P03"}

// IsAway reports whether an error says that the database does not answer just
// now, so that the same may well go right in a moment.
func IsAway(err error) bool {
	var code interface{ SQLState() string }
	if errors.As(err, &code) {
		return slices.ContainsFunc(awayCodes, func(c string) bool { return strings.HasPrefix(code.SQLState(), c) })
	}
	var busy *sqlite.Error
	if errors.As(err, &busy) {
		return busy.Code()&0xff == sqlite3.SQLITE_BUSY
	}
	var network net.Error
	return errors.As(err, &network) || slices.ContainsFunc([]error{
		driver.ErrBadConn, sql.ErrConnDone, io.EOF, io.ErrUnexpectedEOF, context.DeadlineExceeded,
	}, func(away error) bool { return errors.Is(err, away) })
}
