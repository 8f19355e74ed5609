package table

import (
	"slices"
	"time"

	"github.com/shoal-p2p/shoal/core/dht/frame"
)

// maxClients is how many neighbours may be clients: a part of the reserve.
const maxClients = 6

// Admit reports whether to agree when a node asks for a link, beside the links
// that are there and those that are under way.
func (t *Table) Admit(k frame.Key, why Why, pending int) bool {
	_, linked := t.Linked(k)
	free := t.budget - len(t.links) - pending
	_, _, reserve := t.share()
	switch {
	case linked || k == t.self:
		return false
	case why == Leaf:
		return free > 0 || t.closeTo(k) && t.canSpare()
	case why == Join:
		return free > 0 && t.clients() < maxClients
	default:
		return free > reserve/2
	}
}

// closeTo reports whether a node is so close that it may rightly want us as its
// leaf: that is not quite the same as being one of ours.
func (t *Table) closeTo(k frame.Key) bool {
	near := t.nearest(t.self, 2*Leaves)
	return len(near) < 2*Leaves || k^t.self <= near[len(near)-1]^t.self
}

func (t *Table) clients() (n int) {
	for _, l := range t.links {
		if !l.announced {
			n++
		}
	}
	return n
}

func (t *Table) canSpare() bool {
	_, ok := t.spare()
	return ok
}

// Room makes sure that one link more, beside those under way, is within the
// budget: it says whether it is, or will be when a link is given up, and which.
func (t *Table) Room(pending int) (giveUp Conn, must, ok bool) {
	if len(t.links)+pending < t.budget {
		return 0, false, true
	}
	giveUp, ok = t.spare()
	return giveUp, true, ok
}

// spare is the link that serves least: of the bucket that is furthest above its
// quota the one that shares its origin with another, then the youngest, then the
// slowest. Leaves are not given up, neither ours nor those of others who hold us
// as theirs, nor the last two natives. Who has few links, as clients have, holds
// each as a leaf: it would be cut off.
func (t *Table) spare() (Conn, bool) {
	quotas := t.quotas()
	have := t.filled(len(quotas))
	leaves, _, _ := t.share()
	near := t.nearest(t.self, leaves)
	natives := t.natives()
	var worst *link
	for _, l := range t.links {
		if slices.Contains(near, l.Key) || t.isLeafOf(l) || l.class&frame.Native != 0 && natives <= 2 {
			continue
		}
		if worst == nil || t.serves(worst, have, quotas) > t.serves(l, have, quotas) {
			worst = l
		}
	}
	if worst == nil {
		return 0, false
	}
	return worst.Conn, true
}

// serves says how much a link is worth, the more the better.
func (t *Table) serves(l *link, have, quotas []int) int64 {
	above := 0
	if b := t.bucket(l.Key); b < len(have) {
		above = have[b] - quotas[b]
	}
	worth := int64(-above) << 20
	if t.twin(l) {
		worth -= 1 << 19
	}
	worth += int64(seniority(l.class)) << 10
	return worth - int64(min(l.RTT, time.Second)/time.Millisecond)
}

// twin reports whether another link of the same bucket is of the same origin.
func (t *Table) twin(l *link) bool {
	return l.Group != 0 && slices.ContainsFunc(t.links, func(o *link) bool {
		return o != l && o.Group == l.Group && t.bucket(o.Key) == t.bucket(l.Key)
	})
}

// isLeafOf reports whether this node is one of the closest that a neighbour has.
func (t *Table) isLeafOf(l *link) bool {
	closer := 0
	leaves, _, _ := t.share() // as its budget may be like ours
	for _, e := range l.list {
		if e.Key^l.Key < t.self^l.Key {
			closer++
		}
	}
	return closer < leaves
}

func (t *Table) natives() (n int) {
	for _, l := range t.links {
		if l.class&frame.Native != 0 {
			n++
		}
	}
	return n
}
