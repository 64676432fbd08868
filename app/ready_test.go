package main

import (
	"crypto/tls"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// waitUntilReady waits until boards are answered: the devices are loaded while it
// listens already.
func (p *process) waitUntilReady(t testing.TB) {
	t.Helper()
	scheme := "http://"
	if slices.ContainsFunc(p.Env, func(e string) bool { return strings.HasPrefix(e, "TLS_CERT=") }) {
		scheme = "https://"
	}
	client := http.Client{Timeout: patience, Transport: &http.Transport{
		DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, // #nosec G402 -- the test's own certificate
	}}
	for late := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		resp, err := client.Get(scheme + p.address + "/readyz")
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
		if time.Now().After(late) {
			t.Fatalf("it is never ready: %v\n%s", err, p.logged())
		}
	}
}
