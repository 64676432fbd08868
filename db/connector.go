package db

import (
	"context"
	"database/sql/driver"
	"net"
	"sync"
	"time"

	"github.com/lib/pq"
)

// sharedBounds keep one process from holding up all others. One that hangs in the middle
// of a transaction, frozen or cut off from the network, loses it; and who waits for
// another's gives up in time to say so.
const sharedBounds = `SET idle_in_transaction_session_timeout = '10s'; SET lock_timeout = '15s'`

// abandonAfter is how long Postgres may take to end a statement whose time is up.
const abandonAfter = time.Second

// connector opens connections to Postgres. lib/pq asks the server to end a
// statement when its context ends, and waits for the server to say that it did:
// for ever, when the server hangs or the network swallows everything. These
// connections are cut then.
type connector struct {
	dsn    string
	bounds string // statements that each connection begins with
}

// Driver is for database/sql, which asks for it.
func (c connector) Driver() driver.Driver { return &pq.Driver{} }

// Connect opens a connection.
func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	inner, err := pq.NewConnector(c.dsn)
	if err != nil {
		return nil, err
	}
	line := &wire{}
	inner.Dialer(line)
	conn, err := inner.Connect(ctx)
	if err != nil {
		return nil, err
	}
	line.open = true
	bounded := &patient{conn.(pqConn), line}
	if _, err := bounded.ExecContext(ctx, c.bounds, nil); err != nil {
		_ = bounded.Close()
		return nil, err
	}
	return bounded, nil
}

// pqConn is what a connection of lib/pq can do.
type pqConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
	driver.NamedValueChecker
}

// patient is a connection that waits until the context of its last statement
// ends, and no longer.
type patient struct {
	pqConn
	line *wire
}

// QueryContext sends a query.
func (p *patient) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	p.line.bind(ctx)
	return p.pqConn.QueryContext(ctx, query, args)
}

// ExecContext sends a statement.
func (p *patient) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	p.line.bind(ctx)
	return p.pqConn.ExecContext(ctx, query, args)
}

// PrepareContext prepares a statement.
func (p *patient) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	p.line.bind(ctx)
	return p.pqConn.PrepareContext(ctx, query)
}

// BeginTx begins a transaction.
func (p *patient) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	p.line.bind(ctx)
	return p.pqConn.BeginTx(ctx, o)
}

// Ping asks whether the server is there.
func (p *patient) Ping(ctx context.Context) error {
	p.line.bind(ctx)
	return p.pqConn.Ping(ctx)
}

// IsValid is asked when the connection is given back: contexts that end later
// are none of its business.
func (p *patient) IsValid() bool {
	p.line.bind(context.Background())
	return p.pqConn.IsValid()
}

// wire is the network below a connection: what was dialled last until it is open.
// Later lib/pq dials others, to say that a statement is to end.
type wire struct {
	conn net.Conn
	open bool

	mu   sync.Mutex
	stop func() // for the last context
}

// bind cuts the wire when a context has ended and nothing came of it for a while.
func (l *wire) bind(ctx context.Context) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stop != nil {
		l.stop()
	}
	ended, release := context.WithCancel(context.Background())
	stop := context.AfterFunc(ctx, func() {
		select {
		case <-time.After(abandonAfter):
			_ = l.conn.Close()
		case <-ended.Done():
		}
	})
	l.stop = func() { stop(); release() }
}

// Dial is for lib/pq.
func (l *wire) Dial(network, address string) (net.Conn, error) {
	return l.DialContext(context.Background(), network, address)
}

// DialTimeout is for lib/pq.
func (l *wire) DialTimeout(network, address string, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return l.DialContext(ctx, network, address)
}

// DialContext is for lib/pq.
func (l *wire) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err == nil && !l.open {
		l.conn = conn
	}
	return conn, err
}
