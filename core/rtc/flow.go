package rtc

import "github.com/shoal-p2p/shoal/core/client"

// maxMessage is the longest message that we send, in bytes; every browser takes
// it.
const maxMessage = client.MaxMessage

// maxLeft is how many bytes may leave between two Sends without being told of,
// while the buffer is well filled.
const maxLeft = 64 << 10

// buffer is a channel's send buffer.
type buffer interface {
	// buffered is how many bytes are in it.
	buffered() int64
	// setLow asks for a note when it falls to low bytes or less.
	setLow(low int64)
}

// flow counts the bytes of a send buffer for Drained. The platforms tell only
// when a buffer falls below one mark; so the mark follows the buffer. Of one that
// is fuller than client.DrainLow never more than that leaves unnoticed, and one
// that is emptier is looked at again whenever half of it has left.
type flow struct {
	given int64 // to the channel
	told  int64 // by Drained
	low   int64 // the mark
}

// begin sets the first mark.
func (f *flow) begin(b buffer) {
	f.low = client.DrainLow
	b.setLow(f.low)
}

// sent counts what was given to the channel; it reports whether Drained is due.
func (f *flow) sent(n int, b buffer) (due bool) {
	f.given += int64(n)
	buffered := b.buffered()
	most := int64(maxLeft)
	if buffered <= client.DrainLow {
		most = client.DrainLeast
	}
	return f.mark(buffered, b) || f.given-buffered-f.told > most
}

// drained returns how much has left in all; it reports whether that is more
// than was told.
func (f *flow) drained(b buffer) (total int64, more bool) {
	buffered := b.buffered()
	if buffered > client.DrainLeast && f.mark(buffered, b) {
		buffered = b.buffered()
	}
	total = f.given - buffered
	if total <= f.told {
		return f.told, false
	}
	f.told = total
	return total, true
}

// mark moves the mark for a buffer of that fill, unless it lies well. It reports
// whether the buffer fell to the new mark meanwhile: nobody else will.
func (f *flow) mark(buffered int64, b buffer) (missed bool) {
	low, gap := buffered/2, buffered-buffered/2
	if buffered > client.DrainLow {
		low, gap = max(client.DrainLow, buffered-client.DrainLow/2), client.DrainLow
	}
	if low == f.low || f.low < buffered && buffered <= f.low+gap {
		return false
	}
	f.low = low
	b.setLow(low)
	return low < buffered && b.buffered() <= low
}
