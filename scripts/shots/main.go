// Command shots takes the pictures of the README from a running demo:
//
//	scripts/screenshots
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// out is where the README looks for them.
const out = "examples/screenshots"

// shots are the pictures: a page, a colour scheme, a size in CSS pixels.
var shots = []struct {
	name, path, scheme string
	width, height      int64
}{
	{"overview", "/", "light", 1200, 860},
	{"devices", "/devices", "light", 1200, 640},
}

func main() {
	if err := run(os.Getenv("DEMO_URL")); err != nil {
		fmt.Fprintln(os.Stderr, "screenshots:", err)
		os.Exit(1)
	}
}

func run(server string) error {
	if server == "" {
		return fmt.Errorf("DEMO_URL is not set: run scripts/screenshots")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox)
	if path := os.Getenv("CHROMIUM"); path != "" {
		options = append(options, chromedp.ExecPath(path))
	}
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	defer cancel()
	ctx, cancel = chromedp.NewContext(ctx)
	defer cancel()
	ctx, cancel = context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	if err := signIn(ctx, server); err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o755); err != nil { // #nosec G301 -- pictures for everybody
		return err
	}
	for _, s := range shots {
		if err := show(ctx, server+s.path, s.scheme, s.width, s.height); err != nil {
			return err
		}
		png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(out, s.name+".png"), png, 0o644); err != nil { // #nosec G306 -- likewise
			return err
		}
	}
	return nil
}

func signIn(ctx context.Context, server string) error {
	return chromedp.Do(ctx,
		chromedp.Navigate(server+"/session/new"), chromedp.WaitVisible("input[name=password]"),
		chromedp.SendKeys("input[name=email]", os.Getenv("ADMIN_EMAIL")),
		chromedp.SendKeys("input[name=password]", os.Getenv("ADMIN_PASSWORD")+"\r"),
		chromedp.WaitVisible("main table, main section"))
}

func show(ctx context.Context, url, scheme string, width, height int64) error {
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(width, height)); err != nil {
		return err
	}
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}
	if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, media); err != nil {
		return err
	}
	return chromedp.Do(ctx, chromedp.Navigate(url), chromedp.Sleep(time.Second))
}
