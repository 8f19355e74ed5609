package table

import (
	"slices"
	"time"

	"github.com/shoal-p2p/shoal/core/dht/frame"
)

// ages are where one class of age ends and the next begins. With sessions as
// pages have them, who is of the class above has twice as long to stay.
var ages = []time.Duration{20 * time.Second, time.Minute, 4 * time.Minute, 15 * time.Minute, time.Hour}

// ClassOf is the class of a node of this age.
func ClassOf(age time.Duration, native bool) frame.Class {
	class := frame.Class(0)
	for int(class) < len(ages) && age >= ages[class] {
		class++
	}
	if native {
		class |= frame.Native
	}
	return class
}

// seniority orders classes: a native node is older than any other.
func seniority(c frame.Class) int { return int(c) }

// Apply takes a neighbour's digest and says whether its list is known now. If it
// is not, something was lost, and the whole digest should be asked for.
func (t *Table) Apply(c Conn, d frame.Digest) bool {
	l := t.at(c)
	if l == nil {
		return true
	}
	l.announced, l.class = d.Announced, d.Class
	if d.Whole {
		l.list = nil
	}
	l.list = merged(l.list, d)
	return frame.Sum(l.list) == d.Sum
}

// merged is a list with the changes of a digest. Of what does not fit, the
// digest's sum will tell.
func merged(list []frame.Entry, d frame.Digest) []frame.Entry {
	for _, k := range d.Dropped {
		if at, there := place(list, k); there {
			list = slices.Delete(list, at, at+1)
		}
	}
	for _, e := range d.Added {
		at, there := place(list, e.Key)
		switch {
		case there:
			list[at] = e
		case len(list) < frame.MaxDigest:
			list = slices.Insert(list, at, e)
		}
	}
	return list
}

func place(list []frame.Entry, k frame.Key) (int, bool) {
	return slices.BinarySearchFunc(list, k, func(e frame.Entry, k frame.Key) int {
		switch {
		case e.Key < k:
			return -1
		case e.Key > k:
			return 1
		}
		return 0
	})
}

// Beat is the digest for all neighbours: what has changed since the last Beat.
// The fields of the node itself are the caller's to fill in.
func (t *Table) Beat() frame.Digest {
	before := t.told
	t.told = t.announcedLinks()
	d := frame.Digest{Sum: frame.Sum(t.told)}
	for _, e := range t.told {
		if at, there := place(before, e.Key); !there || before[at] != e {
			d.Added = append(d.Added, e)
		}
	}
	for _, e := range before {
		if _, there := place(t.told, e.Key); !there {
			d.Dropped = append(d.Dropped, e.Key)
		}
	}
	return d
}

// Whole is the digest for one who knows nothing yet: the list as it was at the
// last Beat.
func (t *Table) Whole() frame.Digest {
	return frame.Digest{Whole: true, Sum: frame.Sum(t.told), Added: slices.Clone(t.told)}
}

// announcedLinks are the neighbours that others may be told of.
func (t *Table) announcedLinks() []frame.Entry {
	var list []frame.Entry
	for _, l := range t.links {
		if l.announced && !l.suspect && len(list) < frame.MaxDigest {
			list = append(list, frame.Entry{Key: l.Key, Class: l.class})
		}
	}
	frame.Sort(list)
	return slices.CompactFunc(list, func(a, b frame.Entry) bool { return a.Key == b.Key })
}
