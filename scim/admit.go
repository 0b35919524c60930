package scim

import (
	"context"
	"errors"
	"mime"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"drawbridge/internal/web"
	"drawbridge/provisioning"
)

// maxAuthorization is how long the header may be, in bytes, to be looked at.
const maxAuthorization = 4096

// Failed authentications that one client address may make: a second, and at
// once.
const (
	failureRate  = 5
	failureBurst = 50
)

// admit finds out which directory speaks and whether it may speak now.
func (h *Handler) admit(r *http.Request) (provisioning.DirectoryAccess, error) {
	ctx := r.Context()
	access, err := h.authenticate(r)
	if err != nil {
		return access, err
	}
	access.Actor.RequestID, access.Actor.From = web.RequestIDOf(ctx), web.ClientOf(ctx).Addr.String()
	event := web.EventOf(ctx)
	event.WorkspaceID, event.DirectoryID, event.TokenID =
		string(access.Directory.Workspace), string(access.Directory.ID), access.Actor.ID
	passes, wait, err := h.limiter.Allow(ctx, "scim:"+string(access.Directory.ID), h.rate, h.rate)
	if err == nil && !passes {
		err = tooMany(wait, "The directory sends more requests than it may. Send the rest later.")
	}
	return access, err
}

// authenticate proves the token. Who fails too often from one address is told
// to wait; a good token passes from there all the same, because the tenants of
// a provider share its addresses.
func (h *Handler) authenticate(r *http.Request) (provisioning.DirectoryAccess, error) {
	access, err := h.directoryOf(r)
	var refused *refusal
	if !errors.As(err, &refused) {
		return access, err
	}
	passes, wait, limited := h.limiter.Allow(r.Context(), "scim-failed:"+clientKey(r.Context()), failureRate, failureBurst)
	switch {
	case limited != nil:
		return access, limited
	case !passes:
		return access, tooMany(wait, "Too many requests without a valid token came from this address.")
	}
	return access, refused
}

func (h *Handler) directoryOf(r *http.Request) (provisioning.DirectoryAccess, error) {
	token, bare, err := readToken(r.Header.Values("Authorization"))
	if err != nil {
		return provisioning.DirectoryAccess{}, err
	}
	access, err := h.service.AuthenticateDirectory(r.Context(), token)
	switch {
	case errors.Is(err, provisioning.ErrUnauthenticated):
		return provisioning.DirectoryAccess{}, unauthorized("invalid_token", FromDomain(err).Detail)
	case err != nil:
		return provisioning.DirectoryAccess{}, err
	case bare && !access.Directory.Switch(provisioning.SwitchBareToken):
		return provisioning.DirectoryAccess{}, unauthorized("invalid_request",
			`The token came without the word Bearer before it. Choose "Bearer" in the provisioning settings, or turn the switch bare-token of the directory on.`)
	}
	return access, nil
}

// readToken takes the token out of the header Authorization. It may stand
// behind the scheme Bearer or bare, which is for the directory to allow: a
// token says by its prefix what it is.
func readToken(headers []string) (token string, bare bool, err error) {
	switch {
	case len(headers) == 0:
		return "", false, unauthorized("", "The request has no token. Paste a token of this directory into the provisioning settings.")
	case len(headers) > 1 || len(headers[0]) > maxAuthorization:
		return "", false, unauthorized("invalid_request", "The header Authorization must come once and have at most 4096 bytes.")
	}
	value := strings.TrimSpace(headers[0])
	scheme, rest, behindScheme := strings.Cut(value, " ")
	switch {
	case behindScheme && strings.EqualFold(scheme, "Bearer"):
		return strings.TrimSpace(rest), false, nil
	case !behindScheme && strings.HasPrefix(value, provisioning.ScimTokenPrefix):
		return value, true, nil
	}
	return "", false, unauthorized("invalid_request",
		"The header Authorization must carry a token of this directory behind the word Bearer. Other schemes, such as Basic, are not supported.")
}

// unauthorized is a 401 with the challenge of RFC 6750 §3. code is the error
// of §3.1, and empty for a request that brought no credentials.
func unauthorized(code, detail string) *refusal {
	challenge := `Bearer realm="drawbridge"`
	if code != "" {
		challenge += `, error="` + code + `"`
	}
	return &refusal{
		answer: &Error{Status: http.StatusUnauthorized, Detail: detail},
		header: header("WWW-Authenticate", challenge),
	}
}

// tooMany is a 429. Okta understands whole seconds only.
func tooMany(wait time.Duration, detail string) *refusal {
	seconds := max(1, int64((wait+time.Second-1)/time.Second))
	return &refusal{
		answer: &Error{Status: http.StatusTooManyRequests, Detail: detail},
		header: header("Retry-After", strconv.FormatInt(seconds, 10)),
	}
}

// clientKey is the client's address, of IPv6 the network that one subscriber
// gets.
func clientKey(ctx context.Context) string {
	addr := web.ClientOf(ctx).Addr
	if !addr.Is6() {
		return addr.String()
	}
	return netip.PrefixFrom(addr, 64).Masked().String()
}

func takesBody(method string) bool {
	return method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch
}

// checkMedia refuses a body that is not plain JSON in UTF-8. A missing type is
// taken for it.
func checkMedia(r *http.Request) error {
	for _, coding := range r.Header.Values("Content-Encoding") {
		if !strings.EqualFold(coding, "identity") {
			return unsupportedMedia("The body is compressed. Send it as it is.")
		}
	}
	text := r.Header.Get("Content-Type")
	if text == "" || r.ContentLength == 0 {
		return nil
	}
	media, parameters, err := mime.ParseMediaType(text)
	if err != nil || media != mediaType && media != "application/json" {
		return unsupportedMedia("The body must be of the type " + mediaType + " or application/json.")
	}
	if charset := parameters["charset"]; charset != "" && !strings.EqualFold(charset, "utf-8") {
		return unsupportedMedia("The body must be encoded in UTF-8.")
	}
	return nil
}

func unsupportedMedia(detail string) *refusal {
	h := header("Accept", mediaType+", application/json")
	h.Set("Accept-Encoding", "identity")
	return &refusal{answer: &Error{Status: http.StatusUnsupportedMediaType, Detail: detail}, header: h}
}
