// Package expect is the one assertion that anacrolix's bencode asks for.
package expect

import "fmt"

// Nil panics unless x is nil.
func Nil(x any) {
	if x != nil {
		panic(fmt.Sprintf("expected nil; got %v", x))
	}
}
