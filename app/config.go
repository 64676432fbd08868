package main

import (
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"
)

// settings are the environment variables that the server reads. Kong prints
// them with --help, so their words are those of the README.
type settings struct {
	Port           wholeNumber `env:"PORT" default:"5000" help:"Port to listen on."`
	Bind           string      `env:"BIND" default:"" help:"Address to listen on; empty for all interfaces."`
	DatabaseURL    string      `env:"DATABASE_URL" default:"" help:"postgres://user:password@host/name; empty for SQLite in DATA_DIR."`
	DataDir        string      `env:"DATA_DIR" default:"data" help:"Folder for the SQLite database; created if missing."`
	AdminEmail     string      `env:"ADMIN_EMAIL" default:"" help:"This user is an admin after start."`
	AdminPassword  string      `env:"ADMIN_PASSWORD" default:"" help:"Password of that user, where it is created or first made an admin."`
	Signup         string      `env:"SIGNUP" default:"open" help:"open or closed: whether people may sign up (and wait for an admin)."`
	PublicURL      string      `env:"PUBLIC_URL" default:"" help:"How people reach the server; with https, pages redirect to it."`
	TrustedProxies []string    `env:"TRUSTED_PROXIES" default:"" help:"Comma-separated CIDRs whose X-Forwarded-* headers count."`
	TLSCert        string      `name:"tls-cert" env:"TLS_CERT" default:"" help:"Certificate file, to speak TLS without a proxy; read again when it changes."`
	TLSKey         string      `name:"tls-key" env:"TLS_KEY" default:"" help:"Key file of that certificate."`
	MaxFirmware    byteSize    `env:"MAX_FIRMWARE_SIZE" default:"16MiB" help:"Largest firmware file, in bytes or with KiB or MiB."`
	ImageCache     byteSize    `env:"IMAGE_CACHE" default:"256MiB" help:"Memory for firmware images, in bytes or with KiB or MiB."`
	KeepReleases   wholeNumber `env:"KEEP_RELEASES" default:"10" help:"Releases kept for each platform; what is offered is always kept."`
	HistoryDays    wholeNumber `env:"HISTORY_DAYS" default:"90" help:"Days for which the history of devices is kept."`
	ActivityDays   wholeNumber `env:"ACTIVITY_DAYS" default:"365" help:"Days for which the activity of people is kept."`
	MaxNewDevices  wholeNumber `env:"MAX_NEW_DEVICES" default:"10000" help:"New devices kept; the longest unseen go first."`
	LogLevel       string      `env:"LOG_LEVEL" default:"info" help:"debug, info, warn or error."`
	LogFormat      string      `env:"LOG_FORMAT" default:"text" help:"text or json."`
	Dyno           string      `env:"DYNO" default:"" hidden:""`
}

// config is the settings as they were understood.
type config struct {
	settings
	publicURL *url.URL
	proxies   []netip.Prefix
	log       *slog.Logger
	cert      *certificate // nil without TLS
}

// wholeNumber is a number that is written as digits alone.
type wholeNumber int

// UnmarshalText reads a number.
func (w *wholeNumber) UnmarshalText(text []byte) error {
	n, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 31)
	if err != nil {
		return fmt.Errorf("%q is not a whole number", text)
	}
	*w = wholeNumber(n)
	return nil
}

// byteSize is a number of bytes.
type byteSize int64

// UnmarshalText reads a size: a number, alone or with KiB or MiB.
func (b *byteSize) UnmarshalText(text []byte) error {
	s, factor := strings.TrimSpace(string(text)), int64(1)
	for unit, f := range map[string]int64{"KiB": 1 << 10, "MiB": 1 << 20} {
		if n, found := strings.CutSuffix(s, unit); found {
			s, factor = strings.TrimSpace(n), f
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 1 || n > 1<<40/factor {
		return fmt.Errorf("%q is not a size: write bytes, or a number with KiB or MiB", text)
	}
	*b = byteSize(n * factor)
	return nil
}

// herokuRouter is where Heroku's router speaks from.
const herokuRouter = "10.0.0.0/8"

// parse checks what Kong could not. Its errors name the setting.
func (s settings) parse() (*config, error) {
	c := &config{settings: s}
	if s.Port < 1 || s.Port > 65535 {
		return nil, fmt.Errorf("PORT is %d: it must be from 1 to 65535", s.Port)
	}
	for name, n := range map[string]wholeNumber{"KEEP_RELEASES": s.KeepReleases, "HISTORY_DAYS": s.HistoryDays, "ACTIVITY_DAYS": s.ActivityDays, "MAX_NEW_DEVICES": s.MaxNewDevices} {
		if n < 1 {
			return nil, fmt.Errorf("%s is %d: it must be at least 1", name, n)
		}
	}
	if s.MaxFirmware > 1<<30 {
		return nil, fmt.Errorf("MAX_FIRMWARE_SIZE is over 1024 MiB, which no board has room for")
	}
	if s.Signup != "open" && s.Signup != "closed" {
		return nil, fmt.Errorf("SIGNUP is %q: it must be open or closed", s.Signup)
	}
	if s.Dyno != "" && s.DatabaseURL == "" {
		return nil, fmt.Errorf("DATABASE_URL is not set, and a dyno's disk is erased at each restart: add a Postgres database to the app")
	}
	if s.Bind != "" && net.ParseIP(s.Bind) == nil && s.Bind != "localhost" {
		return nil, fmt.Errorf("BIND is %q: it must be an IP address, or empty for all interfaces", s.Bind)
	}
	return c, c.parseRest()
}

func (c *config) parseRest() (err error) {
	if c.PublicURL != "" {
		u, err := url.Parse(c.PublicURL)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || strings.Trim(u.Path, "/") != "" {
			return fmt.Errorf("PUBLIC_URL is %q: it must be like https://ota.example.com", c.PublicURL)
		}
		c.publicURL = u
	}
	if len(c.TrustedProxies) == 0 && c.Dyno != "" {
		c.TrustedProxies = []string{herokuRouter}
	}
	for _, text := range c.TrustedProxies {
		p, err := parsePrefix(strings.TrimSpace(text))
		if err != nil {
			return fmt.Errorf("TRUSTED_PROXIES has %q: it must be a comma-separated list like 10.0.0.0/8", text)
		}
		c.proxies = append(c.proxies, p)
	}
	if c.log, err = c.logger(); err != nil {
		return err
	}
	return c.parseTLS()
}

func (c *config) parseTLS() (err error) {
	if c.TLSCert == "" && c.TLSKey == "" {
		return nil
	}
	if c.TLSCert == "" || c.TLSKey == "" {
		return fmt.Errorf("TLS_CERT and TLS_KEY belong together: set both or neither")
	}
	c.cert, err = newCertificate(c.TLSCert, c.TLSKey, c.log)
	return err
}

// parsePrefix reads a CIDR, or a single address as one.
func parsePrefix(s string) (netip.Prefix, error) {
	if p, err := netip.ParsePrefix(s); err == nil {
		return p.Masked(), nil
	}
	ip, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Prefix{}, err
	}
	return netip.PrefixFrom(ip, ip.BitLen()), nil
}

func (c *config) logger() (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		return nil, fmt.Errorf("LOG_LEVEL is %q: it must be debug, info, warn or error", c.LogLevel)
	}
	o := &slog.HandlerOptions{Level: level}
	switch c.LogFormat {
	case "text":
		return slog.New(slog.NewTextHandler(os.Stderr, o)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(os.Stderr, o)), nil
	}
	return nil, fmt.Errorf("LOG_FORMAT is %q: it must be text or json", c.LogFormat)
}

// address is what the server listens on.
func (c *config) address() string { return net.JoinHostPort(c.Bind, strconv.Itoa(int(c.Port))) }

// baseURL is how people reach the server: what PUBLIC_URL says, else this
// machine's address in its network.
func (c *config) baseURL() string {
	if c.publicURL != nil {
		return strings.TrimSuffix(c.publicURL.String(), "/")
	}
	host := c.Bind
	if host == "" || net.ParseIP(host).IsUnspecified() {
		host = lanAddress()
	}
	scheme := "http://"
	if c.cert != nil {
		scheme = "https://"
	}
	return scheme + net.JoinHostPort(host, strconv.Itoa(int(c.Port)))
}

// lanAddress is the address from which this machine reaches others; no packet
// is sent to find it.
func lanAddress() string {
	conn, err := net.Dial("udp", "192.0.2.1:9")
	if err != nil {
		return "localhost"
	}
	defer conn.Close()
	return conn.LocalAddr().(*net.UDPAddr).IP.String()
}
