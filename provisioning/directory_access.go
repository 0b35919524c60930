package provisioning

import (
	"context"
	"errors"
	"time"
)

// DirectoryAccess is a directory that proved itself by a token: for whom the
// SCIM face acts.
type DirectoryAccess struct {
	Actor     Actor
	Directory Directory
}

// goodToken is the verdict that is remembered of a token.
type goodToken struct {
	access    DirectoryAccess
	hash      []byte
	expiresAt time.Time
}

// AuthenticateDirectory returns the directory of a bearer token, or
// ErrUnauthenticated. A good verdict is reused for [VerdictLifetime]; the
// secret is compared every time.
func (s *Service) AuthenticateDirectory(ctx context.Context, bearer string) (DirectoryAccess, error) {
	id, secret, ok := splitBearer(bearer, ScimTokenPrefix)
	if !ok {
		s.hasher.Equal(nil, secret)
		return DirectoryAccess{}, errBadToken()
	}
	known, fresh, question := s.verdicts.get(id)
	if !fresh {
		found, err := s.findToken(ctx, TokenID(id))
		if errors.Is(err, ErrNotFound) || errors.Is(err, ErrUnauthenticated) {
			s.hasher.Equal(nil, secret)
			return DirectoryAccess{}, errBadToken()
		}
		if err != nil {
			return DirectoryAccess{}, err
		}
		known = found
	}
	token, ok := known.(goodToken)
	if !ok || !s.hasher.Equal(token.hash, secret) || !time.Now().Before(token.expiresAt) {
		return DirectoryAccess{}, errBadToken()
	}
	if !fresh {
		s.verdicts.put(id, token, question)
	}
	return token.access, nil
}

// tokenTouchInterval is how exactly the last use of a token is known.
const tokenTouchInterval = time.Minute

func (s *Service) findToken(ctx context.Context, id TokenID) (found goodToken, err error) {
	touch := false
	err = s.store.View(ctx, func(tx *Tx) error {
		t, d, err := tx.Tokens.Find(ctx, id)
		if err != nil {
			return err
		}
		now := tx.Now()
		if !t.Live(now) || !d.DeletedAt.IsZero() {
			return errBadToken()
		}
		found = goodToken{
			access: DirectoryAccess{
				Actor:     Actor{Kind: ActorDirectory, ID: string(id), Workspace: t.Workspace, Directory: d.ID},
				Directory: d,
			},
			hash: t.SecretHash,
			// The process's clock decides within the lifetime of a verdict, so
			// what the store's clock leaves is added to it.
			expiresAt: time.Now().Add(t.ExpiresAt.Sub(now)),
		}
		touch = now.Sub(t.LastUsedAt) >= tokenTouchInterval
		return nil
	})
	if err != nil || !touch {
		return found, err
	}
	return found, s.store.Update(ctx, func(tx *Tx) error {
		return tx.Tokens.Touch(ctx, found.access.Directory.Workspace, id, tx.Now())
	})
}

func errBadToken() error {
	return fail(ErrUnauthenticated, "token", "The token is not one of a directory here, has expired or was revoked. Make a new one and paste it into the identity provider.")
}

// directoryChange is the frame of what a directory writes. A verdict may be
// half a second old: fn gets the directory as it stands now, and one that was
// deleted meanwhile writes nothing.
func (s *Service) directoryChange(ctx context.Context, a DirectoryAccess, o changeOptions, fn func(context.Context, *work, Directory) error) error {
	return s.change(ctx, a.Actor, a.Directory.Workspace, o, func(ctx context.Context, w *work) error {
		d, err := w.heldDirectory(ctx, a.Directory.ID)
		if errors.Is(err, ErrNotFound) {
			return errBadToken()
		}
		if err != nil {
			return err
		}
		return fn(ctx, w, d)
	})
}
