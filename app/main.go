// Command app is ESP Update Server: a self-hosted server that keeps ESP8266 and
// ESP32 boards up to date over the air.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"runtime/debug"
	"syscall"

	"github.com/alecthomas/kong"

	"esp-update-server/app/activity"
)

// commands are what the program can do; with no argument it serves.
type commands struct {
	Settings settings `embed:"" group:"Settings (environment variables)"`

	Serve   serveCommand   `cmd:"" default:"1" help:"Serve boards and browsers (the default)."`
	Inspect inspectCommand `cmd:"" help:"Say what firmware files are; exit 0 when a board can take every one."`
	Token   struct {
		Create tokenCommand `cmd:"" help:"Create a write token for the API, alone on the last line."`
	} `cmd:"" help:"API tokens."`
	User struct {
		Link linkCommand `cmd:"" help:"Print a one-time link that sets a new password for a user."`
	} `cmd:"" help:"Users."`
	Import  importCommand  `cmd:"" help:"Move in from one of the original servers."`
	Backup  backupCommand  `cmd:"" help:"Write everything into one file, with the server running or not."`
	Restore restoreCommand `cmd:"" help:"Fill an empty database from a backup, on SQLite or Postgres."`
	Version versionCommand `cmd:"" help:"Print the version."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "esp-update-server: %v\n", err)
		os.Exit(1)
	}
}

// errHelp ends run after --help was printed.
var errHelp = errors.New("help was printed")

// run parses the arguments and the environment and does one command.
func run(ctx context.Context, args []string, out io.Writer) (err error) {
	var c commands
	ctx = activity.By(ctx, activity.CommandLine)
	parser, err := kong.New(&c,
		kong.Name("esp-update-server"), kong.Writers(out, out),
		kong.Description("Keeps ESP8266 and ESP32 boards up to date over the air."),
		kong.Exit(func(int) { panic(errHelp) }), kong.BindTo(ctx, (*context.Context)(nil)), kong.BindTo(out, (*io.Writer)(nil)),
	)
	if err != nil {
		return err
	}
	defer func() {
		if p := recover(); p != nil && p != errHelp {
			panic(p)
		}
	}()
	k, err := parser.Parse(args)
	if err != nil {
		return naming(err)
	}
	cfg, err := c.Settings.parse()
	if err != nil {
		return err
	}
	return k.Run(cfg)
}

// fromSetting finds in Kong's words which environment variable is wrong.
var fromSetting = regexp.MustCompile(`^--[a-z-]+: (.*) \(from envar ([A-Z_]+)=.*\)$`)

// naming says of a bad setting its name, where Kong says that of its flag.
func naming(err error) error {
	if m := fromSetting.FindStringSubmatch(err.Error()); m != nil {
		return fmt.Errorf("%s: %s", m[2], m[1])
	}
	return err
}

type versionCommand struct{}

// Run prints the version.
func (versionCommand) Run(out io.Writer) error {
	_, err := fmt.Fprintln(out, programVersion())
	return err
}

// builtVersion is set by builds that do not see the repository's tags.
var builtVersion string

// programVersion is the version that the build noted, or "devel".
func programVersion() string {
	if builtVersion != "" {
		return builtVersion
	}
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "devel"
	}
	return info.Main.Version
}
