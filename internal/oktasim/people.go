package oktasim

import (
	"crypto/sha256"
	"fmt"
	"math/big"
	"strings"
)

// Status is the state of a person in Okta, in Okta's own words.
type Status string

// The two states of a person that matter to an application.
const (
	Active        Status = "ACTIVE"
	Deprovisioned Status = "DEPROVISIONED"
)

// Person is somebody in the organisation: what Okta calls a user.
type Person struct {
	// ID is Okta's id, "00u" and 17 letters or digits: the `sub` of ID tokens and the `externalId` of SCIM.
	ID string
	// Login is the e-mail address with which the person signs in; it is sent as userName and as primary e-mail.
	Login      string
	FirstName  string
	LastName   string
	Title      string
	Department string
	Status     Status
	// Assigned says that the administrator assigned the person to the application that provisions by SCIM. Signing in
	// does not ask for it: sign-in and provisioning are two applications, as self-hosted set-ups of Okta usually are.
	Assigned bool
}

// Name is what people see: first and last name.
func (p Person) Name() string {
	return strings.TrimSpace(p.FirstName + " " + p.LastName)
}

// Group is a group of the organisation, offered to the application by Group Push.
type Group struct {
	// ID is Okta's id, "00g" and 17 letters or digits. It never reaches the application.
	ID   string
	Name string
	// Members are ids of people, in the order in which they joined.
	Members []string
}

// Sample is what an organisation starts with.
type Sample struct {
	People []Person
	Groups []Group
}

// SampleOrganisation returns people and groups that are the same at every call with the same arguments. The first `people`
// are assigned to the application and spread over the groups; `newcomers` more are not assigned, so that they reach the
// application by signing in. Addresses are at domain.
func SampleOrganisation(domain string, people, groups, newcomers int) Sample {
	var s Sample
	for i := range people + newcomers {
		p := samplePerson(domain, i)
		p.Assigned = i < people
		s.People = append(s.People, p)
	}
	for i := range groups {
		s.Groups = append(s.Groups, Group{ID: stableID("00g", domain, i), Name: groupName(i)})
	}
	for i := 0; i < people && groups > 0; i++ {
		join(&s.Groups[i%groups], s.People[i].ID)
		if i%5 == 0 && groups > 1 {
			join(&s.Groups[(i+1)%groups], s.People[i].ID)
		}
	}
	return s
}

func join(g *Group, id string) { g.Members = append(g.Members, id) }

// samplePerson pairs the lists so that the first len(firstNames)*len(lastNames) people all have different names: the step
// through the last names shares no factor with their number.
func samplePerson(domain string, i int) Person {
	round := i / len(firstNames)
	first := firstNames[i%len(firstNames)]
	last := lastNames[(7*(i%len(firstNames))+round)%len(lastNames)]
	login := plainLetters.Replace(strings.ToLower(first + "." + last))
	if round >= len(lastNames) {
		login += fmt.Sprint(i)
	}
	job := jobs[i%len(jobs)]
	return Person{
		ID: stableID("00u", domain, i), Login: login + "@" + domain, FirstName: first, LastName: last,
		Title: job.title, Department: job.department, Status: Active,
	}
}

func groupName(i int) string {
	if i < len(groupNames) {
		return groupNames[i]
	}
	return fmt.Sprintf("Team %d", i+1)
}

// stableID has the form of Okta's ids: a prefix that tells the kind, 20 characters in all.
func stableID(prefix, seed string, i int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s/%s/%d", prefix, seed, i))
	digits := new(big.Int).SetBytes(sum[:]).Text(62)
	return prefix + digits[len(digits)-17:]
}

var plainLetters = strings.NewReplacer("é", "e", "è", "e", "ï", "i", "ç", "c", "ö", "o", "ü", "u", "å", "a", "ñ", "n", "ó", "o", "ú", "u", "'", "", " ", "")

var firstNames = []string{
	"Ada", "Blaise", "Camille", "Dorothy", "Évariste", "Fatima", "Grace", "Hedy", "Inès", "Jules",
	"Katherine", "Lucien", "Margaret", "Noémie", "Oscar", "Priya", "Quentin", "Radia", "Sofia", "Théo",
	"Ursula", "Victor", "Wanda", "Xavier", "Yasmine", "Zoé", "Amadou", "Béatrice", "Clément", "Diego",
	"Elif", "Farid", "Gisèle", "Hugo", "Ingrid", "Jamal", "Karin", "Léa", "Mateo", "Nadia",
}

var lastNames = []string{
	"Lovelace", "Moreau", "Vaughan", "Bernard", "Hopper", "Lamarr", "Rousseau", "Garnier", "Johnson", "Faure",
	"Hamilton", "Perrin", "Nguyen", "Sharma", "Lemaire", "Perlman", "Kovalev", "Girard", "Franklin", "Petit",
	"Marchand", "Haddad", "Dubois", "Blanchard", "Diallo", "Fontaine", "Ortega", "Yilmaz", "Benali", "Chevalier",
	"Lindqvist", "Okafor", "Schneider", "Mercier", "Núñez", "Rahman", "Leroy", "Tanaka", "Novak", "Delacroix",
}

var groupNames = []string{
	"Analysts", "Paris", "Lyon", "Administrators", "Incident response", "Threat hunting", "Detection engineering", "Forensics",
}

var jobs = []struct{ title, department string }{
	{"Security analyst", "Security operations"},
	{"Incident responder", "Security operations"},
	{"Detection engineer", "Engineering"},
	{"Threat researcher", "Intelligence"},
	{"Team lead", "Security operations"},
	{"Platform engineer", "Engineering"},
	{"Compliance officer", "Risk"},
}
