package web

import (
	"encoding/json"
	"net/http"
)

// WriteJSON answers with v as one line of JSON. v must be something that encoding/json can encode.
func WriteJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // a type that cannot be encoded is a fault of the program
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // a client that went away needs no answer
}

// SeeOther sends the browser on with 303, so that back and reload never repeat what was posted. It returns nil, for a
// handler's last line.
func SeeOther(w http.ResponseWriter, target string) error {
	w.Header().Set("Location", target)
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

// LimitBody lets a handler read at most limit bytes of body. A longer one that says so is refused unread; any other
// fails while it is read, with an [http.MaxBytesError], which the handler returns.
func LimitBody(limit int64, h Handler) Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if r.ContentLength > limit {
			return ErrTooLarge
		}
		r.Body = http.MaxBytesReader(w, r.Body, limit)
		return h(w, r)
	}
}
