package console

import (
	"maps"

	"drawbridge/internal/web"
)

// Texts are the strings of the face, in English, for [web.NewCatalogue].
func Texts() web.Texts {
	all := web.Texts{}
	for _, part := range []web.Texts{signInTexts, linkTexts, accountTexts, accessTexts} {
		maps.Copy(all, part)
	}
	return all
}

// accessTexts say what somebody holds and why.
var accessTexts = web.Texts{
	"home.title": {Other: "Your access"},
	"home.intro": {Other: "What you hold in {1}, and why. An administrator of {1} can change it."},
	"home.communities": {
		One:   "Your community",
		Other: "Your {1} communities",
	},
	"home.community":    {Other: "Community"},
	"home.role":         {Other: "Role"},
	"home.why":          {Other: "Why"},
	"home.caption":      {Other: "One line for each reason; an arrow stands for “because of”"},
	"home.idle":         {Other: "Not in effect"},
	"home.idle.caption": {Other: "Roles that were given to you and give nothing now"},
	"home.range":        {Other: "{1} to {2} of {3} reasons"},
	"home.newer":        {Other: "Previous page"},
	"home.older":        {Other: "Next page"},
	"home.pages":        {Other: "Pages"},

	"no_membership.title":   {Other: "You have no access to {1} yet"},
	"no_membership.what":    {Other: "You are signed in as {1}, but nobody has given you a role in {2}."},
	"no_membership.waiting": {Other: "You are signed in as {1}. Roles in {2} were given to you, but none of them is in effect until an administrator acts."},
	"whom.administrator":    {Other: "Ask an administrator of {1} for access."},
	"whom.address":          {Other: "Ask the contact of {1} for access."},
	"whom.words":            {Other: "Ask for access: {2}."},

	"why.because":               {Other: "because of"},
	"why.everywhere":            {Other: "and so in every community of {1}"},
	"why.mapping":               {Other: "Mapping of group “{1}”, took effect {2}"},
	"why.mapping_idle":          {Other: "Mapping of group “{1}”"},
	"why.pushed":                {Other: "group pushed by directory {1}"},
	"why.first_sign_in":         {Other: "First sign-in {1}"},
	"why.first_sign_in_through": {Other: "First sign-in through {1}, {2}"},
	"why.invitation":            {Other: "Invitation accepted {1}"},
	"why.invitation_outside":    {Other: "Invitation accepted {1}, outside of your directory"},
	"why.administrator":         {Other: "Given by an administrator {1}"},
	"why.administrator_outside": {Other: "Given by an administrator {1}, outside of your directory"},
	"why.safeguard":             {Other: "Safeguard made {2}, so that {1} keeps an administrator"},
	"why.directory":             {Other: "Given by a directory {1}"},
	"why.held":                  {Other: "Held"},
	"why.held.meaning":          {Other: "It counts once an administrator releases it."},
	"why.aside":                 {Other: "Set aside"},
	"why.aside.meaning":         {Other: "Groups decide what you hold in {1}, so the default role does not count there."},
	"why.idle":                  {Other: "Not in effect"},
	"why.idle.meaning":          {Other: "It gives nothing at present."},
	"why.deleted.meaning":       {Other: "The group was deleted, so its mapping gives nothing."},

	"when.exact":       {Other: "{1}, {2} UTC"},
	"when.date":        {Other: "on {1}"},
	"when.ago_now":     {Other: "just now"},
	"when.ago_minutes": {One: "1 minute ago", Other: "{1} minutes ago"},
	"when.ago_hours":   {One: "1 hour ago", Other: "{1} hours ago"},
	"when.ago_days":    {One: "1 day ago", Other: "{1} days ago"},
	"when.in_now":      {Other: "in less than a minute"},
	"when.in_minutes":  {One: "in 1 minute", Other: "in {1} minutes"},
	"when.in_hours":    {One: "in 1 hour", Other: "in {1} hours"},
	"when.in_days":     {One: "in 1 day", Other: "in {1} days"},
}
