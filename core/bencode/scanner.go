package bencode

import (
	"bytes"
	"strconv"
)

// maxDigits is the length of the longest 64-bit integer, with its sign.
const maxDigits = len("-9223372036854775808")

// scanner walks over one value and proves that it may be decoded. It allocates
// nothing.
type scanner struct {
	data     []byte
	pos      int  // of the next byte; where the fault is after an error
	values   int  // seen so far, keys included
	unsorted bool // a key was not greater than the one before it
}

// value walks over the value at pos, at this depth of nesting.
func (s *scanner) value(depth int) error {
	s.values++
	if s.pos >= len(s.data) {
		return ErrSyntax
	}
	if depth > MaxDepth || s.values > MaxValues || s.pos >= MaxSize {
		return ErrLimit
	}
	switch s.data[s.pos] {
	case 'i':
		s.pos++
		_, err := s.number('e')
		return err
	case 'l':
		return s.list(depth)
	case 'd':
		return s.dict(depth)
	default:
		_, err := s.text()
		return err
	}
}

func (s *scanner) list(depth int) error {
	s.pos++
	for !s.end() {
		if err := s.value(depth + 1); err != nil {
			return err
		}
	}
	return nil
}

func (s *scanner) dict(depth int) error {
	s.pos++
	var last []byte
	for first := true; !s.end(); first = false {
		s.values++
		key, err := s.text()
		if err != nil {
			return err
		}
		if !first && bytes.Compare(last, key) >= 0 {
			s.unsorted = true
		}
		last = key
		if err := s.value(depth + 1); err != nil {
			return err
		}
	}
	return nil
}

// end steps over the "e" of a list or dictionary, where there is one.
func (s *scanner) end() bool {
	if s.pos >= len(s.data) || s.data[s.pos] != 'e' {
		return false
	}
	s.pos++
	return true
}

// text walks over a string and returns its content.
func (s *scanner) text() ([]byte, error) {
	start := s.pos
	length, err := s.number(':')
	if err != nil {
		return nil, err
	}
	if length > MaxSize-int64(s.pos) {
		return nil, ErrLimit
	}
	if length < 0 || length > int64(len(s.data)-s.pos) {
		s.pos = start
		return nil, ErrSyntax
	}
	s.pos += int(length)
	return s.data[s.pos-int(length) : s.pos], nil
}

// number walks over a decimal number and the byte that ends it. It takes only
// the one form in which a number is written.
func (s *scanner) number(end byte) (int64, error) {
	window := s.data[s.pos:min(len(s.data), s.pos+maxDigits+1)]
	digits := bytes.IndexByte(window, end)
	if digits <= 0 {
		return 0, ErrSyntax
	}
	n, err := strconv.ParseInt(string(window[:digits]), 10, 64)
	if err != nil {
		return 0, ErrSyntax
	}
	var form [maxDigits]byte
	if !bytes.Equal(strconv.AppendInt(form[:0], n, 10), window[:digits]) {
		return 0, ErrSyntax
	}
	s.pos += digits + 1
	return n, nil
}
