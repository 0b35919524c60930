package storetest

import (
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"drawbridge/provisioning"
)

// equal fails unless both values show the same.
func equal[T any](t testing.TB, what string, got, want T) {
	t.Helper()
	if g, w := show(got), show(want); g != w {
		t.Fatalf("%s:\n got %s\nwant %s", what, g, w)
	}
}

// sameSet fails unless both lists hold the same, in whatever order.
func sameSet[T cmp.Ordered](t testing.TB, what string, got, want []T) {
	t.Helper()
	equal(t, what, sorted(got), sorted(want))
}

func sorted[T cmp.Ordered](list []T) []T {
	return slices.Sorted(slices.Values(list))
}

func wantKind(t testing.TB, err, kind error) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Fatalf("got error %v, want %v", err, kind)
	}
}

func wantTaken(t testing.TB, err error, key provisioning.UniqueKey) {
	t.Helper()
	if !provisioning.Taken(err, key) {
		t.Fatalf("got error %v, want the key %s taken", err, key)
	}
	wantKind(t, err, provisioning.ErrConflict)
}

func wantOK(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("got error %v, want none", err)
	}
}

func pluck[T, K any](list []T, key func(T) K) []K {
	keys := make([]K, 0, len(list))
	for _, v := range list {
		keys = append(keys, key(v))
	}
	return keys
}

// show writes a value as text. Absent and empty lists, maps and pointers show
// alike; instants show with their offset, so that one that is not UTC differs.
func show(v any) string {
	var b strings.Builder
	showValue(&b, reflect.ValueOf(v))
	return b.String()
}

func showValue(b *strings.Builder, v reflect.Value) {
	if !v.IsValid() {
		b.WriteByte('-')
		return
	}
	if v.CanInterface() {
		if at, ok := v.Interface().(time.Time); ok {
			b.WriteString(at.Format(time.RFC3339Nano))
			return
		}
	}
	switch v.Kind() {
	case reflect.Pointer:
		showValue(b, v.Elem())
	case reflect.Interface:
		if !v.IsNil() {
			b.WriteString(v.Elem().Type().String() + " ")
		}
		showValue(b, v.Elem())
	case reflect.Struct:
		showStruct(b, v)
	case reflect.Slice:
		showSlice(b, v)
	case reflect.Map:
		showMap(b, v)
	case reflect.String:
		b.WriteString(strconv.Quote(v.String()))
	default:
		fmt.Fprintf(b, "%v", v)
	}
}

func showStruct(b *strings.Builder, v reflect.Value) {
	b.WriteByte('{')
	for i := range v.NumField() {
		fmt.Fprintf(b, " %s:", v.Type().Field(i).Name)
		showValue(b, v.Field(i))
	}
	b.WriteString(" }")
}

func showSlice(b *strings.Builder, v reflect.Value) {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		b.WriteString("0x" + hex.EncodeToString(v.Bytes()))
		return
	}
	b.WriteByte('[')
	for i := range v.Len() {
		b.WriteString("\n  ")
		showValue(b, v.Index(i))
	}
	b.WriteByte(']')
}

func showMap(b *strings.Builder, v reflect.Value) {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(x, y reflect.Value) int { return strings.Compare(x.String(), y.String()) })
	b.WriteString("map[")
	for _, k := range keys {
		fmt.Fprintf(b, " %q:", k.String())
		showValue(b, v.MapIndex(k))
	}
	b.WriteString(" ]")
}
