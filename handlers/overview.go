package handlers

import (
	"context"

	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/account"
	"esp-update-server/app/fleet"
	"esp-update-server/app/live"
)

type homeWaiting struct{ page }

type overviewIndex struct {
	page
	States   []stateTile
	Steps    *firstSteps // nil once all are done
	Problems []problem
	CheckIns checkInChart
	Adoption []adoptionBar
	Feed     []feedLine
	Sizes    dataSizes
}

// stateTile is how many devices are in a state, and where they are listed.
type stateTile struct {
	Mark    mark
	Devices int64
	To      string
}

// overview handles GET /: how the fleet is, problems first.
func (s *server) overview(c *fiber.Ctx) error {
	if userOf(c).Role == account.Plain {
		return s.page(c, "home/waiting", &homeWaiting{page{Title: "Almost there"}})
	}
	v := &overviewIndex{page: page{Title: "Overview", Live: live.Device + " " + live.Fleet + " " + live.Feed + " " + live.Platform + " " + live.Counted}}
	if err := s.fillOverview(c.UserContext(), v); err != nil {
		return err
	}
	if mayChange(c) {
		v.Problems = append(s.proxies.problems(), v.Problems...)
	} else {
		v.Problems = onlyShown(v.Problems)
	}
	if v.Steps != nil {
		v.Steps.URL, v.Steps.MayChange = s.boardURL(c), mayChange(c)
	}
	return s.page(c, "overview/index", v)
}

func (s *server) fillOverview(ctx context.Context, v *overviewIndex) error {
	stats, err := s.stats.get(ctx, s.lastChanged(), s.Devices.Stats)
	if err != nil {
		return err
	}
	platforms, err := s.Platforms.List(ctx)
	if err != nil {
		return err
	}
	if v.CheckIns, err = s.checkInChart(ctx); err != nil {
		return err
	}
	if v.Problems, err = s.twinProblems(ctx); err != nil {
		return err
	}
	v.States, v.Problems = stateTiles(stats), append(v.Problems, problemsOf(stats, platforms)...)
	v.Steps, v.Adoption = stepsLeft(stats, platforms), adoptionBars(stats, platforms)
	if v.Sizes, err = s.dataSizes(ctx); err != nil {
		return err
	}
	v.Feed, err = s.feed(ctx)
	return err
}

// stateTiles is every state, in the order in which people want to know.
func stateTiles(stats *fleet.Stats) []stateTile {
	var tiles []stateTile
	for _, state := range []fleet.State{fleet.UpToDate, fleet.Behind, fleet.New, fleet.Refused, fleet.Silent, fleet.Waiting} {
		t := stateTile{Mark: marks[state], Devices: stats.In(state), To: "/devices?state=" + string(state)}
		if state == fleet.New {
			t.To = "/new-devices"
		}
		tiles = append(tiles, t)
	}
	return tiles
}

// firstSteps leads from an empty server to the first board that updates.
type firstSteps struct {
	Platform  string // the first there is; "" for none
	Published bool
	Heard     bool
	URL       string // as boards reach the server
	MayChange bool
}

// stepsLeft is nil when there is nothing more to show to a beginner.
func stepsLeft(stats *fleet.Stats, platforms []fleet.Platform) *firstSteps {
	f := &firstSteps{}
	for i := range platforms {
		if f.Platform == "" || platforms[i].Version != "" && !f.Published {
			f.Platform = platforms[i].Name
		}
		f.Published = f.Published || platforms[i].Version != ""
	}
	for i := range stats.Groups {
		f.Heard = f.Heard || stats.Groups[i].State != fleet.Waiting
	}
	if f.Platform != "" && f.Published && f.Heard {
		return nil
	}
	return f
}
