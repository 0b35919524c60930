package web

// frameTexts are the frame's own strings, in English.
var frameTexts = Texts{
	"product":   {Other: "Drawbridge"},
	"skip":      {Other: "Skip to the content"},
	"sign_out":  {Other: "Sign out"},
	"cancel":    {Other: "Cancel"},
	"home":      {Other: "Go to the start page"},
	"reference": {Other: "Reference"},
	"contact":   {Other: "Contact"},
	"signed_in": {Other: "Signed in as {1}"},

	"my_account": {Other: "My account"},
	"switch":     {Other: "Switch workspace"},
	"you":        {Other: "You"},

	"password.show":    {Other: "Show"},
	"password.hide":    {Other: "Hide"},
	"password.show_it": {Other: "Show the password"},
	"password.hide_it": {Other: "Hide the password"},
	"password.missing": {One: "1 more character is needed.", Other: "{1} more characters are needed."},
	"password.enough":  {Other: "Long enough. A longer one is stronger."},
	"password.strong":  {Other: "Long enough; strong if used nowhere else."},
	"copy":             {Other: "Copy"},
	"copied":           {Other: "Copied"},

	"problems": {
		One:   "There is a problem",
		Other: "There are {1} problems",
	},
	"problem":         {Other: "Problem:"},
	"confirm.effects": {Other: "What goes with it"},
	"refusal.quote":   {Other: "Quote this reference when you ask."},

	"error.administrator": {Other: "If you expected a page here, ask an administrator of your workspace."},
	"error.404.title":     {Other: "This page does not exist"},
	"error.404.what":      {Other: "The address may be mistyped, or what stood here has been removed."},
	"error.405.title":     {Other: "This address cannot be used that way"},
	"error.405.what":      {Other: "It was opened in a way that it does not answer, so nothing was changed."},
	"error.403.title":     {Other: "This came from another site"},
	"error.403.what":      {Other: "The form was sent from another site, so nothing was changed."},
	"error.403.whom":      {Other: "If you meant to do this, go to the start page and do it from there; else tell an administrator of your workspace."},
	"error.413.title":     {Other: "This is too large"},
	"error.413.what":      {Other: "More was sent than this page takes, so nothing was changed."},
	"error.413.whom":      {Other: "Go back and send less; an administrator of your workspace can help."},
	"error.500.title":     {Other: "Something went wrong on our side"},
	"error.500.what":      {Other: "What you asked for was not finished."},
	"error.500.whom":      {Other: "Try again in a minute; if it stays like this, tell an administrator of your workspace."},
}
