package scim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"

	goscim "github.com/elimity-com/scim"

	"drawbridge/internal/web"
)

// library is the SCIM library between the two sides of the facade. It says
// whether a write is valid; it answers nobody and reaches no data.
type library struct {
	handler http.Handler
	log     *slog.Logger
}

func newLibrary(log *slog.Logger) (*library, error) {
	server, err := goscim.NewServer(&goscim.ServerArgs{
		ServiceProviderConfig: &goscim.ServiceProviderConfig{},
		ResourceTypes: []goscim.ResourceType{
			{
				Name: "User", Endpoint: "/Users", Schema: userSchema(), Handler: validOnly{},
				SchemaExtensions: []goscim.SchemaExtension{{Schema: enterpriseSchema()}},
			},
			{Name: "Group", Endpoint: "/Groups", Schema: groupSchema(), Handler: validOnly{}},
		},
	})
	if err != nil {
		return nil, err
	}
	return &library{handler: server, log: log}, nil
}

// exchange travels with a request through the library.
type exchange struct {
	valid bool // the library led the request to a handler, so it found nothing wrong
}

type exchangeKey struct{}

// check shows a write to the library. An error is an [*Error] of status 400 in
// the library's words, or a fault: what else the library does, a panic
// included, never reaches the wire.
func (l *library) check(ctx context.Context, method, path string, body []byte) (err error) {
	x := &exchange{}
	ctx = context.WithValue(ctx, exchangeKey{}, x)
	r, err := http.NewRequestWithContext(ctx, method, path, bytes.NewReader(body)) //nolint:gosec // never leaves the process
	if err != nil {
		return err
	}
	defer func() {
		if value := recover(); value != nil {
			l.log.ErrorContext(ctx, "the SCIM library panicked",
				"request_id", web.RequestIDOf(ctx), "stack", string(debug.Stack()))
			err = fmt.Errorf("the SCIM library panicked: %v", value)
		}
	}()
	w := &capture{header: http.Header{}}
	l.handler.ServeHTTP(w, r)
	if x.valid {
		return nil
	}
	return w.refusal()
}

// capture is a ResponseWriter that keeps what is written.
type capture struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *capture) Header() http.Header { return w.header }

func (w *capture) Write(p []byte) (int, error) { return w.body.Write(p) }

func (w *capture) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

// bodyTypes are the scimTypes that a body can be refused with.
var bodyTypes = []string{typeInvalidFilter, typeInvalidPath, typeInvalidSyntax, typeInvalidValue, typeMutability, typeNoTarget}

// refusal is the library's answer as an error.
func (w *capture) refusal() error {
	var said struct{ ScimType, Detail string }
	if w.status != http.StatusBadRequest || json.Unmarshal(w.body.Bytes(), &said) != nil {
		return fmt.Errorf("the SCIM library answered %d", w.status)
	}
	if !slices.Contains(bodyTypes, said.ScimType) {
		said.ScimType = typeInvalidValue
	}
	if said.Detail == "" {
		said.Detail = "The request is not valid."
	}
	return badRequest(said.ScimType, "%s", said.Detail)
}

// errValid is how the handlers below come back. The library makes an answer of
// it that nobody sees.
var errValid = errors.New("valid")

// validOnly are the library's handlers: being reached is all that they report.
// Only writes are shown to the library, so the others are never called.
type validOnly struct{ goscim.ResourceHandler }

func (validOnly) Create(r *http.Request, _ goscim.ResourceAttributes) (goscim.Resource, error) {
	return report(r)
}

func (validOnly) Replace(r *http.Request, _ string, _ goscim.ResourceAttributes) (goscim.Resource, error) {
	return report(r)
}

func (validOnly) Patch(r *http.Request, _ string, _ []goscim.PatchOperation) (goscim.Resource, error) {
	return report(r)
}

func report(r *http.Request) (goscim.Resource, error) {
	if x, ok := r.Context().Value(exchangeKey{}).(*exchange); ok {
		x.valid = true
	}
	return goscim.Resource{}, errValid
}
