package provisioning

import "context"

// ResolveReport is the result of resolving a workspace again.
type ResolveReport struct {
	Workspace WorkspaceID
	Users     int // looked at
	Different int // memberships that resolving again would start or end
}

// CheckResolve resolves everybody of the workspace again, by the code of every
// change, rolled back. It must find no difference (rule 1).
func (s *Service) CheckResolve(ctx context.Context, ws WorkspaceID) (ResolveReport, error) {
	r := ResolveReport{Workspace: ws}
	after := UserID("")
	for {
		var users []UserID
		different := 0
		err := s.change(ctx, Actor{Kind: ActorSystem}, ws, changeOptions{dryRun: true}, func(ctx context.Context, w *work) (err error) {
			if users, err = w.Access.Holders(ctx, ws, after, refreshChunk); err != nil || len(users) == 0 {
				return err
			}
			c, err := w.refresh(ctx, users)
			different = len(c.started) + len(c.ended)
			w.administrators.touched = false // nothing is kept: rule 9 has nothing to guard
			return err
		})
		if err != nil || len(users) == 0 {
			return r, err
		}
		r.Users += len(users)
		r.Different += different
		after = users[len(users)-1]
	}
}
