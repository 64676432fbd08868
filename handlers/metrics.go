package handlers

import (
	"bytes"
	"context"
	"runtime"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/common/expfmt"
)

const (
	namespace     = "esp_update_server" // what the names of this server's metrics start with
	scrapeTimeout = 5 * time.Second     // Prometheus itself gives up after 10
)

// metrics counts what this process does since its start. What an answer counts
// under is at hand: a board waits for no look-up.
type metrics struct {
	registry *prometheus.Registry

	offers, noUpdates, refusals, failures prometheus.Counter
	downloads, sent                       prometheus.Counter
}

// newMetrics makes the metrics of a server. Each server has its own registry, so
// that tests can have many.
func newMetrics(s *server) *metrics {
	r := prometheus.NewRegistry()
	checkIns := prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: namespace, Name: "check_ins_total", Help: "Check-ins of boards, by what they were answered.",
	}, []string{"answer"})
	m := &metrics{
		registry: r,
		offers:   checkIns.WithLabelValues("offer"), noUpdates: checkIns.WithLabelValues("no-update"),
		refusals: checkIns.WithLabelValues("refusal"), failures: checkIns.WithLabelValues("failure"),
		downloads: prometheus.NewCounter(prometheus.CounterOpts{Namespace: namespace, Name: "downloads_total", Help: "Images that boards took to the last byte."}),
		sent:      prometheus.NewCounter(prometheus.CounterOpts{Namespace: namespace, Name: "download_bytes_total", Help: "Bytes of images that boards took."}),
	}
	built := prometheus.NewGauge(prometheus.GaugeOpts{
		Namespace: namespace, Name: "build_info", Help: "The version that runs; always 1.",
		ConstLabels: prometheus.Labels{"version": s.Version, "goversion": runtime.Version()},
	})
	built.Set(1)
	connections := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: namespace, Name: "open_connections", Help: "Open connections of boards and browsers."},
		func() float64 { return float64(s.app.Server().GetOpenConnectionsCount()) })
	waiting := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: namespace, Name: "check_ins_waiting", Help: "Devices whose news wait to be written to the database."},
		func() float64 { return float64(s.Writer.Waiting()) })
	r.MustRegister(checkIns, m.downloads, m.sent, built, connections, waiting, &gauges{s},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// measured counts what the device route answers.
func (s *server) measured(next fiber.Handler) fiber.Handler {
	return func(c *fiber.Ctx) error {
		err := next(c)
		if err != nil {
			s.metrics.failures.Inc()
			return err
		}
		switch c.Response().StatusCode() {
		case fiber.StatusNotModified, fiber.StatusNotFound: // the latter for Tasmota
			s.metrics.noUpdates.Inc()
		case fiber.StatusBadRequest:
			s.metrics.refusals.Inc()
		case fiber.StatusOK:
			if c.Response().IsBodyStream() {
				s.metrics.offers.Inc()
			} else { // the version alone was asked for
				s.metrics.noUpdates.Inc()
			}
		case fiber.StatusPartialContent, fiber.StatusRequestedRangeNotSatisfiable:
			s.metrics.offers.Inc()
		default:
			s.metrics.failures.Inc()
		}
		s.watch(c)
		return nil
	}
}

// watch counts what is taken of an image that is being sent.
func (s *server) watch(c *fiber.Ctx) {
	if d, ok := c.Response().BodyStream().(*download); ok && c.Method() != fiber.MethodHead {
		whole := c.Response().StatusCode() == fiber.StatusOK
		d.taken = func(bytes int, all bool) { s.metrics.taken(bytes, all && whole) }
	}
}

// taken counts what a board took of an image.
func (m *metrics) taken(bytes int, finished bool) {
	m.sent.Add(float64(bytes))
	if finished {
		m.downloads.Inc()
	}
}

// showMetrics handles GET /metrics, in Prometheus' text format. It shows counts
// and sizes, no names and no addresses; yet how large a fleet is and how busy is
// nobody else's business where the server is open to the world, so that it takes
// a token, which Prometheus sends as its bearer token.
func (s *server) showMetrics(c *fiber.Ctx) error {
	families, err := s.metrics.registry.Gather()
	if err != nil {
		return err
	}
	var out bytes.Buffer
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToText(&out, f); err != nil {
			return err
		}
	}
	c.Set(fiber.HeaderContentType, string(expfmt.NewFormat(expfmt.TypeTextPlain)))
	return c.Send(out.Bytes())
}

// What is looked up when somebody asks for the metrics.
var (
	devicesDesc = prometheus.NewDesc(namespace+"_devices", "Devices, by state.", []string{"state"}, nil)
	dataDesc    = prometheus.NewDesc(namespace+"_database_bytes", "Bytes that the database takes.", nil, nil)
	imagesDesc  = prometheus.NewDesc(namespace+"_image_bytes", "Bytes of firmware images in the database.", nil, nil)
)

// gauges are the metrics that the database knows. They are missing while it is
// away: the others are wanted most just then.
type gauges struct{ s *server }

// Describe tells which metrics there are.
func (g *gauges) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{devicesDesc, dataDesc, imagesDesc} {
		to <- d
	}
}

// Collect looks them up, from the same memory as the overview.
func (g *gauges) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	stats, err := g.s.stats.get(ctx, g.s.lastChanged(), g.s.Devices.Stats)
	if err != nil {
		g.s.Log.Warn("devices could not be counted for the metrics", "err", err)
		return
	}
	for state := range marks {
		to <- prometheus.MustNewConstMetric(devicesDesc, prometheus.GaugeValue, float64(stats.In(state)), string(state))
	}
	sizes, err := g.s.dataSizes(ctx)
	if err != nil {
		g.s.Log.Warn("the database could not be measured for the metrics", "err", err)
		return
	}
	to <- prometheus.MustNewConstMetric(dataDesc, prometheus.GaugeValue, float64(sizes.Database))
	to <- prometheus.MustNewConstMetric(imagesDesc, prometheus.GaugeValue, float64(sizes.Images))
}
