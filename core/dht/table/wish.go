package table

import "github.com/shoal-p2p/shoal/core/dht/frame"

// Why is the reason for which a node wants a link.
type Why string

// The reasons.
const (
	Leaf   Why = "leaf"   // it is one of our closest
	Bucket Why = "bucket" // it is one of a range that we have too few links to
	Join   Why = "join"   // we are a client, and want to be reached
)

// clientLinks is how many links a client wants to have.
const clientLinks = 3

// share is how a budget is divided among the leaf set, the buckets and the
// reserve.
func (t *Table) share() (leaves, buckets, reserve int) {
	leaves = min(Leaves, max(1, t.budget/2))
	reserve = (t.budget - leaves) / 4
	return leaves, t.budget - leaves - reserve, reserve
}

// Wish is a link that would serve.
type Wish struct {
	Key frame.Key
	Why Why
}

// Want is the link that would serve most, of a full node or a client; open says
// of a node whether it may be asked now. It is false where nothing is wanted or
// nobody is known to ask.
//
// Leaves come first. Of buckets only the empty ones count while patient.
func (t *Table) Want(client, patient bool, pending int, open func(frame.Key) bool) (Wish, bool) {
	leaves, _, _ := t.share()
	near := t.nearest(t.self, leaves)
	if client {
		if len(t.links)+pending >= clientLinks {
			return Wish{}, false
		}
		return t.first(near, Join, open)
	}
	full := len(t.links)+pending >= t.budget
	if wish, ok := t.first(near, Leaf, open); ok && (!full || t.canSpare()) {
		return wish, true
	}
	if full {
		return Wish{}, false
	}
	return t.bucketWish(patient, open)
}

// first is the first of some nodes that is no neighbour and may be asked.
func (t *Table) first(keys []frame.Key, why Why, open func(frame.Key) bool) (Wish, bool) {
	for _, k := range keys {
		if _, linked := t.Linked(k); !linked && open(k) {
			return Wish{k, why}, true
		}
	}
	return Wish{}, false
}

// bucketWish is the oldest node that is known of the bucket that lacks most.
func (t *Table) bucketWish(patient bool, open func(frame.Key) bool) (Wish, bool) {
	quotas := t.quotas()
	have := t.filled(len(quotas))
	best, bestLack, bestClass, ties := frame.Key(0), 0, -1, 0
	t.known(func(k frame.Key, class frame.Class) {
		b := t.bucket(k)
		if b >= len(quotas) || k == best {
			return
		}
		lack, senior := lacking(have[b], quotas[b]), seniority(class)
		if lack <= 0 || patient && have[b] > 0 || lack < bestLack || lack == bestLack && senior < bestClass {
			return
		}
		if _, linked := t.Linked(k); linked || !open(k) {
			return
		}
		if lack > bestLack || senior > bestClass {
			ties = 0
		}
		ties++
		if t.rng.IntN(ties) == 0 {
			best = k
		}
		bestLack, bestClass = lack, senior
	})
	return Wish{best, Bucket}, ties > 0
}

// lacking is how badly a bucket lacks a link: an empty one most.
func lacking(have, quota int) int {
	if have == 0 && quota > 0 {
		return quota + 1000
	}
	return quota - have
}

// Empty is a bucket that has no link, and of which nobody is known: a lookup of
// any id of it would find somebody. It is false where there is none.
func (t *Table) Empty() (id frame.Key, ok bool) {
	have := t.filled(len(t.quotas()))
	t.known(func(k frame.Key, _ frame.Class) {
		if b := t.bucket(k); b < len(have) {
			have[b]++
		}
	})
	for b, n := range have {
		if n == 0 {
			return t.within(b), true
		}
	}
	return 0, false
}

// within is a random key of a bucket.
func (t *Table) within(bucket int) frame.Key {
	flip := frame.Key(1) << (63 - bucket)
	return t.self ^ flip ^ frame.Key(t.rng.Uint64())&(flip-1)
}

// quotas is how many links each bucket should have that is not covered by the
// leaf set.
func (t *Table) quotas() []int {
	leaves, slots, _ := t.share()
	near := t.nearest(t.self, leaves)
	if len(near) < leaves {
		return nil // everybody is a leaf
	}
	quotas := make([]int, t.bucket(near[leaves-1]))
	for b := range quotas {
		quotas[b] = max(1, slots/len(quotas))
		if b < slots%len(quotas) {
			quotas[b]++
		}
	}
	return quotas
}

// filled is how many links each of the first buckets has to announced nodes.
func (t *Table) filled(buckets int) []int {
	have := make([]int, buckets)
	for _, l := range t.links {
		if b := t.bucket(l.Key); l.announced && b < buckets {
			have[b]++
		}
	}
	return have
}

// Ready reports whether the node may announce itself: two of the three that are
// closest to it are its neighbours, or four of the closest nine, or as many of
// them as there are. A message for one of its own would find it then. Who has
// announced itself stays so with half as many.
func (t *Table) Ready(announced bool) bool {
	near := t.nearest(t.self, 9)
	linked3, linked9 := 0, 0
	for i, k := range near {
		if _, linked := t.Linked(k); linked {
			linked9++
			if i < 3 {
				linked3++
			}
		}
	}
	three, nine := min(2, len(near)), min(4, len(near))
	if announced {
		three, nine = three/2, nine/2
	}
	return linked3 >= three || linked9 >= nine
}
