package dht

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/dht/frame"
	"github.com/shoal-p2p/shoal/core/dht/krpc"
	"github.com/shoal-p2p/shoal/core/dht/table"
	"github.com/shoal-p2p/shoal/core/id"
)

var target = id.ID{0: 0x12, 1: 0x34}

// isAsk reports whether a frame is a question for the target.
func isAsk(b []byte) bool {
	env, ok := envelopeIn(b)
	return ok && env.Dst == target && !env.Has(frame.Reply)
}

func TestTheFirstNodeOfAllAnswersItself(t *testing.T) {
	w := newWorld(t)
	alone := w.join(Config{Role: Full})
	if f := w.ask(alone, target); f.Err != nil || f.Terminus != alone.ID() || f.Hops != 0 {
		t.Errorf("found %+v", f)
	}
	if alone.lonely == 0 {
		t.Error("it did not ask for company")
	}
	client := w.join(Config{Role: Client})
	if f := w.ask(client, target); !errors.Is(f.Err, ErrRefused) {
		t.Errorf("a client with nobody to ask: %+v", f)
	}
}

func TestALookupTravelsByLinksThatAreThere(t *testing.T) {
	// given four nodes in a chain, the closest to the target at its end
	w := newWorld(t)
	n := w.full(4, target)
	w.chain(n[3], n[2], n[1], n[0])
	w.run(2 * beatPeriod)
	connected, sent := w.connect, 0
	w.seen = func(_, _ *peer, b []byte) {
		if isAsk(b) {
			sent++
		}
	}
	// when the one at the beginning asks, then it finds the one at the end
	f := w.ask(n[3], target)
	if f.Err != nil || f.Terminus != n[0].ID() || f.Hops != 3 || sent != 3 {
		t.Errorf("found %+v by %d messages", f, sent)
	}
	// by three hops there and back, and no connection
	if f.Took != 6*oneWay || w.connect != connected {
		t.Errorf("it took %v and %d connections", f.Took, w.connect-connected)
	}
	if len(f.Near) == 0 || f.Near[0] != n[1].ID() {
		t.Errorf("near it are %v", f.Near)
	}
}

func TestClocksMayDiffer(t *testing.T) {
	// given nodes whose clocks are up to two minutes apart
	w := newWorld(t)
	w.meets = true
	n := w.full(4, target)
	n[0].ahead, n[1].ahead = -25*time.Second, 90*time.Second
	n[2].ahead = 20 * time.Second
	w.chain(n...)
	// then they agree on links and find each other, and what they put
	w.run(time.Minute)
	for _, p := range n {
		if f := w.ask(p, target); p.Links() != 3 || f.Terminus != n[0].ID() {
			t.Errorf("%s has %d links and found %+v", p.name, p.Links(), f)
		}
	}
	w.do(n[3], Announce{9, target, false})
	w.run(time.Second)
	w.do(n[2], GetPeers{10, target})
	if f := w.answer(n[2], 10); len(f.Peers) != 1 {
		t.Errorf("found %+v", f)
	}
}

func TestSilenceIsGoneAround(t *testing.T) {
	// given two ways to the closest
	w := newWorld(t)
	n := w.full(4, target)
	w.mesh(n[1], n[2], n[3])
	w.link(n[0], n[1])
	w.link(n[0], n[2])
	w.run(2 * beatPeriod)
	// when the nodes on the way to it fall silent to each other
	var silent *peer
	w.lost = func(from, to *peer, b []byte) bool {
		if silent == nil && isAsk(b) {
			silent = to
		}
		return silent != nil && (from == silent || to == silent)
	}
	f := w.ask(n[3], target)
	// then it is found by the other way, and what was not sure is asked again
	if f.Err != nil || f.Terminus != n[0].ID() {
		t.Errorf("found %+v", f)
	}
	// and the silent node is given up, before its heartbeat is missed
	w.run(probeWait)
	if n[3].linkTo(silent.ID()) != nil || len(n[3].closed) == 0 || n[3].closed[0] != "it is silent" {
		t.Errorf("%s is still linked: %v", silent.name, n[3].closed)
	}
}

func TestTheHeartbeatShowsWhoIsDead(t *testing.T) {
	w := newWorld(t)
	n := w.full(2, target)
	w.chain(n...)
	w.run(2 * beatPeriod)
	w.lost = func(from, _ *peer, _ []byte) bool { return from == n[0] }
	w.run(quiet + beatPeriod + 2*probeWait)
	if n[1].Links() != 0 || len(n[1].closed) != 1 {
		t.Errorf("%d links, closed %v", n[1].Links(), n[1].closed)
	}
}

func TestADigestThatWasLostIsAskedForAgain(t *testing.T) {
	// given a neighbour whose news of a third node is lost
	w := newWorld(t)
	n := w.full(3, target)
	w.chain(n[0], n[1])
	w.run(2 * beatPeriod)
	lost := 0
	w.lost = func(from, to *peer, b []byte) bool {
		d, err := frame.ParseDigest(b)
		if err != nil || from != n[1] || to != n[0] || len(d.Added) == 0 || lost > 0 {
			return false
		}
		lost++
		return true
	}
	w.link(n[1], n[2])
	for lost == 0 {
		w.run(oneWay)
	}
	if n[0].table.Known() != 1 {
		t.Fatalf("it knows %d", n[0].table.Known())
	}
	// then its next digest, in which nothing is new, shows it
	w.run(beatPeriod * 5 / 4)
	if n[0].table.Known() != 2 {
		t.Errorf("it knows %d", n[0].table.Known())
	}
}

func TestOneLostMessageCostsNoLink(t *testing.T) {
	w := newWorld(t)
	n := w.full(2, target)
	w.chain(n[1], n[0])
	w.run(2 * beatPeriod)
	lost := 0
	w.lost = func(_, _ *peer, b []byte) bool {
		if isAsk(b) && lost == 0 {
			lost++
			return true
		}
		return false
	}
	if f := w.ask(n[1], target); f.Terminus != n[0].ID() {
		t.Errorf("found %+v", f)
	}
	w.run(time.Minute)
	if lost != 1 || len(n[1].closed) > 0 {
		t.Errorf("%d lost, closed %v", lost, n[1].closed)
	}
}

func TestWhoDoubtsACloserNodeIsNotSure(t *testing.T) {
	// given a node whose link to the closest is suspect
	w := newWorld(t)
	n := w.full(3, target)
	w.chain(n[2], n[1], n[0])
	w.run(2 * beatPeriod)
	w.lost = func(from, _ *peer, _ []byte) bool { return from == n[0] }
	n[1].doubt(w.now, n[1].linkTo(n[0].ID()))
	// when it answers in the place of that one, then it says so
	if f := w.ask(n[2], target); f.Terminus != n[1].ID() || !f.Unsure {
		t.Errorf("found %+v", f)
	}
}

func TestAnAnswerInAnothersNameIsNone(t *testing.T) {
	w := newWorld(t)
	n := w.full(3, target)
	w.chain(n[2], n[1], n[0])
	w.run(2 * beatPeriod)
	asked := uint64(0)
	w.seen = func(_, _ *peer, b []byte) {
		if env, ok := envelopeIn(b); ok && isAsk(b) {
			asked = env.Number
		}
	}
	w.lost = func(_, _ *peer, b []byte) bool { return isAsk(b) }
	w.do(n[2], FindNode{1, target})
	forged := krpc.Message{Answer: &krpc.Answer{ID: target}}.Encode()
	env := frame.Envelope{Flags: frame.Reply, TTL: 9, Number: asked, Dst: n[2].ID(), Src: n[1].ID(),
		Expiry: uint32(w.now.Unix() + 5), Payload: forged}
	w.do(n[2], Received{1, env.Append(nil)})
	if f, ok := n[2].found[1]; ok {
		t.Errorf("found %+v", f)
	}
}

func TestNothingCloserSendsAMessageElsewhere(t *testing.T) {
	// given that two nodes told of the closest, and one has lost it since
	w := newWorld(t)
	n := w.full(4, target)
	origin, stale, good, closest := n[3], n[2], n[1], n[0]
	w.link(origin, stale)
	w.link(origin, good)
	w.link(stale, closest)
	w.link(good, closest)
	w.run(2 * beatPeriod)
	origin.table.Measured(origin.linkTo(stale.ID()).conn(), time.Millisecond)
	nothing := 0
	w.seen = func(_, _ *peer, b []byte) {
		if a, err := frame.ParseAck(b); err == nil && a.Verdict == frame.Nothing {
			nothing++
		}
	}
	w.cut(stale, closest)
	// when it is sought, then who has lost it says so at once
	f := w.ask(origin, target)
	if f.Terminus != closest.ID() || f.Unsure || nothing == 0 || f.Took > 10*oneWay {
		t.Errorf("found %+v after %d refusals", f, nothing)
	}
}

func TestACopyIsNotForwardedAgain(t *testing.T) {
	w := newWorld(t)
	n := w.full(3, target)
	w.chain(n[2], n[1], n[0])
	w.run(2 * beatPeriod)
	forwarded := 0
	w.seen = func(from, to *peer, b []byte) {
		if !isAsk(b) {
			return
		}
		if from == n[2] { // two copies more
			for range 2 {
				w.flying = append(w.flying, flight{at: w.now.Add(2 * oneWay), from: from, to: to, link: 1, b: b})
			}
		}
		if from == n[1] {
			forwarded++
		}
	}
	if f := w.ask(n[2], target); f.Terminus != n[0].ID() {
		t.Errorf("found %+v", f)
	}
	w.run(time.Second)
	if forwarded != 1 {
		t.Errorf("forwarded %d times", forwarded)
	}
}

func TestAReplyFindsAnotherWayWhenItsOwnIsBroken(t *testing.T) {
	// given a way there, and another to come back
	w := newWorld(t)
	n := w.full(4, target)
	w.chain(n[3], n[1], n[0])
	w.chain(n[0], n[2], n[3])
	w.link(n[1], n[2])
	w.run(2 * beatPeriod)
	// when the link by which the question came breaks behind it
	var broken bool
	w.seen = func(from, _ *peer, b []byte) {
		if isAsk(b) && from != n[3] && !broken {
			broken = true
			w.later(0, func() { w.cut(from, n[3]) })
		}
	}
	// then the answer comes all the same
	if f := w.ask(n[3], target); !broken || f.Terminus != n[0].ID() || f.Took > 300*time.Millisecond {
		t.Errorf("found %+v", f)
	}
}

func TestAReplyThatNobodyTookGoesAnotherWay(t *testing.T) {
	w := newWorld(t)
	n := w.full(4, target)
	w.chain(n[3], n[1], n[0])
	w.chain(n[0], n[2], n[3])
	w.link(n[1], n[2])
	w.run(2 * beatPeriod)
	// when the link breaks on which the reply is
	broken := false
	w.lost = func(from, to *peer, b []byte) bool {
		env, ok := envelopeIn(b)
		if !ok || !env.Has(frame.Reply) || to != n[3] || broken {
			return false
		}
		broken = true
		w.later(oneWay, func() { w.cut(from, n[3]) })
		return true
	}
	// then it takes the other way at once
	if f := w.ask(n[3], target); !broken || f.Terminus != n[0].ID() || f.Took > 9*oneWay {
		t.Errorf("found %+v", f)
	}
}

func TestAQuestionWhoseAnswersAreLostTimesOut(t *testing.T) {
	w := newWorld(t)
	n := w.full(3, target)
	w.chain(n...)
	w.run(2 * beatPeriod)
	w.lost = func(_, to *peer, b []byte) bool {
		env, ok := envelopeIn(b)
		return ok && env.Has(frame.Reply) && to == n[2]
	}
	if f := w.ask(n[2], target); !errors.Is(f.Err, ErrTimeout) || f.Took != lookupLife {
		t.Errorf("found %+v", f)
	}
}

func TestAQuestionWithoutAnswerEnds(t *testing.T) {
	w := newWorld(t)
	n := w.full(2, target)
	client := w.join(Config{Role: Client})
	w.link(client, n[0])
	w.run(beatPeriod)
	w.lost = func(from, to *peer, b []byte) bool { return from == client || to == client }
	f := w.ask(client, target)
	if f.Err == nil || f.Took > lookupLife {
		t.Errorf("found %+v", f)
	}
	if len(client.lookups) != 0 {
		t.Errorf("%d questions wait", len(client.lookups))
	}
}

func TestAClientIsInNobodysTable(t *testing.T) {
	w := newWorld(t)
	n := w.full(2, target)
	client := w.join(Config{Role: Client, Key: pairOf(99)})
	w.mesh(n[0], n[1], client)
	w.run(2 * beatPeriod)
	if client.Announced() || n[0].table.IsAnnounced(n[0].linkTo(client.ID()).conn()) {
		t.Error("it is announced")
	}
	if f := w.ask(n[0], client.ID()); f.Terminus != byDistance(n, client.ID())[0].ID() && f.Terminus != client.ID() {
		t.Errorf("sought by its id: %+v", f)
	}
	for _, near := range w.ask(n[1], id.ID{1}).Near {
		if near == client.ID() {
			t.Error("others are told of it")
		}
	}
}

func TestWhoLeavesIsGoneAtOnce(t *testing.T) {
	w := newWorld(t)
	n := w.full(3, target)
	w.mesh(n...)
	w.run(2 * beatPeriod)
	w.do(n[0], Leave{})
	w.run(2 * oneWay)
	if n[1].Links() != 1 || n[2].Links() != 1 {
		t.Errorf("%d and %d links are left", n[1].Links(), n[2].Links())
	}
	if n[1].table.Known() != 1 || n[2].table.Known() != 1 {
		t.Error("it is believed who tells of it still")
	}
	if f := w.ask(n[2], target); f.Terminus != n[1].ID() || f.Unsure {
		t.Errorf("found %+v", f)
	}
}

func TestTwoNodesAgreeBeforeTheyConnect(t *testing.T) {
	// given two nodes that know of each other by a third
	w := newWorld(t)
	n := w.full(3, target)
	w.chain(n[0], n[1], n[2])
	w.run(2 * beatPeriod)
	// then one of them makes the offer, and the other expects it
	if w.connect != 1 || len(n[0].expects)+len(n[2].expects) != 1 {
		t.Errorf("%d offers; expected by %v, %v", w.connect, n[0].expects, n[2].expects)
	}
	// when nothing comes of it, then they try again in time
	w.meets = true
	w.run(2 * time.Minute)
	if n[0].linkTo(n[2].ID()) == nil || n[0].Links() != 2 || len(n[0].meetings.promised) != 0 {
		t.Errorf("%d links, promised %v", n[0].Links(), n[0].meetings.promised)
	}
}

func TestAnAskMustBeGenuine(t *testing.T) {
	w := newWorld(t)
	n := w.join(Config{Role: Full, ZeroBits: 0})
	asker := pairOf(77)
	from := asker.Identity().ID()
	good := func() krpc.Query {
		at := w.now.Unix()
		q := krpc.Query{Method: krpc.RTC, ID: from, Op: string(opAsk), Why: string(table.Leaf)}
		q.K, q.Seq, q.Sig = asker.Identity(), &at, asker.Sign(askStatement(from, frame.KeyOf(n.ID()), table.Leaf, at))
		return q
	}
	for name, c := range map[string]struct {
		change func(q *krpc.Query)
		want   bool
	}{
		"as it is":               {func(*krpc.Query) {}, true},
		"another reason":         {func(q *krpc.Query) { q.Why = string(table.Bucket) }, false},
		"another key":            {func(q *krpc.Query) { q.K = pairOf(78).Identity() }, false},
		"another time":           {func(q *krpc.Query) { *q.Seq++ }, false},
		"no time":                {func(q *krpc.Query) { q.Seq = nil }, false},
		"another operation":      {func(q *krpc.Query) { q.Op = "offer" }, false},
		"a bit of its signature": {func(q *krpc.Query) { q.Sig[9] ^= 1 }, false},
		"an old one": {func(q *krpc.Query) {
			*q.Seq -= 121
			q.Sig = asker.Sign(askStatement(from, frame.KeyOf(n.ID()), table.Leaf, *q.Seq))
		}, false},
	} {
		q := good()
		c.change(&q)
		if got := n.genuine(w.now, from, q); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	n.cfg.ZeroBits = 60
	if n.genuine(w.now, from, good()) {
		t.Error("who has not solved the puzzle")
	}
}

func TestWhoHasNotPaidForItsIDIsNotLinked(t *testing.T) {
	w := newWorld(t)
	strict := w.join(Config{Role: Full, ZeroBits: 60})
	w.link(w.join(Config{}), strict)
	if strict.Links() != 0 || len(strict.closed) != 1 {
		t.Errorf("%d links, closed %v", strict.Links(), strict.closed)
	}
}

func TestBudgetsAreNeverExceeded(t *testing.T) {
	// given more nodes than one may be linked to
	const budget = 8
	w := newWorld(t)
	w.meets = true
	for range 24 {
		w.join(Config{Role: Full, Budget: budget})
		w.run(500 * time.Millisecond)
		for _, n := range w.nodes {
			if n.Links() > budget || n.Links()+len(n.meetings.promised) > budget {
				t.Fatalf("%s has %d links and %d promised", n.name, n.Links(), len(n.meetings.promised))
			}
		}
	}
	// then, though each tells of what it can, all are found
	w.run(time.Minute)
	wrong := 0
	for range 60 {
		var to id.ID
		for b := range to {
			to[b] = byte(w.rng.Uint32())
		}
		if f := w.ask(w.nodes[w.rng.IntN(len(w.nodes))], to); f.Terminus != byDistance(w.nodes, to)[0].ID() {
			wrong++
		}
	}
	if wrong > 0 {
		t.Errorf("%d of 60 lookups are wrong", wrong)
	}
}

func TestANeighbourIsPassedOnAHundredMessagesAtOnce(t *testing.T) {
	w := newWorld(t)
	n := w.full(3, target)
	w.chain(n[2], n[1], n[0])
	w.run(2 * beatPeriod)
	passed := 0
	w.seen = func(from, _ *peer, b []byte) {
		if from == n[1] && isAsk(b) {
			passed++
		}
	}
	payload := krpc.Message{Query: &krpc.Query{Method: krpc.FindNode, ID: n[2].ID(), Target: target}}.Encode()
	for number := range 300 {
		env := frame.Envelope{TTL: 9, Number: uint64(number), Dst: target, Src: n[2].ID(), Best: table.Anywhere,
			Expiry: uint32(w.now.Unix() + 5), Payload: payload}
		w.do(n[1], Received{1, env.Append(nil)})
	}
	if passed < 90 || passed > 100 {
		t.Errorf("passed on are %d", passed)
	}
}

func TestWhatIsRememberedIsBounded(t *testing.T) {
	p := passages{known: make(map[uint64]*passage)}
	for n := range uint64(3 * maxPassages) {
		p.add(start, &passage{env: frame.Envelope{Number: n, Payload: make([]byte, 500)}})
	}
	if len(p.order) > maxPassages || len(p.known) != len(p.order) || p.bytes > maxPassageBytes {
		t.Errorf("%d, %d passages of %d bytes", len(p.order), len(p.known), p.bytes)
	}
	p.expire(start.Add(passageLife))
	if len(p.order) != 0 || len(p.known) != 0 || p.bytes != 0 {
		t.Errorf("after their life: %d of %d bytes", len(p.order), p.bytes)
	}
}

func TestThreeBreachesOfFormEndALink(t *testing.T) {
	w := newWorld(t)
	n := w.full(2, target)
	w.chain(n...)
	for i := range maxFaults {
		if n[0].Links() != 1 {
			t.Fatalf("closed after %d", i)
		}
		w.do(n[0], Received{1, []byte{byte(frame.KindDigest), 1}})
	}
	if n[0].Links() != 0 {
		t.Error("the link is still there")
	}
	w.do(n[0], Received{1, []byte{byte(frame.KindDigest), 1}}) // who is no neighbour is ignored
}

func TestWhoKnowsFewAsksForCompany(t *testing.T) {
	w := newWorld(t)
	n := w.full(2, target)
	w.chain(n...)
	w.run(10 * time.Minute)
	if got := n[0].lonely; got < 8 || got > 30 {
		t.Errorf("in ten minutes it asked %d times", got)
	}
}

func FuzzReceived(f *testing.F) {
	payload := krpc.Message{Query: &krpc.Query{Method: krpc.FindNode, ID: id.ID{7}, Target: target}}.Encode()
	f.Add(frame.Envelope{TTL: 9, Number: 5, Dst: target, Src: id.ID{7}, Best: table.Anywhere, Expiry: uint32(start.Unix() + 5), Payload: payload}.Append(nil))
	f.Add(frame.Digest{Whole: true, Announced: true, Added: []frame.Entry{{Key: 9}}, Sum: 1}.Append(nil))
	f.Add(frame.Summary{Kind: frame.KindHave, Holdings: []frame.Holding{{Target: 1}}}.Append(nil))
	f.Add(krpc.Message{Query: &krpc.Query{Method: krpc.Put, ID: id.ID{7}, Item: krpc.Item{V: []byte("i1e")}}}.Encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		w := &world{t: t, now: start, rng: rand.New(rand.NewPCG(1, 0))}
		n := w.full(3, target)
		w.mesh(n...)
		w.run(time.Second)
		w.do(n[0], Received{1, b})
		w.do(n[0], Received{2, b})
		w.run(time.Second)
		if f := w.ask(n[0], target); f.Err == nil && f.Terminus != n[0].ID() && n[0].Announced() && frame.KindOf(b) != frame.KindDigest {
			t.Fatalf("found %+v", f)
		}
	})
}
