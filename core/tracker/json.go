package tracker

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// JSON (RFC 8259), as much of it as this protocol needs: encoding/json would add
// an eighth to what every visitor of a page downloads. Names are told apart by
// case and the last of two equal ones counts, as in JavaScript.

// maxDepth is deeper than any message of this protocol goes.
const maxDepth = 32

// value is the text of one JSON value that has been checked; empty where there
// is none.
type value []byte

// field is one member of an object.
type field struct {
	name  string
	value value
}

// parseJSON checks a text that holds one value and returns that.
func parseJSON(text []byte) (value, bool) {
	s := scanner{text: text}
	v, ok := s.value(0)
	s.space()
	if !ok || s.at < len(text) {
		return nil, false
	}
	return v, true
}

// absent reports whether a value is not there or null.
func (v value) absent() bool { return len(v) == 0 || v[0] == 'n' }

// object returns the members of an object, in their order.
func (v value) object() ([]field, bool) {
	if len(v) == 0 || v[0] != '{' {
		return nil, false
	}
	var fields []field
	s := scanner{text: v, at: 1}
	ok := s.members('}', func() bool {
		name, member, ok := s.field(0)
		if ok {
			fields = append(fields, field{unquote(name), member})
		}
		return ok
	})
	return fields, ok
}

// list returns the members of an array.
func (v value) list() ([]value, bool) {
	if len(v) == 0 || v[0] != '[' {
		return nil, false
	}
	var list []value
	s := scanner{text: v, at: 1}
	ok := s.members(']', func() bool {
		member, ok := s.value(0)
		list = append(list, member)
		return ok
	})
	return list, ok
}

// text returns a string. What is not UTF-8 in it becomes U+FFFD.
func (v value) text() (string, bool) {
	if len(v) == 0 || v[0] != '"' {
		return "", false
	}
	return unquote(v), true
}

// number returns a number; one that is too large for a float64 is none.
func (v value) number() (float64, bool) {
	if len(v) == 0 || v[0] != '-' && (v[0] < '0' || v[0] > '9') {
		return 0, false
	}
	n, err := strconv.ParseFloat(string(v), 64)
	return n, err == nil && !math.IsInf(n, 0)
}

// get returns the value of a name; empty where there is none.
func get(fields []field, name string) value {
	for i := len(fields) - 1; i >= 0; i-- {
		if fields[i].name == name {
			return fields[i].value
		}
	}
	return nil
}

// scanner goes over a text and checks it.
type scanner struct {
	text []byte
	at   int
}

// next returns the byte that comes, 0 at the end.
func (s *scanner) next() byte {
	if s.at < len(s.text) {
		return s.text[s.at]
	}
	return 0
}

// take goes over a byte if it comes.
func (s *scanner) take(b byte) bool {
	if s.at < len(s.text) && s.text[s.at] == b {
		s.at++
		return true
	}
	return false
}

func (s *scanner) space() {
	for s.at < len(s.text) && strings.IndexByte(" \t\r\n", s.text[s.at]) >= 0 {
		s.at++
	}
}

// value goes over one value that lies in depth others.
func (s *scanner) value(depth int) (value, bool) {
	s.space()
	begin, ok := s.at, false
	switch b := s.next(); {
	case depth > maxDepth:
	case b == '"':
		ok = s.quoted()
	case b == '{':
		s.at++
		ok = s.members('}', func() bool {
			_, _, ok := s.field(depth + 1)
			return ok
		})
	case b == '[':
		s.at++
		ok = s.members(']', func() bool {
			_, ok := s.value(depth + 1)
			return ok
		})
	case b == 't':
		ok = s.word("true")
	case b == 'f':
		ok = s.word("false")
	case b == 'n':
		ok = s.word("null")
	default:
		ok = s.digits()
	}
	return value(s.text[begin:s.at]), ok
}

// members goes over what lies between a bracket, which has been taken, and its
// end; member goes over one.
func (s *scanner) members(end byte, member func() bool) bool {
	s.space()
	if s.take(end) {
		return true
	}
	for member() {
		s.space()
		if s.take(end) {
			return true
		}
		if !s.take(',') {
			return false
		}
	}
	return false
}

// field goes over a name and its value.
func (s *scanner) field(depth int) (name []byte, v value, ok bool) {
	s.space()
	begin := s.at
	if !s.quoted() {
		return nil, nil, false
	}
	name = s.text[begin:s.at]
	s.space()
	if !s.take(':') {
		return nil, nil, false
	}
	v, ok = s.value(depth)
	return name, v, ok
}

func (s *scanner) word(word string) bool {
	if !bytes.HasPrefix(s.text[s.at:], []byte(word)) {
		return false
	}
	s.at += len(word)
	return true
}

func (s *scanner) quoted() bool {
	if !s.take('"') {
		return false
	}
	for s.at < len(s.text) {
		b := s.text[s.at]
		s.at++
		switch {
		case b == '"':
			return true
		case b < ' ':
			return false
		case b == '\\' && !s.escape():
			return false
		}
	}
	return false
}

// escape goes over what follows a backslash.
func (s *scanner) escape() bool {
	b := s.next()
	if b == 0 {
		return false
	}
	s.at++
	if b != 'u' {
		return strings.IndexByte(`"\/bfnrt`, b) >= 0
	}
	for range 4 {
		if b := s.next() | 0x20; (b < '0' || b > '9') && (b < 'a' || b > 'f') || s.next() < '0' {
			return false
		}
		s.at++
	}
	return true
}

func (s *scanner) digits() bool {
	s.take('-')
	if !s.take('0') && !s.run() {
		return false
	}
	if s.take('.') && !s.run() {
		return false
	}
	if s.take('e') || s.take('E') {
		if !s.take('+') {
			s.take('-')
		}
		return s.run()
	}
	return true
}

// run goes over one or more digits.
func (s *scanner) run() bool {
	begin := s.at
	for s.next() >= '0' && s.next() <= '9' {
		s.at++
	}
	return s.at > begin
}

// unquote returns what a checked string says.
func unquote(quoted []byte) string {
	text := make([]byte, 0, len(quoted))
	for in := quoted[1 : len(quoted)-1]; len(in) > 0; {
		switch {
		case in[0] != '\\':
			r, n := utf8.DecodeRune(in)
			text = utf8.AppendRune(text, r)
			in = in[n:]
		case in[1] == 'u':
			r := unhex(in)
			in = in[6:]
			if utf16.IsSurrogate(r) {
				pair := rune(utf8.RuneError)
				if len(in) >= 6 && in[0] == '\\' && in[1] == 'u' {
					pair = utf16.DecodeRune(r, unhex(in))
				}
				if r = pair; pair != utf8.RuneError {
					in = in[6:]
				}
			}
			text = utf8.AppendRune(text, r)
		default:
			const from, to = `"\/bfnrt`, "\"\\/\b\f\n\r\t"
			text = append(text, to[strings.IndexByte(from, in[1])])
			in = in[2:]
		}
	}
	return string(text)
}

// unhex reads a checked \uXXXX.
func unhex(in []byte) rune {
	n, _ := strconv.ParseUint(string(in[2:6]), 16, 16)
	return rune(n)
}

// writer builds one JSON value.
type writer struct{ buf []byte }

// name begins a field, or with "" a member of an array.
func (w *writer) name(name string) {
	if n := len(w.buf); n > 0 && w.buf[n-1] != '{' && w.buf[n-1] != '[' {
		w.buf = append(w.buf, ',')
	}
	if name != "" {
		w.quote(name)
		w.buf = append(w.buf, ':')
	}
}

func (w *writer) open(name string, bracket byte) {
	w.name(name)
	w.buf = append(w.buf, bracket)
}

func (w *writer) close(bracket byte) { w.buf = append(w.buf, bracket) }

func (w *writer) text(name, text string) {
	w.name(name)
	w.quote(text)
}

func (w *writer) number(name string, n int64) {
	w.name(name)
	w.buf = strconv.AppendInt(w.buf, n, 10)
}

func (w *writer) quote(text string) {
	const hex = "0123456789abcdef"
	w.buf = append(w.buf, '"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			w.buf = append(w.buf, '\\', byte(r))
		case r == '\n':
			w.buf = append(w.buf, `\n`...)
		case r == '\r':
			w.buf = append(w.buf, `\r`...)
		case r < ' ':
			w.buf = append(w.buf, '\\', 'u', '0', '0', hex[r>>4], hex[r&15])
		default:
			w.buf = utf8.AppendRune(w.buf, r)
		}
	}
	w.buf = append(w.buf, '"')
}
