package sim

import "math/rand/v2"

// access is a kind of access to the network.
type access struct {
	name     string
	share    int // of a hundred peers
	down, up int64
}

const megabit = 1_000_000 / 8 // bytes

// accessLinks are links as homes have them, with the rates that providers sell
// and shares chosen to be spread over all of them. Most are asymmetric, and
// the slowest uplink is two hundredths of the fastest.
var accessLinks = []access{
	{"ADSL2+", 15, 16 * megabit, 1 * megabit},
	{"VDSL", 25, 50 * megabit, 10 * megabit},
	{"vectored VDSL", 20, 100 * megabit, 40 * megabit},
	{"cable", 20, 250 * megabit, 25 * megabit},
	{"LTE", 12, 30 * megabit, 8 * megabit},
	{"fibre", 8, 200 * megabit, 50 * megabit},
}

// drawLink draws a link from the mix.
func drawLink(rng *rand.Rand) Link {
	draw := rng.IntN(100)
	for _, a := range accessLinks {
		if draw -= a.share; draw < 0 {
			return Link{Up: a.up, Down: a.down}
		}
	}
	panic("sim: the shares of accessLinks are not a hundred")
}
