package link

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

var seed = flag.Uint64("seed", 1, "of the random tests")

const ms = time.Millisecond

func given(cfg Config) *Link { return New(cfg, rand.New(rand.NewPCG(*seed, 0))) }

// send hands over so many packets of a size at once, and says how many were
// taken.
func send(l *Link, now time.Duration, count, size int) (taken int) {
	for range count {
		if l.Send(now, make([]byte, size)) {
			taken++
		}
	}
	return taken
}

// arrivals takes everything out.
func arrivals(l *Link) (times []time.Duration) {
	for at, some := l.Next(); some; at, some = l.Next() {
		l.Receive()
		times = append(times, at)
	}
	return times
}

func expect(t *testing.T, l *Link, want ...time.Duration) {
	t.Helper()
	if got := arrivals(l); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("arrivals at %v, want %v", got, want)
	}
}

func TestAPlainLinkCarriesAtOnce(t *testing.T) {
	l := given(Config{})
	send(l, 5*ms, 2, 1500)
	expect(t, l, 5*ms, 5*ms)
}

func TestDelayIsTheSameForAll(t *testing.T) {
	l := given(Config{Delay: 20 * ms})
	send(l, 0, 1, 1500)
	send(l, 3*ms, 1, 40)
	expect(t, l, 20*ms, 23*ms)
}

func TestPacketsComeOutAsTheyWentIn(t *testing.T) {
	l := given(Config{Delay: ms})
	// Given more packets on the way than the ring begins with, and some gone
	for i := range 1000 {
		l.Send(time.Duration(i), []byte{byte(i), byte(i >> 8)})
		if i == 40 {
			l.Receive()
		}
	}
	// Then the others follow in their order
	for i := 1; i < 1000; i++ {
		if p := l.Receive(); int(p[0])|int(p[1])<<8 != i {
			t.Fatalf("%v instead of packet %d", p, i)
		}
	}
	if _, some := l.Next(); some {
		t.Error("there is one more")
	}
}

func TestTheWireSendsOneAfterAnother(t *testing.T) {
	// Given 1 MB/s, on which 1000 bytes take a millisecond
	l := given(Config{Rate: 1e6, Queue: 10000, Delay: 20 * ms})
	// When three packets come at once, and one when the wire has been idle
	send(l, 0, 3, 1000)
	send(l, 10*ms, 1, 1000)
	expect(t, l, 21*ms, 22*ms, 23*ms, 31*ms)
}

func TestAFullQueueDropsWhatComes(t *testing.T) {
	l := given(Config{Rate: 1e6, Queue: 2000})
	// Given a queue with room for two packets, then three find room for two
	if taken := send(l, 0, 3, 1000); taken != 2 {
		t.Errorf("%d of 3 packets fit", taken)
	}
	// When half a packet has been sent, then half a packet fits, and no more
	if taken := send(l, ms/2, 1, 501); taken != 0 {
		t.Error("more than its bound waits")
	}
	if taken := send(l, ms/2, 1, 500); taken != 1 {
		t.Error("there was room")
	}
	expect(t, l, ms, 2*ms, 2500*time.Microsecond)
	if s := l.Stats(); s != (Stats{Packets: 3, Bytes: 2500, Full: 2}) {
		t.Errorf("%+v", s)
	}
}

func TestAnOverfullLinkCarriesItsRate(t *testing.T) {
	for _, rate := range []int{1e4, 1e6, 123456789} {
		l := given(Config{Rate: rate, Queue: 64 << 10})
		// Given ten seconds in which half as much again is sent as fits
		const size, seconds = 1000, 10
		step := time.Second * size / time.Duration(rate) * 2 / 3
		for now := time.Duration(0); now < seconds*time.Second; now += step {
			send(l, now, 1, size)
			for at, some := l.Next(); some && at <= now; at, some = l.Next() {
				l.Receive()
			}
		}
		// Then it carried what fits, and what its queue still holds
		carried := l.Stats().Bytes
		if want := rate * seconds; carried < want*99/100 || carried > want*101/100+64<<10 {
			t.Errorf("%d bytes in %d seconds at %d", carried, seconds, rate)
		}
	}
}

func TestWhatIsLostHasTakenItsTimeOnTheWire(t *testing.T) {
	l := given(Config{Rate: 1e6, Queue: 1 << 20, Loss: 1})
	if taken := send(l, 0, 3, 1000); taken != 0 {
		t.Fatal("a link that loses all carries something")
	}
	l.cfg.Loss = 0
	send(l, 0, 1, 1000)
	expect(t, l, 4*ms)
	if s := l.Stats(); s.Lost != 3 || s.Packets != 1 {
		t.Errorf("%+v", s)
	}
}

func TestLossIsAsLikelyAsSaidAndTheSameForTheSameSeed(t *testing.T) {
	t.Logf("-seed %d", *seed)
	const count = 50000
	fates := func() (all []bool, lost int) {
		l := given(Config{Loss: 0.02})
		for range count {
			all = append(all, l.Send(0, nil))
		}
		return all, l.Stats().Lost
	}
	first, lost := fates()
	if lost < count*15/1000 || lost > count*25/1000 {
		t.Errorf("%d of %d lost, at 2 %%", lost, count)
	}
	if again, _ := fates(); fmt.Sprint(first) != fmt.Sprint(again) {
		t.Error("two runs differ")
	}
}

func TestOnlySoManyAreOnTheWay(t *testing.T) {
	l := given(Config{Delay: time.Minute})
	if taken := send(l, 0, MaxFlight+2, 0); taken != MaxFlight || l.Stats().Overflow != 2 {
		t.Errorf("%d taken, %+v", taken, l.Stats())
	}
	l.Receive()
	if taken := send(l, 0, 2, 0); taken != 1 {
		t.Errorf("%d fit where one has gone", taken)
	}
}

func TestWhatNoLinkIsLikeIsRefused(t *testing.T) {
	nan := 0.0
	for _, cfg := range []Config{
		{Delay: -1}, {Delay: time.Hour}, {Rate: -1}, {Rate: maxRate + 1}, {Queue: -1}, {Queue: maxQueue + 1},
		{Loss: -0.1}, {Loss: 1.1}, {Loss: nan / nan},
	} {
		if cfg.Check() == nil {
			t.Errorf("%+v", cfg)
		}
	}
	if err := (Config{Delay: time.Minute, Rate: maxRate, Queue: maxQueue, Loss: 1}).Check(); err != nil {
		t.Error(err)
	}
}
