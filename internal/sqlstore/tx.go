package sqlstore

import (
	"time"

	"drawbridge/provisioning"
)

// newTx is the session as the domain sees it.
func newTx(s *session, now func() time.Time) *provisioning.Tx {
	s.now = now
	return &provisioning.Tx{
		Workspaces:      workspaces{s},
		Communities:     communities{s},
		Roles:           roles{s},
		Domains:         domains{s},
		Connections:     connections{s},
		Directories:     directories{s},
		Tokens:          tokens{s},
		Users:           users{s},
		Blocks:          blocks{s},
		Records:         records{s},
		Identities:      identities{s},
		Subjects:        subjects{s},
		Tombstones:      tombstones{s},
		Invitations:     invitations{s},
		Groups:          groups{s},
		Members:         members{s},
		Mappings:        mappings{s},
		Grants:          grants{s},
		Access:          access{s},
		Sessions:        sessions{s},
		SignIns:         signIns{s},
		Events:          events{s},
		Audit:           audit{s},
		DataKeys:        dataKeys{s},
		Jobs:            jobs{s},
		Accounts:        accounts{s},
		Factors:         factors{s},
		Passkeys:        passkeys{s},
		Parents:         parents{s},
		AccountSessions: accountSessions{s},
		Links:           links{s},
		Challenges:      challenges{s},
		Deliveries:      deliveries{s},
		Inactivity:      inactivity{s},
		TimeOfContext:   now,
	}
}
