package handlers_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/fleet"
	"esp-update-server/db"
	"esp-update-server/db/dbtest"
	"esp-update-server/handlers"
)

// BenchmarkChecks asks for updates that there are not, over loopback: this server
// with twenty thousand devices on either engine, which have all asked before,
// and an empty Fiber handler. scripts/bench is the one that compares them round
// by round, in processes of their own.
func BenchmarkChecks(b *testing.B) {
	const devices = 20_000
	contenders := map[string]func(b *testing.B) string{
		"empty":    empty,
		"sqlite":   func(b *testing.B) string { return filled(b, dbtest.SQLite(b), devices) },
		"postgres": func(b *testing.B) string { return filled(b, dbtest.Postgres(b), devices) },
	}
	for _, name := range []string{"empty", "sqlite", "postgres"} {
		b.Run(name, func(b *testing.B) {
			address := contenders[name](b)
			b.Run("kept", func(b *testing.B) { askAll(b, address, devices, true, b.N) })
			b.Run("new", func(b *testing.B) { askAll(b, address, devices, false, b.N) })
		})
	}
}

func empty(b *testing.B) string {
	l, err := handlers.Listen("127.0.0.1:0", slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	app.Get("/update", func(c *fiber.Ctx) error { return c.SendStatus(fiber.StatusNotModified) })
	go func() { _ = app.Listener(l) }()
	b.Cleanup(func() { _ = app.Shutdown() })
	return l.Addr().String()
}

// filled is a server on which each device asked once, and that has written it.
func filled(b *testing.B, c db.Config, devices int) string {
	d := dbtest.Open(b, c)
	dbtest.Fill(b, c, devices)
	address := serve(b, d)
	askAll(b, address, devices, true, devices)
	for left := devices; left > devices/50; time.Sleep(100 * time.Millisecond) { // those on no whitelist do not ask
		left = 0
		err := d.Index.Devices(context.Background(), func(k fleet.Known) {
			if k.Facts == 0 {
				left++
			}
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	return address
}

// askAll asks n times, for one device after the other, as 64 boards at once.
func askAll(b *testing.B, address string, devices int, keep bool, n int) {
	const boards = 64
	var asked atomic.Int64
	done := make(chan error, boards)
	for range boards {
		go func() {
			a := asker{address: address, keep: keep}
			defer a.close()
			for i := asked.Add(1) - 1; i < int64(n); i = asked.Add(1) - 1 {
				if err := a.ask(int(i) % devices); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range boards {
		if err := <-done; err != nil {
			b.Fatal(err)
		}
	}
}

// asker is a board made of a plain socket, since it shares the processors with
// what is measured.
type asker struct {
	address string
	keep    bool
	conn    net.Conn
	answer  [2048]byte
}

func (a *asker) ask(i int) error {
	if a.conn == nil {
		c, err := net.Dial("tcp", a.address)
		if err != nil {
			return err
		}
		a.conn = c
	}
	mac, platform, permitted := dbtest.Filled(i)
	if !permitted {
		return nil
	}
	protocol := "HTTP/1.1"
	if !a.keep {
		protocol = "HTTP/1.0"
	}
	request := fmt.Sprintf("GET /update?dev=%s&ver=v9.0.0 %s\r\nHost: x\r\nUser-Agent: ESP8266-http-Update\r\nx-ESP8266-STA-MAC: %s\r\n"+
		"x-ESP8266-free-space: 1716224\r\nx-ESP8266-sketch-md5: 0123456789abcdef0123456789abcdef\r\nx-ESP8266-chip-size: 4194304\r\n"+
		"x-ESP8266-sdk-version: 2.2.2-dev(38a443e)\r\nx-ESP8266-mode: sketch\r\n\r\n", platform, protocol, strings.ToUpper(mac))
	if _, err := io.WriteString(a.conn, request); err != nil {
		return err
	}
	n := 0
	for !bytes.HasSuffix(a.answer[:n], []byte("\r\n\r\n")) {
		read, err := a.conn.Read(a.answer[n:])
		if err != nil {
			return err
		}
		n += read
	}
	if !a.keep {
		a.close()
	}
	return nil
}

func (a *asker) close() {
	if a.conn != nil {
		_ = a.conn.Close()
		a.conn = nil
	}
}
