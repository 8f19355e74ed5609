//go:build js && wasm

package jsx

import (
	"errors"
	"syscall/js"
)

// Error is what JavaScript threw, or rejected a promise with.
type Error struct {
	Name    string // "NotFoundError", "TypeError"; empty if it was no Error
	Message string
}

// Error returns "Name: Message".
func (e *Error) Error() string {
	if e.Name == "" {
		return e.Message
	}
	return e.Name + ": " + e.Message
}

// ErrorOf makes an *Error of a thrown or rejected value, which may be anything.
func ErrorOf(v js.Value) error {
	switch v.Type() {
	case js.TypeObject, js.TypeFunction:
		return &Error{Name: text(v, "name"), Message: text(v, "message")}
	case js.TypeString:
		return &Error{Message: v.String()}
	}
	return &Error{Message: "JavaScript threw " + v.Type().String()}
}

func text(v js.Value, property string) string {
	if p := v.Get(property); p.Type() == js.TypeString {
		return p.String()
	}
	return ""
}

// Try runs fn and returns what JavaScript threw in it, or the misuse of a value
// that syscall/js answers with a panic, as an error. Any other panic passes.
func Try(fn func()) (err error) {
	defer func() { err = recovered(recover(), err) }()
	fn()
	return nil
}

func recovered(cause any, err error) error {
	switch cause := cause.(type) {
	case nil:
		return err
	case js.Error:
		return ErrorOf(cause.Value)
	case *js.ValueError:
		return cause
	default:
		panic(cause)
	}
}

// Named reports whether err is a JavaScript error of that name.
func Named(err error, name string) bool {
	var thrown *Error
	return errors.As(err, &thrown) && thrown.Name == name
}
