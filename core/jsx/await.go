//go:build js && wasm

package jsx

import (
	"context"
	"sync"
	"syscall/js"

	"github.com/hack-pad/safejs"
)

// Await waits for a promise, or for the end of ctx, whose cause is then the
// error. A value that is no promise is its own answer; a rejection is an
// *Error. It must not be called from a callback: there it would stop the page.
func Await(ctx context.Context, promise js.Value) (js.Value, error) {
	if err := context.Cause(ctx); err != nil {
		return js.Undefined(), err
	}
	number, settled, err := waiting.settle(promise)
	if err != nil {
		return js.Undefined(), err
	}
	select {
	case s := <-settled:
		return s.value, s.err
	case <-ctx.Done():
		waiting.forget(number)
		return js.Undefined(), context.Cause(ctx)
	}
}

type settlement struct {
	value js.Value
	err   error
}

// awaiting is every Await under way, by number. A promise may settle after
// its Await has gone, or never; so promises are given one dispatcher bound to
// their number, which lives as long as Go does, and no callback of their own
// that could leak. Live does not count it.
type awaiting struct {
	mu       sync.Mutex
	number   int
	settled  map[int]chan settlement
	dispatch func() safejs.Value
}

var waiting = newAwaiting()

func newAwaiting() *awaiting {
	a := &awaiting{settled: map[int]chan settlement{}}
	a.dispatch = sync.OnceValue(func() safejs.Value {
		return safejs.Safe(js.FuncOf(func(_ js.Value, args []js.Value) any {
			a.dispatched(args[0].Int(), args[1].Bool(), args[2])
			return nil
		}).Value)
	})
	return a
}

func (a *awaiting) settle(promise js.Value) (number int, settled chan settlement, err error) {
	resolved, err := safejs.Safe(js.Global().Get("Promise")).Call("resolve", promise)
	if err != nil {
		return 0, nil, err
	}
	number, settled = a.add()
	fulfil, err := a.dispatch().Call("bind", nil, number, true)
	if err != nil {
		return 0, nil, err
	}
	reject, err := a.dispatch().Call("bind", nil, number, false)
	if err != nil {
		return 0, nil, err
	}
	_, err = resolved.Call("then", fulfil, reject)
	return number, settled, err
}

func (a *awaiting) add() (int, chan settlement) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.number++
	settled := make(chan settlement, 1)
	a.settled[a.number] = settled
	return a.number, settled
}

func (a *awaiting) forget(number int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.settled, number)
}

func (a *awaiting) dispatched(number int, fulfilled bool, value js.Value) {
	a.mu.Lock()
	defer a.mu.Unlock()
	settled, ok := a.settled[number]
	if !ok {
		return
	}
	delete(a.settled, number)
	if fulfilled {
		settled <- settlement{value: value}
		return
	}
	settled <- settlement{value: js.Undefined(), err: ErrorOf(value)}
}
