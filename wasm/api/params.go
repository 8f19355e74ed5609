//go:build js && wasm

package api

import "syscall/js"

// params reads the parameters of a command. What is of another kind than it
// should be panics with *js.ValueError, which carryOut turns into an answer.
type params struct{ value js.Value }

func (p params) has(name string) bool { return !p.value.Get(name).IsUndefined() }

func (p params) int(name string) int { return p.value.Get(name).Int() }

// int64 is for lengths, which JavaScript keeps exact up to 2^53.
func (p params) int64(name string) int64 { return int64(p.value.Get(name).Float()) }

func (p params) bool(name string) bool { return p.value.Get(name).Bool() }

func (p params) text(name string) string { return text(p.value.Get(name)) }

// texts is nil where there is no list, and empty where the list is.
func (p params) texts(name string) []string {
	if !p.has(name) {
		return nil
	}
	return each(p.value.Get(name), text)
}

func (p params) ints(name string) []int { return each(p.value.Get(name), js.Value.Int) }

func (p params) list(name string) []params {
	return each(p.value.Get(name), func(v js.Value) params { return params{v} })
}

func text(v js.Value) string {
	if v.Type() != js.TypeString {
		panic(&js.ValueError{Method: "String", Type: v.Type()})
	}
	return v.String()
}

func each[T any](list js.Value, convert func(js.Value) T) []T {
	out := make([]T, list.Length())
	for i := range out {
		out[i] = convert(list.Index(i))
	}
	return out
}
