package sim

import "time"

// rejoinAfter is how long a liar takes to come back under another name.
const rejoinAfter = time.Second

// rejoiner is a poisoner that comes back with a new peer id and a new key
// whenever somebody has banned it.
type rejoiner struct{ poisoner }

func (rejoiner) banned(p *Peer) {
	life := p.life
	p.world.after(rejoinAfter, func() {
		if p.life == life && !p.gone {
			p.Vanish(0)
			p.newKey()
			p.Return()
			p.behave()
		}
	})
}
