package provisioning_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"drawbridge/provisioning"
)

func members(w *world, g provisioning.DirectoryGroup) (ids []provisioning.UserID) {
	w.t.Helper()
	found := must(w.GetDirectoryGroup(w.t.Context(), w.okta, string(g.ID), true))(w.t)
	for _, m := range found.Members {
		ids = append(ids, m.User)
	}
	return ids
}

func TestRule21_AMemberThatTheDirectoryOnceHadIsSkippedWithAWarning(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		ada, gone := w.push("00u1", "ada@acme.example").ID, w.push("00u2", "gone@acme.example").ID
		g := w.pushGroup("Analysts")
		if err := w.DeleteDirectoryUser(ctx, w.okta, string(gone)); err != nil {
			t.Fatal(err)
		}
		n := len(w.events())
		must(w.ChangeDirectoryGroup(ctx, w.okta, string(g.ID), provisioning.GroupChange{Members: []provisioning.MemberChange{
			{Kind: provisioning.AddMembers, IDs: []string{string(gone), string(ada)}},
		}}, false))(t)
		if got := members(w, g); len(got) != 1 || got[0] != ada {
			t.Errorf("members %v, want ada alone", got)
		}
		warned := w.since(n, provisioning.EventMembersSkipped)
		if len(warned) != 1 || !warned[0].Warning || warned[0].Subject != string(g.ID) || warned[0].Data["members"] != string(gone) {
			t.Errorf("warnings %+v", warned)
		}
	})
}

func TestRule21_AMemberThatNeverExistedChangesNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		globex := fillSecond(w)
		foreign := globex.push("00u1", "ada@globex.example").ID
		byHand := w.fresh("00u5") // a user of the workspace, but none of the directory
		ada := w.push("00u1", "ada@acme.example").ID
		g := w.pushGroup("Analysts", ada)
		w.mapGroup(g.ID, w.paris, w.analyst)
		for name, id := range map[string]string{
			"nobody":                strings.Repeat("0", 26),
			"another workspace's":   string(foreign),
			"not of the directory":  string(byHand),
			"a group":               string(g.ID),
			"empty":                 "",
			"a name":                "ada@acme.example",
			"a NUL":                 "a\x00b",
			"an id in upper case":   strings.ToUpper(string(ada)),
			"10 kB":                 strings.Repeat("x", 10_000),
			"what SQL would inject": "' or 1=1 --",
		} {
			before, log := stateOf(w), logOf(w)
			writes := map[string]func() error{
				"create": func() error {
					_, err := w.CreateDirectoryGroup(ctx, w.okta, provisioning.GroupWrite{DisplayName: "Other", Members: []string{string(ada), id}})
					return err
				},
				"replace": func() error {
					_, err := w.ReplaceDirectoryGroup(ctx, w.okta, string(g.ID), provisioning.GroupWrite{DisplayName: "Renamed", Members: []string{id}}, false)
					return err
				},
				"add": func() error {
					_, err := w.ChangeDirectoryGroup(ctx, w.okta, string(g.ID), provisioning.GroupChange{Members: []provisioning.MemberChange{
						{Kind: provisioning.RemoveMembers, IDs: []string{string(ada)}}, {Kind: provisioning.AddMembers, IDs: []string{id}},
					}}, false)
					return err
				},
			}
			for way, write := range writes {
				err := write()
				t.Run(name+" "+way, func(t *testing.T) { isKind(t, err, provisioning.ErrInvalid, "unknown_member") })
				if len(provisioning.Detail(err)) > 400 {
					t.Errorf("%s: the detail repeats %d bytes", name, len(provisioning.Detail(err)))
				}
			}
			same(t, name, stateOf(w), before)
			same(t, name, logOf(w), log)
		}
	})
}

func TestRule21_RemovingWhoIsNoMemberIsNoError_AndTwiceTheSameCountsOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		ada, bob := w.push("00u1", "ada@acme.example").ID, w.push("00u2", "bob@acme.example").ID
		g := w.pushGroup("Analysts", ada, ada, ada)
		if got := members(w, g); len(got) != 1 {
			t.Errorf("members %v, want ada once", got)
		}
		before, log := stateOf(w), logOf(w)
		must(w.ChangeDirectoryGroup(ctx, w.okta, string(g.ID), provisioning.GroupChange{Members: []provisioning.MemberChange{
			{Kind: provisioning.RemoveMembers, IDs: []string{string(bob), "nobody", "a\x00b"}},
			{Kind: provisioning.AddMembers, IDs: []string{string(ada), string(ada)}},
		}}, false))(t)
		same(t, "after a change of nothing", stateOf(w), before)
		same(t, "after a change of nothing", logOf(w), log)
	})
}

func TestRule21_DroppedAttributesAreRecordedByName(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w.AttributesDropped(t.Context(), w.okta, "User", []string{"costCentre", "badge"})
		found := w.since(0, provisioning.EventAttributesLost)
		if len(found) != 1 || found[0].Subject != "User" || found[0].Data["attributes"] != "costCentre badge" || found[0].Data["directory"] != string(w.okta.Directory.ID) {
			t.Errorf("events %+v", found)
		}
	})
}

func TestRule21_WhatNoDatabaseStoresAlikeIsRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		for name, bad := range map[string]provisioning.RecordWrite{
			"NUL in userName":     person("00u1", "a\x00b@acme.example"),
			"NUL in externalId":   person("00\x00u1", "ada@acme.example"),
			"not UTF-8":           person("00u1", "ada\xff@acme.example"),
			"no userName":         person("00u1", " "),
			"a long userName":     person("00u1", strings.Repeat("x", 400)),
			"a long externalId":   person(strings.Repeat("x", 300), "ada@acme.example"),
			"NUL in an attribute": {Profile: provisioning.Profile{UserName: "ada", Attributes: map[string]any{"title": "a\x00b"}}},
			"huge attributes":     {Profile: provisioning.Profile{UserName: "ada", Attributes: map[string]any{"title": strings.Repeat("x", 70_000)}}},
			"many e-mails":        {Profile: provisioning.Profile{UserName: "ada", Emails: make([]provisioning.Email, 51)}},
		} {
			before := stateOf(w)
			_, err := w.CreateDirectoryUser(t.Context(), w.okta, bad)
			if !errors.Is(err, provisioning.ErrInvalid) || provisioning.Detail(err) == "" {
				t.Errorf("%s: %v, want ErrInvalid with a detail", name, err)
			}
			same(t, name, stateOf(w), before)
		}
	})
}

func TestRule22_AGroupWriteTellsOfTheChangeAlone(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		var all []provisioning.UserID
		for _, n := range []string{"a", "b", "c", "d", "e"} {
			all = append(all, w.push("00u"+n, n+"@acme.example").ID)
		}
		g := w.pushGroup("Analysts", all[:4]...)
		w.mapGroup(g.ID, w.paris, w.analyst)
		n := len(w.events())
		w.setMembers(g, all[1:]...) // a whole group in one body: one goes, one comes
		got := w.since(n, provisioning.EventMembershipChanged)
		if len(got) != 2 || len(w.events()) != n+3 {
			t.Errorf("events %+v, want one membership ended, one started, one group changed", w.events()[n:])
		}
		log := entries(w)
		if last := log[len(log)-1]; last.Action != "group.members" || last.Details["added"] != "1" || last.Details["removed"] != "1" {
			t.Errorf("last entry %+v", last)
		}
	})
}

func TestRule24_ErrorsHaveAKindInside_AndWordsForWhoReadsThem(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.push("00u1", "ada@acme.example")
		bob := w.push("00u2", "bob@acme.example")
		nobody := strings.Repeat("0", 26)
		ws := provisioning.WorkspaceID(nobody)
		change := func(id string, to provisioning.RecordWrite) error {
			_, err := w.ChangeDirectoryUser(ctx, w.okta, id, func(provisioning.RecordWrite) (provisioning.RecordWrite, error) { return to, nil })
			return err
		}
		for name, c := range map[string]struct {
			err, kind error
			code      string
		}{
			"userName taken by POST":    {second(w.CreateDirectoryUser(ctx, w.okta, person("00u3", "ADA@acme.example"))), provisioning.ErrConflict, "user_name_taken"},
			"externalId taken by POST":  {second(w.CreateDirectoryUser(ctx, w.okta, person("00u1", "new@acme.example"))), provisioning.ErrConflict, "external_id_taken"},
			"userName taken by PUT":     {change(string(bob.ID), person("00u2", "ada@acme.example")), provisioning.ErrConflict, "user_name_taken"},
			"externalId taken by PUT":   {change(string(bob.ID), person("00u1", "bob@acme.example")), provisioning.ErrConflict, "external_id_taken"},
			"a user that is not there":  {change(nobody, person("00u2", "ada@acme.example")), provisioning.ErrNotFound, "not_found"},
			"an id that is none":        {change("me; drop", person("00u2", "ada@acme.example")), provisioning.ErrNotFound, "not_found"},
			"a group that is not there": {second(w.ChangeDirectoryGroup(ctx, w.okta, nobody, provisioning.GroupChange{}, false)), provisioning.ErrNotFound, "not_found"},
			"no such user":              {w.SuspendUser(ctx, w.operator, w.ws, provisioning.UserID(nobody)), provisioning.ErrNotFound, "not_found"},
			"no such workspace":         {w.SuspendUser(ctx, w.operator, ws, bob.ID), provisioning.ErrNotFound, "not_found"},
			"no such workspace, read":   {second(w.Workspace(ctx, ws)), provisioning.ErrNotFound, "not_found"},
			"no such mapping":           {w.DeleteMapping(ctx, w.operator, w.ws, provisioning.MappingID(nobody)), provisioning.ErrNotFound, "not_found"},
			"no such directory":         {w.DeleteDirectory(ctx, w.operator, w.ws, provisioning.DirectoryID(nobody)), provisioning.ErrNotFound, "not_found"},
			"no such connection":        {second(w.DisableConnection(ctx, w.operator, w.ws, provisioning.ConnectionID(nobody))), provisioning.ErrNotFound, "not_found"},
			"no such token":             {w.RevokeToken(ctx, w.operator, provisioning.TokenID(nobody)), provisioning.ErrNotFound, "not_found"},
			"no such domain":            {w.ReleaseDomain(ctx, w.operator, w.ws, "nobody.example"), provisioning.ErrNotFound, "not_found"},
			"no such user to explain":   {second(w.ExplainAccess(ctx, w.ws, provisioning.UserID(nobody), "")), provisioning.ErrNotFound, "not_found"},
			"a NUL as a user":           {second(w.FindUser(ctx, w.ws, "a\x00b")), provisioning.ErrInvalid, "nul_character"},
			"a NUL as a group":          {second(w.FindGroup(ctx, w.ws, "", "a\x00b")), provisioning.ErrInvalid, "nul_character"},
		} {
			t.Run(name, func(t *testing.T) {
				isKind(t, c.err, c.kind, c.code)
				if detail := provisioning.Detail(c.err); !strings.HasSuffix(detail, ".") {
					t.Errorf("detail %q is no sentence", detail)
				}
			})
		}
	})
}

func TestRule24_AnUnknownErrorHasNoWordsForTheOutside(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := w.CreateDirectoryUser(ctx, w.okta, person("00u1", "ada@acme.example"))
		if err == nil || provisioning.Detail(err) != "" || provisioning.Code(err) != "" {
			t.Errorf("error %v, detail %q", err, provisioning.Detail(err))
		}
	})
}

func TestRule25_TheActorStandsInTheEntry_TokenUserOrOperator(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		boss := provisioning.Actor{Kind: provisioning.ActorUser, ID: string(w.boss()), Workspace: w.ws, RequestID: "req-1"}
		ada := w.push("00u1", "ada@acme.example")
		in := must(w.signIn("00u1", "ada@acme.example"))(t)
		if err := w.SuspendUser(ctx, boss, w.ws, ada.ID); err != nil {
			t.Fatal(err)
		}
		w.grant(ada.ID, w.paris, w.guest)
		byAction := make(map[string]provisioning.AuditEntry)
		for _, e := range entries(w) {
			if e.Target == string(ada.ID) {
				byAction[e.Action] = e
			}
		}
		for action, want := range map[string]provisioning.Actor{
			"user.create": {Kind: provisioning.ActorDirectory, ID: w.okta.Actor.ID, Workspace: w.ws, Directory: w.okta.Directory.ID},
			"sign_in":     {Kind: provisioning.ActorUser, ID: string(in.User.ID), Workspace: w.ws},
			"user.block":  boss,
			"user.grant":  {Kind: provisioning.ActorOperator, Workspace: w.ws},
		} {
			e, ok := byAction[action]
			got := e.Actor
			got.Workspace = w.ws // an entry stands in one workspace anyway
			if !ok || got != want || e.Result != "done" || e.At.IsZero() {
				t.Errorf("%s: %+v, want by %+v", action, e, want)
			}
		}
	})
}

func TestRule25_WhatAnAuthenticatedActorWasRefusedGetsAnEntry_WhatWasMalformedDoesNot(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w.push("00u1", "ada@acme.example")
		n := len(entries(w))
		_, err := w.CreateDirectoryUser(t.Context(), w.okta, person("00u2", "ada@acme.example"))
		isKind(t, err, provisioning.ErrConflict, "user_name_taken")
		all := entries(w)
		if len(all) != n+1 || all[n].Result != "refused" || all[n].Details["code"] != "user_name_taken" || all[n].Actor.ID != w.okta.Actor.ID {
			t.Errorf("entries %+v", all[n:])
		}
		_, err = w.CreateDirectoryUser(t.Context(), w.okta, person("00u3", ""))
		isKind(t, err, provisioning.ErrInvalid, "user_name")
		if len(entries(w)) != n+1 {
			t.Error("malformed input left an entry")
		}
	})
}

func TestRule25_EventsAndDetailsCarryIdsAndNoPersonalDataNorSecrets(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.boss()
		ada := w.push("00u1", "ada@acme.example")
		g := w.pushGroup("Analysts of Ada", ada.ID)
		w.mapGroup(g.ID, w.paris, w.analyst)
		in := must(w.signIn("00u1", "ada@acme.example"))(t)
		w.fresh("00u7")
		w.put(ada.ID, person("00u1", "ada.renamed@acme.example"))
		must(w.ChangeDirectoryGroup(ctx, w.okta, string(g.ID), provisioning.GroupChange{DisplayName: ptr("Others of Ada"), ExternalID: ptr("ext-of-ada")}, false))(t)
		_, _ = w.CreateDirectoryUser(ctx, w.okta, person("00u9", "ada.renamed@acme.example"))
		w.setActive(ada.ID, false)
		if err := w.DeleteDirectoryUser(ctx, w.okta, string(ada.ID)); err != nil {
			t.Fatal(err)
		}
		var public strings.Builder
		for _, e := range w.events() {
			public.WriteString(text(t, e))
		}
		for _, e := range entries(w) {
			e.Words, e.Salt, e.Commitment = nil, nil, nil
			public.WriteString(text(t, e))
		}
		_, secret, _ := strings.Cut(in.Secret, ".")
		for _, private := range []string{"@acme", "Given", "Family", "00u1", "Ada", "Name of", "ext-of", "test browser", secret, w.token[len(w.token)-20:]} {
			if strings.Contains(public.String(), private) {
				t.Errorf("%q stands in an event or in the details of an entry", private)
			}
		}
		must(w.SealAudit(ctx, w.ws))(t)
		if r := must(w.VerifyAudit(ctx, w.ws))(t); r.Fault != "" || r.Unsealed != 0 {
			t.Errorf("audit: %+v", r)
		}
	})
}

func text(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func second[T any](_ T, err error) error { return err }
