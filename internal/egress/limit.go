package egress

import (
	"fmt"
	"io"
	"net/http"
)

// limit refuses an answer that announces too long a body, and watches the one
// that announces nothing.
func limit(answer *http.Response, most int64) (*http.Response, error) {
	if answer.ContentLength > most && answer.Request.Method != http.MethodHead {
		answer.Body.Close()
		return nil, fmt.Errorf("%w: %d bytes announced, at most %d are read", ErrTooLarge, answer.ContentLength, most)
	}
	answer.Body = &limitedBody{body: answer.Body, left: most, most: most}
	return answer, nil
}

// limitedBody gives as many bytes as are allowed and then fails with ErrTooLarge,
// unlike io.LimitReader, which would let a cut body pass for a whole one.
type limitedBody struct {
	body       io.ReadCloser
	left, most int64
}

// Read implements io.Reader.
func (l *limitedBody) Read(p []byte) (int, error) {
	if int64(len(p)) > l.left+1 {
		p = p[:l.left+1] // one more than allowed tells the end from an excess
	}
	n, err := l.body.Read(p)
	if int64(n) <= l.left {
		l.left -= int64(n)
		return n, err
	}
	n, l.left = int(l.left), 0
	return n, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, l.most)
}

// Close implements io.Closer.
func (l *limitedBody) Close() error { return l.body.Close() }
