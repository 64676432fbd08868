// Package fleet knows platforms, devices, the whitelist and check-ins: their
// names, their rules and their states. It knows neither HTTP nor SQL.
package fleet
