package choke

import "math"

const (
	// minSlots and maxSlots bound how many slots there are. With fewer, the one
	// that goes by turn is too much of the uplink for free riders to have a part
	// of; with more, each gets too little to be known for it.
	minSlots, maxSlots = 4, 30
	// firstSlots is how many there are before anything was measured.
	firstSlots = 5
	// slotRate and fewRate say how many slots an uplink deserves, in bytes per
	// second. It grows by the root of the uplink, as the links of those who take
	// are then faster too: 7 at 1 MiB/s, 14 at 4 MiB/s, 30 from 18 MiB/s on. Below,
	// from 4 at 170 KiB/s to 6 at 250 KiB/s, it keeps the turn that a free rider may
	// get a small part: with 4 there, a swarm of which three in ten were free riders
	// took a fifth longer than without them, with 6 an eighth. More on slower or on
	// faster links made swarms of mixed links slower.
	slotRate = 20 << 10
	fewRate  = 42 << 10
	mostFew  = 6
)

// Slots is how many peers are unchoked at once.
func (c *Choker) Slots() int { return c.slots }

// Measured tells how many payload bytes per second left over the last round,
// and whether there was always something waiting to leave. While there was not,
// and peers wait for a slot, there are more slots; once there was, as many as
// the uplink deserves: what the beginning needed, when few had pieces that others
// lack, would thin out what each peer is given later.
func (c *Choker) Measured(uplink int64, full bool) {
	c.full = full
	switch {
	case c.fixed:
	case full:
		c.slots = deserved(uplink)
	case c.crowded:
		c.slots = min(c.slots+1+c.slots/4, maxSlots)
	}
}

// deserved is how many slots an uplink of so many bytes per second deserves.
func deserved(uplink int64) int {
	few := min(uplink/fewRate, mostFew)
	many := int64(math.Sqrt(float64(uplink) / slotRate))
	return int(min(max(few, many, minSlots), maxSlots))
}
