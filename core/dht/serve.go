package dht

import (
	"errors"
	"time"

	"github.com/shoal-p2p/shoal/core/dht/frame"
	"github.com/shoal-p2p/shoal/core/dht/krpc"
	"github.com/shoal-p2p/shoal/core/dht/record"
	"github.com/shoal-p2p/shoal/core/dht/table"
	"github.com/shoal-p2p/shoal/core/id"
)

// toldPeers is how many peers of a swarm an answer has: with their signatures
// they fit two packets.
const toldPeers = 16

// answer ends a passage here: we are who it was looking for.
func (d *DHT) answer(now time.Time, p *passage) {
	m, err := krpc.Parse(p.env.Payload)
	if err != nil || m.Query == nil {
		return // nobody on the way could know; its sender hears nothing
	}
	out := krpc.Message{Transaction: m.Transaction}
	a, fault := d.serve(now, p, *m.Query)
	if fault != nil {
		out.Error = fault
	} else {
		a.ID = d.self
		if m.Query.Method != krpc.RTC {
			a.Near = d.near(p)
		}
		out.Answer = &a
	}
	if p.from == nil {
		d.answeredHere(now, p, out)
		return
	}
	d.reply(now, p, out.Encode())
}

// answeredHere takes our own answer to our own question.
func (d *DHT) answeredHere(now time.Time, p *passage, m krpc.Message) {
	p.returned = sure
	k := d.lookups[p.env.Number]
	if k == nil {
		return
	}
	if !d.announced { // we keep nothing, and count for nobody
		m = krpc.Message{Error: &krpc.Error{Code: krpc.ServerError, Text: "nobody was reached"}}
	}
	d.weigh(now, k, m, Found{Unsure: p.lossy, Hops: int(p.env.Hops), Number: p.env.Number})
}

// near are the nodes closest to what a passage is for, the closest first.
func (d *DHT) near(p *passage) (ids []id.ID) {
	dst, not := frame.KeyOf(p.env.Dst), frame.Key(0)
	if p.env.Dst == p.env.Src {
		not = dst
	}
	for _, c := range d.table.Closest(dst, table.Leaves, not) {
		ids = append(ids, d.links[Link(c)].peer)
	}
	return ids
}

// serve answers a question, of another node or of our own.
func (d *DHT) serve(now time.Time, p *passage, q krpc.Query) (a krpc.Answer, fault *krpc.Error) {
	switch q.Method {
	case krpc.Ping, krpc.FindNode:
	case krpc.Get:
		a = d.servedItem(now, q)
	case krpc.GetPeers:
		for _, peer := range d.store.Peers(now, q.InfoHash, toldPeers) {
			a.Peers = append(a.Peers, peer.Bytes())
		}
	case krpc.Put, krpc.AnnouncePeer:
		fault = d.accept(now, p, q)
	case krpc.RTC:
		a.Op = string(d.judge(now, p, q))
	default:
		fault = &krpc.Error{Code: krpc.UnknownMethod, Text: "unknown method"}
	}
	return a, fault
}

// servedItem is the answer to a get. Who has a version and asks for a newer one
// hears the seq only (BEP 44).
func (d *DHT) servedItem(now time.Time, q krpc.Query) (a krpc.Answer) {
	item, ok := d.store.Item(now, q.Target)
	if !ok {
		return a
	}
	a.Item = asked(item)
	if q.Seq != nil && item.Mutable() && item.Seq <= *q.Seq {
		a.Item = krpc.Item{Seq: a.Item.Seq}
	}
	return a
}

// asked is an item as messages carry it.
func asked(i record.Item) krpc.Item {
	out := krpc.Item{V: i.V}
	if i.Mutable() {
		out.K, out.Seq, out.Sig, out.Salt = i.Key, &i.Seq, i.Sig, i.Salt
	}
	return out
}

// accept keeps a record that was put, and hands it to the others of its region
// at once.
func (d *DHT) accept(now time.Time, p *passage, q krpc.Query) *krpc.Error {
	if !d.announced {
		return &krpc.Error{Code: krpc.ServerError, Text: "not a full node"}
	}
	r, err := recordOf(q)
	source := record.Source(d.key)
	if p.from != nil {
		source = record.Source(p.from.key)
	}
	if err == nil {
		err = d.store.Put(now, source, r, now, q.Cas)
	}
	if err != nil {
		return &krpc.Error{Code: codeOf(err), Text: err.Error()}
	}
	d.spread(now, r)
	return nil
}

// recordOf is the record of a put or an announce.
func recordOf(q krpc.Query) (record.Record, error) {
	if q.Method == krpc.AnnouncePeer {
		return record.ParsePeer(q.InfoHash, q.Peer)
	}
	i := record.Item{V: q.V, Key: q.K, Sig: q.Sig, Salt: q.Salt}
	if q.Seq != nil {
		i.Seq = *q.Seq
	}
	return i, nil
}

// codeOf is the code of BEP 5 and 44 for an error of package record.
func codeOf(err error) int64 {
	for _, c := range []struct {
		err  error
		code int64
	}{
		{record.ErrTooBig, krpc.TooBig},
		{record.ErrSignature, krpc.BadSignature},
		{record.ErrSalt, krpc.SaltTooBig},
		{record.ErrCas, krpc.CasMismatch},
		{record.ErrSeq, krpc.SeqTooLow},
		{record.ErrFull, krpc.ServerError},
	} {
		if errors.Is(err, c.err) {
			return c.code
		}
	}
	return krpc.ProtocolError
}
