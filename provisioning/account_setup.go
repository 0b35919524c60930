package provisioning

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
)

// accountSetup says what the owner of an address gets as account.
type accountSetup struct {
	id           AccountID // of an account that is made; "" for a new one
	email        string
	passwordHash string      // "" for passkeys alone
	proved       bool        // the link that leads here was mailed to the address
	home         WorkspaceID // of an unproved account: the one workspace that it exists for
}

// setUpAccount makes the account of an address with the given password and
// nothing beside it. The caller has hashed the password before the transaction
// (see [Service.hashPassword]), has locked the user that the account is for,
// points that user to the account afterwards, and revokes the sessions whose
// ids are returned.
//
// Proved: ErrConflict account_exists if the address has a proved account.
// Unproved ones of the address, of whichever workspaces, become one with the
// new account, which then has their users. Unproved: the account of the address
// and home is made or, if there is one, set up anew; others are not looked at.
//
// Whatever an account had that is set up anew or absorbed ends: password,
// factors, links, parent sign-ins and sessions. Who lost a race for the address
// gets errAgain.
func (s *Service) setUpAccount(ctx context.Context, tx *Tx, n accountSetup) (Account, []SessionID, error) {
	anew, err := accountsToSetUp(ctx, tx, n)
	if err != nil {
		return Account{}, nil, err
	}
	if len(anew) == 0 {
		a, err := s.createAccount(ctx, tx, n)
		return a, nil, err
	}
	ended, err := emptyAccounts(ctx, tx, anew)
	if err != nil {
		return Account{}, nil, err
	}
	a, others := anew[0], idsOf(anew[1:])
	n.applyTo(tx, &a)
	if err := updateAccount(ctx, tx, a); err != nil || len(others) == 0 {
		return a, ended, err
	}
	return a, ended, tx.Accounts.Absorb(ctx, a.ID, others)
}

// accountsToSetUp returns, locked, the unproved accounts that become the new
// one.
func accountsToSetUp(ctx context.Context, tx *Tx, n accountSetup) ([]Account, error) {
	known, err := tx.Accounts.ByEmail(ctx, Fold(n.email))
	if err != nil {
		return nil, err
	}
	if n.proved && slices.ContainsFunc(known, func(a Account) bool { return a.EmailProved }) {
		return nil, errAccountExists()
	}
	anew := slices.DeleteFunc(known, func(a Account) bool {
		return a.EmailProved || !n.proved && a.Home != n.home
	})
	return anew, lockAccounts(ctx, tx, anew)
}

func errAccountExists() error {
	return conflict("account_exists", "There is an account with this address already. Sign in to it.")
}

// lockAccounts locks accounts behind their users, all in order, and reads them
// again. One that is not what it was means that somebody was faster.
func lockAccounts(ctx context.Context, tx *Tx, accounts []Account) error {
	if err := lockUsersOf(ctx, tx, accounts); err != nil {
		return err
	}
	slices.SortFunc(accounts, func(a, b Account) int { return cmp.Compare(a.ID, b.ID) })
	for i, a := range accounts {
		locked, err := tx.Accounts.Lock(ctx, a.ID)
		if errors.Is(err, ErrNotFound) || err == nil && (locked.Email != a.Email || locked.EmailProved != a.EmailProved) {
			return errAgain
		}
		if err != nil {
			return err
		}
		accounts[i] = locked
	}
	return nil
}

// lockUsersOf locks the users of accounts, by workspace and id.
func lockUsersOf(ctx context.Context, tx *Tx, accounts []Account) error {
	byWorkspace := make(map[WorkspaceID][]UserID)
	for _, a := range accounts {
		users, err := tx.Accounts.Users(ctx, a.ID)
		if err != nil {
			return err
		}
		for _, u := range users {
			byWorkspace[u.Workspace] = append(byWorkspace[u.Workspace], u.ID)
		}
	}
	for _, ws := range slices.Sorted(maps.Keys(byWorkspace)) {
		if err := tx.Users.Lock(ctx, ws, byWorkspace[ws]); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) createAccount(ctx context.Context, tx *Tx, n accountSetup) (Account, error) {
	a := Account{ID: n.id, CreatedAt: tx.Now()}
	if a.ID == "" {
		a.ID = AccountID(s.ids.New())
	}
	n.applyTo(tx, &a)
	err := tx.Accounts.Create(ctx, a)
	if Taken(err, KeyAccount) {
		return Account{}, errAgain
	}
	return a, err
}

func (n accountSetup) applyTo(tx *Tx, a *Account) {
	a.Email, a.EmailProved, a.Home = n.email, n.proved, n.home
	if n.proved {
		a.Home = ""
	}
	if a.PasswordHash = n.passwordHash; a.HasPassword() {
		a.PasswordSetAt = tx.Now()
	}
}

func updateAccount(ctx context.Context, tx *Tx, a Account) error {
	err := tx.Accounts.Update(ctx, a)
	if Taken(err, KeyAccount) {
		return errAgain
	}
	return err
}

// emptyAccounts is emptyAccount for several.
func emptyAccounts(ctx context.Context, tx *Tx, accounts []Account) (ended []SessionID, err error) {
	for i := range accounts {
		sessions, err := emptyAccount(ctx, tx, &accounts[i])
		if err != nil {
			return nil, err
		}
		ended = append(ended, sessions...)
	}
	return ended, nil
}

// emptyAccount ends all by which somebody is signed in to the account or could
// be, but for the password, and returns the sessions that ended.
func emptyAccount(ctx context.Context, tx *Tx, a *Account) ([]SessionID, error) {
	if err := removeFactors(ctx, tx, a); err != nil {
		return nil, err
	}
	if err := cancelLinks(ctx, tx, a.ID, LinkReset, LinkEmailOld, LinkEmailNew, LinkFactor); err != nil {
		return nil, err
	}
	if _, err := tx.Parents.EndOfAccount(ctx, a.ID, "", tx.Now()); err != nil {
		return nil, err
	}
	return tx.AccountSessions.EndOfAccount(ctx, a.ID, "", tx.Now())
}

// removeFactors takes authenticator, passkeys and recovery codes. The caller
// stores the account.
func removeFactors(ctx context.Context, tx *Tx, a *Account) error {
	a.TOTPSecret = nil
	passkeys, err := tx.Passkeys.OfAccount(ctx, a.ID)
	if err != nil {
		return err
	}
	for _, p := range passkeys {
		if err := tx.Passkeys.Delete(ctx, a.ID, p.ID); err != nil {
			return err
		}
	}
	return tx.Factors.SetRecoveryCodes(ctx, a.ID, nil)
}

// cancelLinks kills open links of the account, and mails with them that did not
// go out yet.
func cancelLinks(ctx context.Context, tx *Tx, a AccountID, purposes ...LinkPurpose) error {
	ids, err := tx.Links.Cancel(ctx, a, purposes, tx.Now())
	if err != nil || len(ids) == 0 {
		return err
	}
	subjects := make([]string, len(ids))
	for i, id := range ids {
		subjects[i] = string(id)
	}
	return tx.Deliveries.Drop(ctx, subjects, tx.Now())
}

func idsOf(accounts []Account) []AccountID {
	ids := make([]AccountID, len(accounts))
	for i, a := range accounts {
		ids[i] = a.ID
	}
	return ids
}
