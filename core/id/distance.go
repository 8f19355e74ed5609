package id

import "math/bits"

// Distance is how far apart a and b are in the metric of Kademlia: their
// exclusive or, as a 160-bit number. It is the same in both directions, and
// every distance from a is that of one ID only.
func (a ID) Distance(b ID) (d ID) {
	for i := range d {
		d[i] = a[i] ^ b[i]
	}
	return d
}

// Closer reports whether b is closer to a than c is.
func (a ID) Closer(b, c ID) bool { return a.Distance(b).Compare(a.Distance(c)) < 0 }

// zeros counts the zero bits at the beginning of b.
func zeros(b []byte) (n int) {
	for _, octet := range b {
		if octet != 0 {
			return n + bits.LeadingZeros8(octet)
		}
		n += 8
	}
	return n
}
