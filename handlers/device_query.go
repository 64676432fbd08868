package handlers

import (
	"net/url"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"esp-update-server/app/fault"
	"esp-update-server/app/fleet"
)

// atEnd is what a query gives as before for the last page of a list.
const atEnd = "end"

// deviceQuery reads what of the devices is asked for, and which page of it.
func deviceQuery(c *fiber.Ctx) (q fleet.DeviceQuery, err error) {
	q, err = deviceFilter(c.Context().QueryArgs())
	if err != nil {
		return q, err
	}
	q.Limit = c.QueryInt("limit", apiLimit)
	if q.Limit < 1 || q.Limit > apiMaxLimit {
		return q, fault.Field("limit", "The limit is a number from 1 to %d.", apiMaxLimit)
	}
	q.Sort, q.Descending = deviceSort(c.Query("sort"))
	q.Key = copied(c.Query("key"), 300)
	if after := c.Query("after"); after != "" {
		if q.After, err = fleet.ParseMAC(after); err != nil {
			return q, fault.Field("after", "This page of the list cannot be found: start again from the first.")
		}
	}
	switch before := c.Query("before"); {
	case before == atEnd:
		q.Last = true
	case before != "":
		if q.Before, err = fleet.ParseMAC(before); err != nil {
			return q, fault.Field("before", "This page of the list cannot be found: start again from the first.")
		}
	}
	return q, nil
}

// deviceFilter reads which devices are meant, from a query or from a form that
// repeats one.
func deviceFilter(args *fasthttp.Args) (q fleet.DeviceQuery, err error) {
	q.Platform = fleet.Cut(fleet.FoldPlatformName(string(args.Peek("platform"))), fleet.MaxReported)
	q.Search = fleet.Cut(strings.TrimSpace(string(args.Peek("q"))), 100)
	q.State = fleet.State(fleet.Cut(string(args.Peek("state")), 20))
	if q.State != "" && !slices.Contains(fleet.States, q.State) {
		return q, fault.Field("state", "There is no state %q: choose %s.", q.State, anyOf(fleet.States))
	}
	return q, nil
}

// deviceSort reads an order; a hyphen before it turns it around. What is no
// order is that of the MACs.
func deviceSort(s string) (fleet.DeviceSort, bool) {
	name, descending := strings.CutPrefix(s, "-")
	if i := slices.Index(fleet.DeviceSorts, fleet.DeviceSort(name)); i >= 0 {
		return fleet.DeviceSorts[i], descending
	}
	return fleet.ByMAC, false
}

// filterValues is a query's filter as it stands in addresses.
func filterValues(q *fleet.DeviceQuery) url.Values {
	v := url.Values{}
	set := func(name, value string) {
		if value != "" {
			v.Set(name, value)
		}
	}
	set("platform", q.Platform)
	set("q", q.Search)
	set("state", string(q.State))
	return v
}

// sortValue is an order as it stands in addresses; "" for that of the MACs.
func sortValue(sort fleet.DeviceSort, descending bool) string {
	switch {
	case descending:
		return "-" + string(sort)
	case sort == fleet.ByMAC:
		return ""
	}
	return string(sort)
}

// copied is a cut copy of a string that Fiber may overwrite.
func copied(s string, n int) string { return strings.Clone(fleet.Cut(s, n)) }
