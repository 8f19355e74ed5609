package sim

import "testing"

// BenchmarkSpread is a swarm of forty from its start to its end; what is
// reported beside the time is what one event of a node costs, its share of the
// world included.
func BenchmarkSpread(b *testing.B) {
	s, err := Parse("spread", "file 8MiB pieces 64KiB\nlatency 10ms 60ms\nuntil 10m\ngroup seed 1 up 512KiB/s seeds\ngroup leechers 40 up 512KiB/s down 4MiB/s\n")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	var events float64
	for b.Loop() {
		result, err := s.Run(1, nil)
		if err != nil {
			b.Fatal(err)
		}
		events += result.Figures["handled"]
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/events, "ns/event")
}
