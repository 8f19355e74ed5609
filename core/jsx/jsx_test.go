//go:build js && wasm

package jsx

import (
	"bytes"
	"context"
	"errors"
	"os"
	"syscall/js"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if n := Live(); n != 0 {
		println("callbacks not released:", n)
		code = 1
	}
	os.Exit(code)
}

func eval(source string) js.Value {
	return js.Global().Get("Function").New("return " + source).Invoke()
}

func TestCallback(t *testing.T) {
	var got []int
	callback, release := Callback(func(args []js.Value) {
		for _, a := range args {
			got = append(got, a.Int())
		}
	})
	if Live() != 1 {
		t.Errorf("Live is %d while one callback lives", Live())
	}
	if v := callback.Invoke(1, 2); !v.IsNull() {
		t.Errorf("a callback returned %v", v)
	}
	release()
	release()
	if len(got) != 2 || got[0] != 1 || got[1] != 2 {
		t.Errorf("the callback heard %v, want [1 2]", got)
	}
	if Live() != 0 {
		t.Errorf("Live is %d after release, twice", Live())
	}
}

func TestListen(t *testing.T) {
	target := eval("new EventTarget()")
	event := func(name string) js.Value { return js.Global().Get("Event").New(name) }
	var heard []string
	release := Listen(target, "open", func(e js.Value) { heard = append(heard, e.Get("type").String()) })

	target.Call("dispatchEvent", event("open"))
	target.Call("dispatchEvent", event("close"))
	release()
	target.Call("dispatchEvent", event("open"))

	if len(heard) != 1 || heard[0] != "open" {
		t.Errorf("heard %v, want the one open before release", heard)
	}
}

func TestListenToWhatIsNoTarget(t *testing.T) {
	Listen(eval("({})"), "open", func(js.Value) { t.Error("heard something") })()
}

func TestAwait(t *testing.T) {
	tests := []struct {
		name, source string
		want         int
		err          string
	}{
		{"fulfilled", "Promise.resolve(7)", 7, ""},
		{"fulfilled later", "new Promise(f => setTimeout(() => f(8), 5))", 8, ""},
		{"no promise", "9", 9, ""},
		{"rejected with an Error", "Promise.reject(new TypeError('wrong'))", 0, "TypeError: wrong"},
		{"rejected with a text", "Promise.reject('why not')", 0, "why not"},
		{"rejected with nothing", "Promise.reject()", 0, "JavaScript threw undefined"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v, err := Await(context.Background(), eval(tt.source))
			if tt.err != "" {
				if err == nil || err.Error() != tt.err {
					t.Fatalf("error %v, want %s", err, tt.err)
				}
				return
			}
			if err != nil || v.Int() != tt.want {
				t.Fatalf("got %v, %v, want %d", v, err, tt.want)
			}
		})
	}
}

func TestAwaitEndsWithItsContext(t *testing.T) {
	before := Live()
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(context.Background())
	held := eval("(() => { let f; const p = new Promise(g => f = g); return {p, f} })()")
	time.AfterFunc(time.Millisecond, func() { cancel(cause) })

	if _, err := Await(ctx, held.Get("p")); !errors.Is(err, cause) {
		t.Fatalf("error %v, want the context's cause", err)
	}
	if _, err := Await(ctx, held.Get("p")); !errors.Is(err, cause) {
		t.Fatalf("error %v from a context that had ended", err)
	}
	// The promise settles when nobody waits any more: nothing happens.
	held.Get("f").Invoke(1)
	if _, err := Await(context.Background(), held.Get("p")); err != nil {
		t.Fatal(err)
	}
	if Live() != before || len(waiting.settled) != 0 {
		t.Errorf("%d callbacks and %d waits are left", Live()-before, len(waiting.settled))
	}
}

func TestBytes(t *testing.T) {
	want := []byte{1, 2, 3}
	for _, source := range []string{
		"new Uint8Array([1, 2, 3])",
		"new Uint8Array([1, 2, 3]).buffer",
		"new Uint8Array([0, 1, 2, 3, 4]).subarray(1, 4)",
		"new DataView(new Uint8Array([0, 1, 2, 3]).buffer, 1)",
	} {
		if got := Bytes(eval(source)); !bytes.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", source, got, want)
		}
	}
	for _, source := range []string{"undefined", "null", "'abc'", "({})", "({buffer: 1})", "[1]"} {
		if got := Bytes(eval(source)); got != nil {
			t.Errorf("%s: got %v, want nil", source, got)
		}
	}
	if got := Bytes(Uint8Array(want)); !bytes.Equal(got, want) {
		t.Errorf("there and back: %v, want %v", got, want)
	}
}

func TestTry(t *testing.T) {
	err := Try(func() { eval("(() => { throw new RangeError('too far') })()") })
	var thrown *Error
	if !errors.As(err, &thrown) || thrown.Name != "RangeError" || thrown.Message != "too far" {
		t.Errorf("got %v, want the RangeError", err)
	}
	if !Named(err, "RangeError") || Named(err, "TypeError") || Named(nil, "") {
		t.Error("Named does not know the name")
	}
	if err := Try(func() { js.Undefined().Get("x") }); err == nil {
		t.Error("a property of undefined is no error")
	}
	if err := Try(func() {}); err != nil {
		t.Errorf("nothing thrown, but %v", err)
	}
}

func TestTryLetsOurOwnPanicsPass(t *testing.T) {
	defer func() {
		if recover() != "ours" {
			t.Error("the panic is gone")
		}
	}()
	_ = Try(func() { panic("ours") })
}

func TestYieldLetsThePageRun(t *testing.T) {
	var y Yielder
	defer y.Close()
	ran := eval("(() => { const c = new MessageChannel(), r = {ran: false};" +
		"c.port1.onmessage = () => { r.ran = true; c.port1.close() }; c.port2.postMessage(0); return r })()")
	for range 100 {
		y.Yield()
		if ran.Get("ran").Bool() {
			return
		}
	}
	t.Error("a message that was queued before has not been delivered after 100 turns")
}

func TestCloseEndsYields(t *testing.T) {
	var y Yielder
	y.Yield()
	first, _ := y.send()
	second, _ := y.send()
	y.Close()
	y.Close()
	<-first
	<-second
	y.Yield() // returns at once
}

func BenchmarkYield(b *testing.B) {
	var y Yielder
	defer y.Close()
	for b.Loop() {
		y.Yield()
	}
}
