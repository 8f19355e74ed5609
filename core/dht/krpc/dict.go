package krpc

import (
	"fmt"

	"github.com/shoal-p2p/shoal/core/bencode"
	"github.com/shoal-p2p/shoal/core/id"
)

// dict is a message as bencode sees it.
type dict struct {
	A  *args           `bencode:"a,omitempty"`
	E  []bencode.Bytes `bencode:"e,omitempty"`
	Q  string          `bencode:"q,omitempty"`
	R  *returns        `bencode:"r,omitempty"`
	RO int64           `bencode:"ro,omitempty"`
	T  string          `bencode:"t"`
	Y  string          `bencode:"y"`
}

// args are the fields of a question.
type args struct {
	Age         int64         `bencode:"age,omitempty"`
	Cas         *int64        `bencode:"cas,omitempty"`
	ID          string        `bencode:"id"`
	ImpliedPort int64         `bencode:"implied_port,omitempty"`
	InfoHash    string        `bencode:"info_hash,omitempty"`
	K           string        `bencode:"k,omitempty"`
	Op          string        `bencode:"op,omitempty"`
	Port        int64         `bencode:"port,omitempty"`
	RP          string        `bencode:"rp,omitempty"`
	Salt        string        `bencode:"salt,omitempty"`
	Seq         *int64        `bencode:"seq,omitempty"`
	Sig         string        `bencode:"sig,omitempty"`
	Target      string        `bencode:"target,omitempty"`
	Token       string        `bencode:"token,omitempty"`
	V           bencode.Bytes `bencode:"v,omitempty"`
	Why         string        `bencode:"why,omitempty"`
}

// returns are the fields of an answer.
type returns struct {
	ID     string        `bencode:"id"`
	K      string        `bencode:"k,omitempty"`
	Nodes  string        `bencode:"nodes,omitempty"`
	Nodes6 string        `bencode:"nodes6,omitempty"`
	Op     string        `bencode:"op,omitempty"`
	RN     string        `bencode:"rn,omitempty"`
	RP     []string      `bencode:"rp,omitempty"`
	Seq    *int64        `bencode:"seq,omitempty"`
	Sig    string        `bencode:"sig,omitempty"`
	Token  string        `bencode:"token,omitempty"`
	V      bencode.Bytes `bencode:"v,omitempty"`
	Values []string      `bencode:"values,omitempty"`
}

const (
	compact4, compact6 = 6, 18 // an address and a port (BEP 5, 32)
	maxWord            = 16    // of op and why
	maxRecord          = 256   // of a peer's record
	maxPort            = 65535
)

func (q *Query) read(a args) error {
	q.Token, q.Op, q.Why, q.Peer, q.Cas = a.Token, a.Op, a.Why, raw(a.RP), a.Cas
	return first(
		exact("id", a.ID, q.ID[:], false),
		exact("target", a.Target, q.Target[:], true),
		exact("info_hash", a.InfoHash, q.InfoHash[:], true),
		bounded("q", len(q.Method), maxText),
		bounded("token", len(a.Token), maxToken),
		bounded("op", len(a.Op), maxWord),
		bounded("why", len(a.Why), maxWord),
		bounded("rp", len(a.RP), maxRecord),
		q.readNumbers(a),
		q.Item.read(a.K, a.Seq, a.Sig, a.Salt, a.V),
	)
}

func (q *Query) readNumbers(a args) error {
	if a.Port < 0 || a.Port > maxPort || a.Age < 0 {
		return fmt.Errorf("%w: port %d, age %d", ErrMalformed, a.Port, a.Age)
	}
	q.Port, q.ImpliedPort, q.Age = int(a.Port), a.ImpliedPort != 0, a.Age
	return nil
}

func (q *Query) write() args {
	a := args{
		Age: q.Age, Cas: q.Cas, ID: string(q.ID[:]), Op: q.Op, Port: int64(q.Port), RP: string(q.Peer),
		Token: q.Token, Why: q.Why,
	}
	if q.ImpliedPort {
		a.ImpliedPort = 1
	}
	a.Target, a.InfoHash = named(q.Target), named(q.InfoHash)
	a.K, a.Seq, a.Sig, a.Salt, a.V = q.Item.write()
	return a
}

func (r *Answer) read(d returns) error {
	r.Token, r.Op, r.Nodes, r.Nodes6, r.Values = d.Token, d.Op, d.Nodes, d.Nodes6, d.Values
	return first(
		exact("id", d.ID, r.ID[:], false),
		bounded("token", len(d.Token), maxToken),
		bounded("op", len(d.Op), maxWord),
		multiple("nodes", d.Nodes, id.Size+compact4),
		multiple("nodes6", d.Nodes6, id.Size+compact6),
		addresses(d.Values),
		r.readNear(d.RN),
		r.readPeers(d.RP),
		r.Item.read(d.K, d.Seq, d.Sig, "", d.V),
	)
}

func (r *Answer) readNear(b string) error {
	if len(b)%id.Size != 0 || len(b) > MaxNodes*id.Size {
		return fmt.Errorf("%w: %d bytes of node ids", ErrMalformed, len(b))
	}
	for ; len(b) > 0; b = b[id.Size:] {
		r.Near = append(r.Near, id.ID([]byte(b[:id.Size])))
	}
	return nil
}

func (r *Answer) readPeers(records []string) error {
	if err := bounded("rp", len(records), MaxPeers); err != nil {
		return err
	}
	for _, record := range records {
		if err := bounded("rp", len(record), maxRecord); err != nil {
			return err
		}
		r.Peers = append(r.Peers, []byte(record))
	}
	return nil
}

func (r *Answer) write() returns {
	d := returns{ID: string(r.ID[:]), Token: r.Token, Nodes: r.Nodes, Nodes6: r.Nodes6, Values: r.Values, Op: r.Op}
	for _, near := range r.Near {
		d.RN += string(near[:])
	}
	for _, record := range r.Peers {
		d.RP = append(d.RP, string(record))
	}
	d.K, d.Seq, d.Sig, _, d.V = r.Item.write()
	return d
}

func (i *Item) read(k string, seq *int64, sig, salt string, v bencode.Bytes) error {
	// Longer than BEP 44 allows they are still read, so that the error can name
	// what is too big.
	i.V, i.Seq, i.Salt = v, seq, salt
	return first(
		exact("k", k, i.K[:], true),
		exact("sig", sig, i.Sig[:], true),
	)
}

func (i *Item) write() (k string, seq *int64, sig, salt string, v bencode.Bytes) {
	if !i.K.IsZero() {
		k = string(i.K[:])
	}
	if i.Sig != (id.Signature{}) {
		sig = string(i.Sig[:])
	}
	return k, i.Seq, sig, i.Salt, i.V
}

func (e *Error) read(list []bencode.Bytes) error {
	if bencode.Unmarshal(list[0], &e.Code) != nil || bencode.Unmarshal(list[1], &e.Text) != nil {
		return fmt.Errorf("%w: an error that is no code and text", ErrMalformed)
	}
	return bounded("e", len(e.Text), maxText)
}

func (e *Error) write() []bencode.Bytes {
	return []bencode.Bytes{encoded(e.Code), encoded(e.Text)}
}

// exact copies a field of a fixed length, which may be absent.
func exact(name, value string, into []byte, optional bool) error {
	if optional && value == "" {
		return nil
	}
	if len(value) != len(into) {
		return fmt.Errorf("%w: %s of %d bytes", ErrMalformed, name, len(value))
	}
	copy(into, value)
	return nil
}

func bounded(name string, length, most int) error {
	if length > most {
		return fmt.Errorf("%w: %s of %d, more than %d", ErrMalformed, name, length, most)
	}
	return nil
}

func multiple(name, value string, unit int) error {
	if len(value)%unit != 0 {
		return fmt.Errorf("%w: %s of %d bytes", ErrMalformed, name, len(value))
	}
	return nil
}

func addresses(values []string) error {
	for _, value := range values {
		if len(value) != compact4 && len(value) != compact6 {
			return fmt.Errorf("%w: a peer of %d bytes", ErrMalformed, len(value))
		}
	}
	return nil
}

// first is the first of these errors.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// named is an id as a field, which the zero id is not.
func named(a id.ID) string {
	if a.IsZero() {
		return ""
	}
	return string(a[:])
}

func raw(s string) []byte {
	if s == "" {
		return nil
	}
	return []byte(s)
}
