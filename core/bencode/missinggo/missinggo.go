// Package missinggo stands in for the module of that name. anacrolix's bencode
// calls two functions of it, and the rest of it would bring net/http and
// database/sql into a .wasm that every visitor downloads (274 KB of brotli).
package missinggo

import "reflect"

// IsEmptyValue reports whether "omitempty" leaves v out: a zero number, a
// false, a nil pointer or interface, an empty string, slice, map or array, or
// a struct of nothing but such.
func IsEmptyValue(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.String, reflect.Slice, reflect.Map:
		return v.Len() == 0
	case reflect.Array:
		for i := range v.Len() {
			if !IsEmptyValue(v.Index(i)) {
				return false
			}
		}
		return true
	case reflect.Struct:
		for i := range v.NumField() {
			if !IsEmptyValue(v.Field(i)) {
				return false
			}
		}
		return true
	default:
		return v.IsZero()
	}
}
