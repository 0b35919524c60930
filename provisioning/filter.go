package provisioning

import "time"

// Filter is a condition on users or groups: a tree that the SCIM face parses a
// client's text into and that the Store compiles to parameterised SQL. A nil
// Filter is no condition.
type Filter interface{ filter() }

// And holds when both sides hold.
type And struct{ Left, Right Filter }

// Or holds when at least one side holds.
type Or struct{ Left, Right Filter }

// Not holds when the inner condition does not.
type Not struct{ Inner Filter }

// Comparison compares one attribute with one value. On an attribute of e-mail
// addresses it holds if any address matches.
type Comparison struct {
	Attribute Attribute
	Operator  Comparator
	Value     Value // unused with [Present]
}

// EmailMatch holds when one single e-mail address fulfils the whole inner
// condition, which compares e-mail attributes only (`emails[type eq "work"
// and value co "@x"]`, RFC 7644 §3.4.2.2).
type EmailMatch struct{ Inner Filter }

func (And) filter()        {}
func (Or) filter()         {}
func (Not) filter()        {}
func (Comparison) filter() {}
func (EmailMatch) filter() {}

// Attribute is something that users or groups can be filtered by.
type Attribute string

// Attributes of users, and those that groups share.
const (
	AttrID            Attribute = "id"            // text, exact
	AttrExternalID    Attribute = "externalId"    // text, exact
	AttrUserName      Attribute = "userName"      // text, ignores case; users
	AttrDisplayName   Attribute = "displayName"   // text, ignores case
	AttrGivenName     Attribute = "givenName"     // text, ignores case; users
	AttrFamilyName    Attribute = "familyName"    // text, ignores case; users
	AttrFormattedName Attribute = "formattedName" // text, ignores case; users
	AttrActive        Attribute = "active"        // boolean; users
	AttrCreated       Attribute = "created"       // instant
	AttrLastModified  Attribute = "lastModified"  // instant
	AttrEmailValue    Attribute = "emails.value"  // text, ignores case; users
	AttrEmailType     Attribute = "emails.type"   // text, ignores case; users
	AttrEmailPrimary  Attribute = "emails.primary"
	AttrMemberID      Attribute = "members.value" // text, exact; groups
)

// Comparator is an operator of RFC 7644 §3.4.2.2.
type Comparator string

// The comparators. Ordering is by bytes of the folded or exact text, or in time.
const (
	Equal        Comparator = "eq"
	NotEqual     Comparator = "ne" // holds also where there is no value
	Contains     Comparator = "co"
	StartsWith   Comparator = "sw"
	EndsWith     Comparator = "ew"
	Present      Comparator = "pr"
	Greater      Comparator = "gt"
	GreaterEqual Comparator = "ge"
	Less         Comparator = "lt"
	LessEqual    Comparator = "le"
)

// Value is a literal: exactly one of its pointers is set, of the attribute's
// type. With none set it is null, which equals only what is absent.
type Value struct {
	Text    *string
	Bool    *bool
	Instant *time.Time
}
