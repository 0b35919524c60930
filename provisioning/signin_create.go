package provisioning

import (
	"context"
	"errors"
	"strings"
)

// giveDefaults grants the default role once, at the first sign-in through the
// connection while automatic creation is on, unless an invitation or an
// administrator gave the user something before (rule 5).
func (d *signInDecision) giveDefaults(ctx context.Context, u UserID) error {
	c := d.connection
	if !c.AutoCreate || c.DefaultRole == "" {
		return nil
	}
	given, err := d.Grants.OfUser(ctx, d.ws, u)
	if err != nil {
		return err
	}
	for _, g := range given {
		if g.Source.ByHand() {
			return nil
		}
	}
	if err := d.holdDefaults(ctx); err != nil {
		return err
	}
	grants := make([]Grant, len(c.DefaultCommunities))
	for i, community := range c.DefaultCommunities {
		grants[i] = Grant{
			Workspace: d.ws, ID: GrantID(d.s.ids.New()), User: u, Community: community, Role: c.DefaultRole,
			Source: SourceFirstSignIn, SourceID: string(c.ID), CreatedAt: d.Now(),
		}
	}
	stored, err := d.Grants.Add(ctx, grants)
	for _, g := range stored {
		d.grantEvent(EventGrantGiven, "user.grant", g)
	}
	return err
}

// holdDefaults keeps the default role and communities from being deleted. One that
// was deleted meanwhile is a default no longer: the connection is read again.
func (d *signInDecision) holdDefaults(ctx context.Context) error {
	err := d.requireCommunity(ctx, d.connection.DefaultCommunities...)
	if err == nil {
		_, err = d.role(ctx, d.connection.DefaultRole)
	}
	if errors.Is(err, ErrNotFound) {
		return errAgain
	}
	return err
}

// create is what remains when no rung found anybody (rules 5, 10 and 13).
func (d *signInDecision) create(ctx context.Context) (SignedIn, error) {
	known := knownAs{issuer: d.claims.Issuer, subject: d.claims.Subject, userName: d.claims.PreferredUserName, email: d.claims.Email}
	buried, err := d.buried(ctx, known)
	if err != nil {
		return SignedIn{}, err
	}
	switch {
	case buried:
		return SignedIn{}, refuse(RefusedRemoved, "")
	case !d.connection.AutoCreate:
		return SignedIn{}, refuse(RefusedUnknown, "")
	case d.claims.Email == "":
		return SignedIn{}, refuse(RefusedNoEmail, "")
	}
	verified, err := d.emailVerified(ctx)
	if err != nil {
		return SignedIn{}, err
	}
	if !verified {
		return SignedIn{}, refuse(RefusedDomain, "")
	}
	u, err := d.createUser(ctx)
	if err != nil {
		return SignedIn{}, err
	}
	in, err := d.enter(ctx, u)
	in.Created = err == nil
	return in, err
}

func (d *signInDecision) createUser(ctx context.Context) (User, error) {
	name, err := d.newUserName(ctx)
	if err != nil {
		return User{}, err
	}
	u := User{
		Workspace: d.ws, ID: UserID(d.s.ids.New()), UserName: name, Email: d.claims.Email,
		Origin: OriginSignIn, Version: 1, CreatedAt: d.Now(), UpdatedAt: d.Now(),
	}
	d.claims.describe(&u)
	if err := d.Users.Create(ctx, u); err != nil {
		if Taken(err, KeyUserName) {
			return User{}, d.userNameOfAnother(ctx, name)
		}
		return User{}, err
	}
	d.userCreated(u)
	return u, nil
}

// newUserName is `preferred_username` if that is an address of a verified
// domain, else the e-mail.
func (d *signInDecision) newUserName(ctx context.Context) (string, error) {
	preferred := strings.TrimSpace(d.claims.PreferredUserName)
	if checkEmail(preferred) != nil {
		return d.claims.Email, nil
	}
	verified, err := d.Domains.Verified(ctx, d.ws, DomainOf(preferred))
	if err != nil || !verified {
		return d.claims.Email, err
	}
	return preferred, nil
}

// userNameOfAnother: the other door may just have made this person, whom the
// next run finds by a rung; a userName that stands for somebody else, whom no
// rung reaches, is a second candidate.
func (d *signInDecision) userNameOfAnother(ctx context.Context, name string) error {
	if Fold(name) == Fold(d.claims.Email) {
		return errAgain
	}
	recorded, err := d.recordedUser(ctx)
	if err != nil {
		return err
	}
	if recorded != "" {
		return errAgain
	}
	return refuse(RefusedAmbiguous, "")
}

// refreshWords takes names, locale and e-mail from a token where no directory
// owns them (rule 17), never an e-mail that another user has.
func (d *signInDecision) refreshWords(ctx context.Context, u User) (User, error) {
	if u.Record != nil {
		return u, nil
	}
	next := u
	d.claims.describe(&next)
	if free, err := d.emailFree(ctx, u); err != nil {
		return u, err
	} else if free {
		next.Email = d.claims.Email
	}
	if next.DisplayName == u.DisplayName && next.GivenName == u.GivenName && next.FamilyName == u.FamilyName &&
		next.Locale == u.Locale && next.Email == u.Email {
		return u, nil
	}
	next.Version++
	next.UpdatedAt = d.Now()
	d.record(note{action: "user.change", kind: "user", target: string(u.ID), words: map[string]string{"email": next.Email, "name": next.DisplayName}})
	d.emit(EventUserChanged, string(u.ID), nil)
	return next, d.Users.Update(ctx, next)
}

func (d *signInDecision) emailFree(ctx context.Context, u User) (bool, error) {
	if Fold(d.claims.Email) == Fold(u.Email) || checkEmail(d.claims.Email) != nil {
		return false, nil
	}
	others, err := d.Users.List(ctx, d.ws, UserQuery{Key: Fold(d.claims.Email), Limit: 2})
	if err != nil {
		return false, err
	}
	for _, other := range others {
		if other.ID != u.ID {
			return false, nil
		}
	}
	return true, nil
}

// describe copies the words of a token that are fit to be shown.
func (c Claims) describe(u *User) {
	set := func(to *string, text string) {
		if text != "" && checkText("claim", text, maxName) == nil {
			*to = text
		}
	}
	set(&u.DisplayName, c.Name)
	set(&u.GivenName, c.GivenName)
	set(&u.FamilyName, c.FamilyName)
	set(&u.Locale, c.Locale)
}
