package overlay

import (
	"math"
	"math/rand/v2"
	"time"
)

// Stay is a distribution of how long nodes stay: Weibull's, which with shape 1
// has no memory, and with shape 0.5 is that of pages. Median 0 is for ever.
type Stay struct {
	Shape  float64
	Median time.Duration
}

// draw is how long somebody stays.
func (s Stay) draw(rng *rand.Rand) time.Duration {
	scale := float64(s.Median) / math.Pow(math.Ln2, 1/s.Shape)
	return time.Duration(scale * math.Pow(-math.Log(1-rng.Float64()), 1/s.Shape))
}

// churn lets a node leave when its time has come, and another come at once, so
// that there are as many.
func (w *World) churn(n *node) {
	if w.cfg.Stay.Median == 0 {
		return
	}
	w.after(w.cfg.Stay.draw(w.rng), func() {
		w.depart(n)
		w.churn(w.arrive())
	})
}
