package web_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"drawbridge/internal/web"
)

func TestStatus(t *testing.T) {
	t.Parallel()
	cause := errors.New("x")
	for _, tt := range []struct {
		err  error
		want int
	}{
		{fmt.Errorf("list: %w", web.ErrNoRoute), 404},
		{fmt.Errorf("read: %w", &http.MaxBytesError{}), 413},
		{fmt.Errorf("enter: %w", &web.RefusalError{Status: 410, Cause: cause}), 410},
		{cause, 500},
	} {
		if got := web.Status(tt.err); got != tt.want {
			t.Errorf("%v: %d, want %d", tt.err, got, tt.want)
		}
	}
	refused := &web.RefusalError{Outcome: "expired", Cause: cause}
	if !errors.Is(refused, cause) || refused.Error() != "refused: expired" {
		t.Errorf("%v does not wrap its cause, or shows it", refused)
	}
}

func TestWriteJSONPanicsOnWhatCannotBeEncoded(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	web.WriteJSON(httptest.NewRecorder(), http.StatusOK, func() {})
}

func TestHandlersReachTheServerBelowTheFrame(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	s.mux.People().Get("/x", func(w http.ResponseWriter, _ *http.Request) error {
		_, _ = io.WriteString(w, "first")
		return http.NewResponseController(w).Flush()
	})
	if w := s.get("/x"); !w.Flushed {
		t.Error("nothing was flushed")
	}
}

func TestAnErrorBelowAnotherWriterIsStillCutOff(t *testing.T) {
	t.Parallel()
	s := newSite(t, "https://bridge.example")
	s.mux.Mount(web.Face{Prefix: "/scim/", Answer: web.AnswerJSON}, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusOK)
		panic("late")
	}))
	inner := s.handler
	s.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { inner.ServeHTTP(wrapped{w}, r) })
	defer func() {
		if recover() != http.ErrAbortHandler { //nolint:errorlint // the value itself is what net/http looks for
			t.Error("half an answer was left whole")
		}
	}()
	s.get("/scim/x")
}

// wrapped is a writer of somebody else's middleware.
type wrapped struct{ http.ResponseWriter }

func (w wrapped) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func TestPagesShareTheirCatalogue(t *testing.T) {
	t.Parallel()
	if got := newPages(t, "https://bridge.example").Texts().T("cancel"); got != "Cancel" {
		t.Errorf("%q", got)
	}
}
