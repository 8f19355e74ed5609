package blame

import (
	"container/list"
	"math"
	"time"
)

// maxEntries bounds each table: about 200 bytes an entry.
const maxEntries = 4096

// table remembers so many keys; the one that was noted longest ago is
// forgotten first.
type table struct {
	entries map[key]*list.Element // of *entry
	order   list.List             // from the last noted to the first
}

// entry is a key and its charge as it was at a time.
type entry struct {
	key    key
	charge float64
	at     time.Time
}

func newTable() table { return table{entries: map[key]*list.Element{}} }

// note remembers a key and adds to its charge.
func (t *table) note(now time.Time, k key, charge float64) {
	if k == (key{}) {
		return
	}
	element := t.entries[k]
	if element == nil {
		element = t.order.PushFront(&entry{key: k, at: now})
		t.entries[k] = element
	}
	t.order.MoveToFront(element)
	e := element.Value.(*entry)
	e.charge, e.at = e.chargeAt(now)+charge, now
	if len(t.entries) > maxEntries {
		t.forget(t.order.Back().Value.(*entry).key)
	}
}

func (t *table) has(k key) bool { return t.entries[k] != nil }

// charge is what a key has on its account.
func (t *table) charge(now time.Time, k key) float64 {
	if element := t.entries[k]; element != nil {
		return element.Value.(*entry).chargeAt(now)
	}
	return 0
}

func (t *table) forget(k key) {
	if element := t.entries[k]; element != nil {
		t.order.Remove(element)
		delete(t.entries, k)
	}
}

// chargeAt is the charge after its decay.
func (e *entry) chargeAt(now time.Time) float64 {
	age := max(now.Sub(e.at), 0)
	return e.charge * math.Exp2(-float64(age)/float64(halfLife))
}
