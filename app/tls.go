package main

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync"
	"time"
)

// reloadEvery is how often the certificate's files are looked at: whoever
// renews it needs no restart.
const reloadEvery = 10 * time.Second

// certificate is a certificate that is read again when its files change.
type certificate struct {
	certFile, keyFile string
	log               *slog.Logger

	mu      sync.Mutex
	current *tls.Certificate
	changed time.Time // of the newer file
	looked  time.Time
}

// newCertificate reads the files of TLS_CERT and TLS_KEY.
func newCertificate(certFile, keyFile string, log *slog.Logger) (*certificate, error) {
	c := &certificate{certFile: certFile, keyFile: keyFile, log: log}
	if err := c.load(); err != nil {
		return nil, fmt.Errorf("TLS_CERT and TLS_KEY: %w", err)
	}
	return c, nil
}

func (c *certificate) load() error {
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return err
	}
	c.current, c.changed, c.looked = &pair, c.filesChanged(), time.Now()
	return nil
}

func (c *certificate) filesChanged() (newest time.Time) {
	for _, name := range []string{c.certFile, c.keyFile} {
		if info, err := os.Stat(name); err == nil && info.ModTime().After(newest) {
			newest = info.ModTime()
		}
	}
	return newest
}

// get is the certificate for a connection. While the files are half replaced
// the one before stays.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.looked) < reloadEvery {
		return c.current, nil
	}
	c.looked = time.Now()
	if c.filesChanged().Equal(c.changed) {
		return c.current, nil
	}
	if err := c.load(); err != nil {
		c.log.Error("the new certificate cannot be used; the one before stays", "err", err)
		return c.current, nil
	}
	c.log.Info("the certificate was read again")
	return c.current, nil
}

// encrypt makes a listener speak TLS.
func (c *certificate) encrypt(l net.Listener) net.Listener {
	return tls.NewListener(l, &tls.Config{GetCertificate: c.get, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}})
}
