package picker

import "slices"

// ask is one block that a peer was asked for.
type ask struct {
	part *partial
	n    int
}

// asks is what a peer was asked for and has not answered, oldest first. As
// answers mostly come in that order, the front is found and left at once.
type asks struct {
	list []ask
	from int // those before it are gone
}

func (a *asks) len() int     { return len(a.list) - a.from }
func (a *asks) at(k int) ask { return a.list[a.from+k] }

func (a *asks) add(x ask) {
	if len(a.list) == cap(a.list) && 2*a.from >= len(a.list) {
		a.list = a.list[:copy(a.list, a.list[a.from:])]
		a.from = 0
	}
	a.list = append(a.list, x)
}

func (a *asks) remove(x ask) {
	at := a.from + slices.Index(a.list[a.from:], x)
	if at == a.from {
		a.list[at] = ask{}
		a.from++
	} else {
		a.list = slices.Delete(a.list, at, at+1)
	}
	if a.from == len(a.list) {
		a.list, a.from = a.list[:0], 0
	}
}
