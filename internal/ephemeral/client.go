package ephemeral

import (
	"errors"
	"fmt"
	"net/url"
	"sync"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// errURL hides the text of the URL, which may hold a password.
var errURL = errors.New("the Redis URL is not valid: write redis://HOST:6379 and percent-encode special characters in the password")

// quiet stops the library from writing to standard error: an outage is ours to tell.
var quiet = sync.OnceFunc(logging.Disable)

// newClient makes a client that gives up early and asks once: the caller has a
// better answer to a failure than waiting. It connects to nothing yet.
func newClient(text string) (redis.UniversalClient, error) {
	quiet()
	u, err := url.Parse(text)
	if err != nil {
		return nil, errURL
	}
	var client redis.UniversalClient
	switch query := u.Query(); {
	case query.Has("master_name"):
		client, err = newSentinel(text)
	case query.Has("addr"):
		client, err = newCluster(text)
	default:
		client, err = newSingle(text)
	}
	if err != nil {
		return nil, withoutURL(err)
	}
	return client, nil
}

func withoutURL(err error) error {
	var parsing *url.Error
	if errors.As(err, &parsing) {
		return errURL
	}
	return fmt.Errorf("the Redis URL is not valid: %w", err)
}

func newSingle(text string) (redis.UniversalClient, error) {
	o, err := redis.ParseURL(text)
	if err != nil {
		return nil, err
	}
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = patience, patience, patience, patience
	o.DialerRetries, o.MaxRetries = 1, -1
	o.ContextTimeoutEnabled, o.DisableIdentity = true, true
	o.MaintNotificationsConfig = noNotices()
	return redis.NewClient(o), nil
}

func newCluster(text string) (redis.UniversalClient, error) {
	o, err := redis.ParseClusterURL(text)
	if err != nil {
		return nil, err
	}
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = patience, patience, patience, patience
	o.DialerRetries, o.MaxRetries = 1, -1
	o.ContextTimeoutEnabled, o.DisableIdentity = true, true
	o.MaintNotificationsConfig = noNotices()
	return redis.NewClusterClient(o), nil
}

func newSentinel(text string) (redis.UniversalClient, error) {
	o, err := redis.ParseFailoverURL(text)
	if err != nil {
		return nil, err
	}
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = patience, patience, patience, patience
	o.DialerRetries, o.MaxRetries = 1, -1
	o.ContextTimeoutEnabled, o.DisableIdentity = true, true
	return redis.NewFailoverClient(o), nil
}

// noNotices spares each new connection a question that only Redis Enterprise answers.
func noNotices() *maintnotifications.Config {
	return &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
}
