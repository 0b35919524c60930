package scim

import (
	"time"

	"drawbridge/provisioning"
)

// userResource is a user as it is answered (RFC 7643 §4.1), in maps of its own.
// base is the URL that the face is reached at, without a slash at the end.
func userResource(u provisioning.DirectoryUser, base string) map[string]any {
	active := u.Active()
	w := provisioning.RecordWrite{Active: &active, Profile: u.Profile()}
	modified := u.UpdatedAt
	if u.Record != nil {
		w.ExternalID = &u.Record.ExternalID
		if u.Record.UpdatedAt.After(modified) {
			modified = u.Record.UpdatedAt
		}
	}
	out := attributesFrom(w)
	out["schemas"] = schemasOf(userType, out)
	out["id"] = string(u.ID)
	out["meta"] = meta("User", base+"/Users/"+string(u.ID), u.CreatedAt, modified)
	groups := make([]any, 0, len(u.Groups))
	for _, g := range u.Groups {
		groups = append(groups, map[string]any{
			"value": string(g.ID), "display": g.DisplayName, "type": "direct", "$ref": base + "/Groups/" + string(g.ID),
		})
	}
	set(out, "groups", groups)
	return out
}

// groupResource is a group as it is answered (RFC 7643 §4.2). It has members
// only if they were asked for.
func groupResource(g provisioning.DirectoryGroup, base string) map[string]any {
	out := map[string]any{
		"schemas":     []string{groupURN},
		"id":          string(g.ID),
		"displayName": g.DisplayName,
		"meta":        meta("Group", base+"/Groups/"+string(g.ID), g.CreatedAt, g.UpdatedAt),
	}
	put(out, "externalId", g.ExternalID)
	if g.Members == nil {
		return out
	}
	members := make([]any, 0, len(g.Members))
	for _, m := range g.Members {
		member := map[string]any{"value": string(m.User), "type": "User", "$ref": base + "/Users/" + string(m.User)}
		put(member, "display", m.Display)
		members = append(members, member)
	}
	out["members"] = members
	return out
}

func meta(resourceType, location string, created, modified time.Time) map[string]any {
	return map[string]any{
		"resourceType": resourceType,
		"location":     location,
		"created":      created.UTC().Format(time.RFC3339Nano),
		"lastModified": modified.UTC().Format(time.RFC3339Nano),
	}
}
