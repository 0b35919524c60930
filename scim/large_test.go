package scim

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"drawbridge/provisioning"
)

func largeRequest(t *testing.T) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPut, "/scim/v2/Groups/x", strings.NewReader("{}"))
	r.ContentLength = maxSmallBody + 1
	return r
}

func TestLargeBodies_OneOfADirectoryAndTwoAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLargeBodies()
		enter := func(d provisioning.DirectoryID) (func(), bool) {
			leave, err := l.enter(largeRequest(t), d)
			return leave, err == nil
		}
		leave, ok := enter("a")
		if _, second := enter("a"); !ok || second {
			t.Errorf("entered %v, and beside it %v; want one of a directory", ok, second)
		}
		other, ok := enter("b")
		if _, third := enter("c"); !ok || third {
			t.Errorf("entered %v, and beside it %v; want two in the process", ok, third)
		}
		small := httptest.NewRequestWithContext(t.Context(), http.MethodPut, "/scim/v2/Groups/x", strings.NewReader("{}"))
		if _, err := l.enter(small, "a"); err != nil {
			t.Errorf("a small body waits: %v", err)
		}
		waited := make(chan bool)
		go func() {
			leave, ok := enter("a")
			if ok {
				leave()
			}
			waited <- ok
		}()
		synctest.Wait()
		leave()
		if !<-waited {
			t.Error("who waited was not let in when the place became free")
		}
		other()
		if len(l.turn)+len(l.held)+len(l.places) != 0 {
			t.Errorf("left behind: %v %v %d", l.turn, l.held, len(l.places))
		}
	})
}

func TestLargeBodies_ABodyOfUnknownLengthMayBeLarge(t *testing.T) {
	t.Parallel()
	l := newLargeBodies()
	r := largeRequest(t)
	r.ContentLength = -1
	leave, err := l.enter(r, "a")
	if err != nil || len(l.places) != 1 {
		t.Errorf("entered with %v, %d places taken; want one", err, len(l.places))
	}
	leave()
}
