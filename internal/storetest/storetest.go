package storetest

import (
	"slices"
	"testing"

	"drawbridge/provisioning"
)

// StatementCounter is what a Store may offer so that the suite can prove what
// its methods cost.
type StatementCounter interface {
	// Statements returns how many round trips to the database were made since
	// the Store was opened.
	Statements() int64
}

// sentence is one claim of the contract and its proof in a world of its own.
type sentence struct {
	claim string
	prove func(w *world)
}

// topic is what the contract says of one noun.
type topic struct {
	name      string
	sentences []sentence
	// alone gives each sentence a database of its own: it speaks of things that
	// stand outside every workspace.
	alone bool
}

// Run holds a Store against its contract. open returns a Store on a fresh
// database and closes it when t ends; it is called several times.
func Run(t *testing.T, open func(t testing.TB) provisioning.Store) {
	shared := open(t)
	for _, topic := range topics(shared) {
		t.Run(topic.name, func(t *testing.T) {
			t.Parallel()
			topic.run(t, shared, open)
		})
	}
}

func (tp topic) run(t *testing.T, shared provisioning.Store, open func(t testing.TB) provisioning.Store) {
	for _, s := range tp.sentences {
		t.Run(s.claim, func(t *testing.T) {
			t.Parallel()
			store := shared
			if tp.alone {
				store = open(t)
			}
			s.prove(newWorld(t, store))
		})
	}
}

func topics(store provisioning.Store) []topic {
	all := []topic{
		{name: "Update", sentences: updateSentences},
		{name: "View", sentences: viewSentences},
		{name: "Now", sentences: nowSentences},
		{name: "Close", sentences: closeSentences, alone: true},
		{name: "Workspaces", sentences: slices.Concat(workspaceSentences, workspaceDeleteSentences)},
		{name: "Communities", sentences: slices.Concat(communitySentences, communityLifeSentences)},
		{name: "Roles", sentences: slices.Concat(roleSentences, roleLifeSentences)},
		{name: "Domains", sentences: domainSentences},
		{name: "Connections", sentences: connectionSentences},
		{name: "Directories", sentences: directorySentences},
		{name: "DirectoryTokens", sentences: tokenSentences},
		{name: "Users", sentences: slices.Concat(userSentences, administratorSentences)},
		{name: "Blocks", sentences: blockSentences},
		{name: "Records", sentences: recordSentences},
		{name: "Records.List", sentences: slices.Concat(listSentences, filterSentences, emailFilterSentences)},
		{name: "Records.List adoptable", sentences: adoptableSentences},
		{name: "Identities", sentences: identitySentences},
		{name: "Subjects", sentences: subjectSentences},
		{name: "Tombstones", sentences: tombstoneSentences},
		{name: "Invitations", sentences: invitationSentences},
		{name: "Groups", sentences: groupSentences},
		{name: "Members", sentences: memberSentences},
		{name: "Mappings", sentences: mappingSentences},
		{name: "Grants", sentences: grantSentences},
		{name: "Access", sentences: accessSentences},
		{name: "Sessions", sentences: sessionSentences},
		{name: "SignIns", sentences: signInSentences},
		{name: "Events", sentences: eventSentences},
		{name: "Audit", sentences: auditSentences},
		{name: "DataKeys", sentences: dataKeySentences, alone: true},
		{name: "Jobs", sentences: jobSentences},
		{name: "Accounts", sentences: accountSentences},
		{name: "Factors", sentences: factorSentences},
		{name: "Passkeys", sentences: passkeySentences},
		{name: "ParentSignIns", sentences: parentSentences},
		{name: "SessionsOfAccounts", sentences: accountSessionSentences},
		{name: "Links", sentences: linkSentences},
		{name: "Challenges", sentences: challengeSentences},
		{name: "Deliveries", sentences: deliverySentences},
		{name: "Deliveries.Claim", sentences: outboxSentences, alone: true},
		{name: "Inactivity", sentences: inactivitySentences},
		{name: "Isolation", sentences: isolationSentences},
		{name: "Parallel", sentences: slices.Concat(parallelSentences, parallelAccountSentences)},
		{name: "Locks", sentences: slices.Concat(lockSentences, placeLockSentences)},
		{name: "Sealer", sentences: sealerSentences},
	}
	if _, ok := store.(StatementCounter); ok {
		all = append(all, topic{name: "Cost", sentences: costSentences, alone: true})
	}
	return all
}
