package scim

import (
	"encoding/json"
	"strings"

	"drawbridge/provisioning"
)

// Limits on what is kept of a user or group, in bytes.
const (
	maxUserName   = 320 // the longest e-mail address
	maxText       = 1024
	maxLocale     = 64
	maxAttributes = 64 << 10 // all untyped attributes together, as JSON
)

var textLimits = map[string]int{
	"userName": maxUserName, "externalId": maxText, "displayName": maxText, "locale": maxLocale,
}

func checkTextLimits(attributes map[string]any) error {
	for name, limit := range textLimits {
		if text, _ := attributes[name].(string); len(text) > limit {
			return badRequest(typeInvalidValue, "%s is longer than %d bytes.", name, limit)
		}
	}
	return nil
}

// createWrite is what a POST says of a user.
func createWrite(attributes map[string]any) (provisioning.RecordWrite, error) {
	return replaceWrite(provisioning.RecordWrite{}, attributes)
}

// replaceWrite is what a user becomes by a PUT. Attributes that it leaves out
// are unassigned, except active and externalId, which stay (rule 7; an id is
// not taken away by silence). Errors: invalidValue.
func replaceWrite(current provisioning.RecordWrite, attributes map[string]any) (provisioning.RecordWrite, error) {
	next, err := recordFrom(attributes)
	if err != nil {
		return provisioning.RecordWrite{}, err
	}
	next.Profile.FormattedName = formattedName(current.Profile, next.Profile)
	return next, nil
}

// patchWrite is what a user becomes by a PATCH. Errors as of [applyUserPatch].
func patchWrite(current provisioning.RecordWrite, ops []operation, opts patchOptions) (provisioning.RecordWrite, error) {
	attributes, err := applyUserPatch(attributesFrom(current), ops, opts)
	if err != nil {
		return provisioning.RecordWrite{}, err
	}
	next, err := replaceWrite(current, attributes)
	if err == nil && next.ExternalID == nil && current.ExternalID != nil {
		next.ExternalID = new(string)
	}
	return next, err
}

// formattedName keeps what the client made of name.formatted, and makes it from
// the parts when they changed and it did not: Okta sends the former one back
// with the new parts.
func formattedName(current, next provisioning.Profile) string {
	sameParts := current.GivenName == next.GivenName && current.FamilyName == next.FamilyName
	if sameParts && next.FormattedName == current.FormattedName ||
		next.FormattedName != "" && next.FormattedName != current.FormattedName {
		return next.FormattedName
	}
	return strings.TrimSpace(next.GivenName + " " + next.FamilyName)
}

// recordFrom converts normalised attributes. ExternalID and Active are nil if
// absent. The attributes stay as they are and share nothing with the result.
func recordFrom(attributes map[string]any) (provisioning.RecordWrite, error) {
	if err := checkTextLimits(attributes); err != nil {
		return provisioning.RecordWrite{}, err
	}
	rest := clone(attributes).(map[string]any)
	var w provisioning.RecordWrite
	if id := take(rest, "externalId"); id != "" {
		w.ExternalID = &id
	}
	if active, ok := rest["active"].(bool); ok {
		w.Active = &active
	}
	delete(rest, "active")
	w.Profile = provisioning.Profile{
		UserName:    take(rest, "userName"),
		DisplayName: take(rest, "displayName"),
		Locale:      take(rest, "locale"),
	}
	if name, ok := rest["name"].(map[string]any); ok {
		w.Profile.GivenName = take(name, "givenName")
		w.Profile.FamilyName = take(name, "familyName")
		w.Profile.FormattedName = take(name, "formatted")
		set(rest, "name", name)
	}
	w.Profile.Emails = emailsFrom(rest["emails"])
	delete(rest, "emails")
	if len(rest) > 0 {
		w.Profile.Attributes = rest
	}
	return w, checkProfile(w.Profile)
}

// take removes a text from a map and returns it, "" if there is none.
func take(object map[string]any, name string) string {
	text, _ := object[name].(string)
	delete(object, name)
	return text
}

func emailsFrom(value any) []provisioning.Email {
	var out []provisioning.Email
	list, _ := value.([]any)
	for _, item := range list {
		element, _ := item.(map[string]any)
		e := provisioning.Email{Primary: element["primary"] == true}
		e.Value, _ = element["value"].(string)
		e.Type, _ = element["type"].(string)
		e.Display, _ = element["display"].(string)
		if e.Value != "" {
			out = append(out, e)
		}
	}
	return out
}

func checkProfile(p provisioning.Profile) error {
	if strings.TrimSpace(p.UserName) == "" {
		return badRequest(typeInvalidValue, "userName is required. Map it in the provisioning settings of the application.")
	}
	for name, text := range map[string]string{
		"name.givenName": p.GivenName, "name.familyName": p.FamilyName, "name.formatted": p.FormattedName,
	} {
		if len(text) > maxText {
			return badRequest(typeInvalidValue, "%s is longer than %d bytes.", name, maxText)
		}
	}
	for _, e := range p.Emails {
		if len(e.Value) > maxUserName || len(e.Type) > maxText || len(e.Display) > maxText {
			return badRequest(typeInvalidValue, "An e-mail address is longer than %d bytes, or its type or display than %d.", maxUserName, maxText)
		}
	}
	encoded, err := json.Marshal(p.Attributes)
	if err != nil || len(encoded) > maxAttributes {
		return badRequest(typeInvalidValue, "The attributes of the user are longer than %d bytes together.", maxAttributes)
	}
	return nil
}

// attributesFrom is the inverse of [recordFrom]; its maps are new.
func attributesFrom(w provisioning.RecordWrite) map[string]any {
	out := clone(w.Profile.Attributes).(map[string]any)
	put(out, "userName", w.Profile.UserName)
	put(out, "displayName", w.Profile.DisplayName)
	put(out, "locale", w.Profile.Locale)
	if w.ExternalID != nil {
		put(out, "externalId", *w.ExternalID)
	}
	if w.Active != nil {
		out["active"] = *w.Active
	}
	name, _ := out["name"].(map[string]any)
	if name == nil {
		name = map[string]any{}
	}
	put(name, "givenName", w.Profile.GivenName)
	put(name, "familyName", w.Profile.FamilyName)
	put(name, "formatted", w.Profile.FormattedName)
	set(out, "name", name)
	set(out, "emails", emailList(w.Profile.Emails))
	return out
}

func put(object map[string]any, name, text string) {
	if text != "" {
		object[name] = text
	}
}

func emailList(emails []provisioning.Email) []any {
	out := make([]any, 0, len(emails))
	for _, e := range emails {
		element := map[string]any{"value": e.Value}
		put(element, "type", e.Type)
		put(element, "display", e.Display)
		if e.Primary {
			element["primary"] = true
		}
		out = append(out, element)
	}
	return out
}
