package delivery

import "drawbridge/provisioning"

// words are what one kind of mail says. Placeholders in braces stand for what
// the mail is about; see [placeholders].
type words struct {
	subject string
	// anonymous replaces subject and lead where no person of the workspace acts,
	// but the operator.
	anonymous anonymousWords
	lead      []string // paragraphs
	places    string   // what stands above the communities and roles
	button    string   // of the link; "" for a mail without one
	ends      string   // when the link ends
	rest      []string // paragraphs behind the link
	safety    string   // what whoever did not do it does: stands above the address for a new password
}

type anonymousWords struct {
	subject string
	lead    []string
}

const (
	linkEnds   = "The link works once, until {ends}."
	notYou     = "If it was not you, tell your administrator, and set a new password:"
	ifSo       = "If it was you, there is nothing to do."
	ignoreLink = "If you did not ask for this, leave the link alone: nothing happens unless it is used."
)

// english is the catalogue: a second language is a second one of its kind.
var english = map[provisioning.MailKind]words{
	provisioning.MailInvitation: {
		subject: "{inviter} invites you to {where}",
		lead:    []string{"{inviter in full} invites you to {workspace}. Open the link to choose a password and come in."},
		anonymous: anonymousWords{
			subject: "You are invited to {where}",
			lead:    []string{"You are invited to {workspace}. Open the link to choose a password and come in."},
		},
		places: "You will have",
		button: "Accept the invitation",
		ends:   linkEnds,
		rest: []string{
			"When it has ended, open it all the same: the page can ask for a new one.",
			"If you did not expect this, leave the link alone: nothing happens unless it is used.",
		},
	},
	provisioning.MailAccess: {
		subject: "{inviter} gave you access to {where}",
		lead:    []string{"{inviter in full} gave you access to {workspace}. You can sign in as you always do."},
		anonymous: anonymousWords{
			subject: "You have access to {where}",
			lead:    []string{"You have access to {workspace}. You can sign in as you always do."},
		},
		places: "You now have",
		button: "Sign in",
		rest:   []string{"If you did not expect this, there is nothing to do."},
	},
	provisioning.MailAskAgain: {
		subject: "{person} asks for a new invitation to {workspace}",
		lead: []string{
			"Your invitation of {person} to {workspace} ended before it was accepted, and {person} asks for a new one.",
			"Send it again from the list of users, where it stands as “invitation expired”.",
		},
		rest: []string{"If you do not want to, there is nothing to do."},
	},
	provisioning.MailReset: {
		subject: "Set a new password",
		lead:    []string{"Somebody asked for a new password for {address}. Open the link to set it. Everybody who is signed in with the old one is signed out then."},
		button:  "Set a new password",
		ends:    linkEnds,
		rest:    []string{ignoreLink, "Second factors stay as they are."},
	},
	provisioning.MailEmailOld: {
		subject: "Agree to sign in as {person}",
		lead:    []string{"Somebody signed in as {address} wants to sign in as {person} from now on. Both addresses have to agree."},
		button:  "Agree to the change",
		ends:    linkEnds,
		safety:  "If it was not you, do not agree, and set a new password:",
	},
	provisioning.MailEmailNew: {
		subject: "Agree to sign in with this address",
		lead:    []string{"Somebody wants to sign in with the address {address} from now on. Both this and the present address have to agree."},
		button:  "Agree to the change",
		ends:    linkEnds,
		rest:    []string{ignoreLink},
	},
	provisioning.MailEmailChanged: {
		subject: "You now sign in as {person}",
		lead:    []string{"The address with which you sign in was {address}, and is {person} now. Both agreed."},
		rest:    []string{"If that is not right, tell your administrator."},
	},
	provisioning.MailPassword: {
		subject: "Your password was changed",
		lead:    []string{"The password of {address} was changed, and everybody else who was signed in with it was signed out."},
		rest:    []string{ifSo},
		safety:  notYou,
	},
	provisioning.MailFactorAdded: {
		subject: "New second factor: {person}",
		lead:    []string{"“{person}” was added to the account of {address}."},
		rest:    []string{ifSo},
		safety:  notYou,
	},
	provisioning.MailFactorRemoved: {
		subject: "Second factor removed: {person}",
		lead:    []string{"“{person}” was removed from the account of {address}."},
		rest:    []string{ifSo},
		safety:  notYou,
	},
	provisioning.MailFactorReset: {
		subject: "An administrator made a code for your second factor",
		lead:    []string{"{inviter in full} made a code that stands for your second factor once, in {workspace}, within 24 hours. They will give it to you in another way."},
		anonymous: anonymousWords{
			subject: "A code was made for your second factor",
			lead:    []string{"The operator of this server made a code that stands for your second factor once, within 24 hours. They will give it to you in another way."},
		},
		rest: []string{"If you did not ask for it, tell your administrator now: somebody may be trying to sign in as you."},
	},
	provisioning.MailTest: {
		subject: "Mail from Drawbridge works",
		lead:    []string{"This is the mail that `drawbridge doctor --mail-to` sends. Invitations and links for new passwords will come from the same address."},
		rest:    []string{"There is nothing to do."},
	},
}

// Words in which a letter speaks of what it has been given.
const (
	roleInCommunity = "{roles} in {community}"
	oneMore         = "{first} and 1 other community"
	more            = "{first} and {n} other communities"
	and             = "and"
	inHours         = "{time} ({n} hours)"
	inMinutes       = "{time} ({n} minutes)"
	inDays          = "{time} ({n} days)"
	bareLink        = "If the button does not work, open this address:"
	closing         = "This mail was sent by {host}."
)
