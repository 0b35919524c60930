package provisioning

import (
	"iter"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxAddresses is how many addresses one submission may have.
const MaxAddresses = 1000

const (
	maxAddressText = 256 << 10 // bytes of a submission
	maxAddressName = 1000      // bytes of the name before an address
	maxAddressShow = 320       // bytes of what was typed that are kept
)

// Address is one address of a submission.
type Address struct {
	Text  string // as it was typed, cut to 320 bytes
	Email string // "" if Err says why it is none
	Err   error  // of kind ErrInvalid
}

// ParseAddresses reads addresses that are separated by commas, semicolons or
// lines, each bare or as `Name <address>` in the way mail programs copy them
// (RFC 5322 §3.4: quoted names may hold separators). Repeated ones, whatever
// the case, are folded into the first. No address, more than [MaxAddresses], or
// more than 256 kB is an error of kind ErrInvalid for the whole.
//
// A domain outside ASCII is kept as it was typed and compared without case, like
// every address of the product: its xn-- form is another address.
func ParseAddresses(text string) ([]Address, error) {
	if len(text) > maxAddressText {
		return nil, invalid("too_long", "The list is %d kB long; at most %d kB go in one submission. Split it.", len(text)>>10, maxAddressText>>10)
	}
	var all []Address
	seen := make(map[string]bool)
	for entry := range addressEntries(text) {
		a := parseAddress(entry)
		key := Fold(a.Email)
		if a.Err != nil {
			key = Fold(entry)
		}
		if !seen[key] {
			seen[key] = true
			all = append(all, a)
		}
	}
	switch {
	case len(all) == 0:
		return nil, invalid("no_address", "There is no address here. Write e-mail addresses, separated by commas, semicolons or lines.")
	case len(all) > MaxAddresses:
		return nil, errTooManyAddresses(len(all))
	}
	return all, nil
}

func errTooManyAddresses(n int) error {
	return invalid("too_many_addresses", "These are %d addresses; at most %d go in one submission. Split the list.", n, MaxAddresses)
}

// addressEntries yields what stands between separators, without the blanks
// around it.
func addressEntries(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for line := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '\n' || r == '\r' }) {
			for entry := range lineEntries(line) {
				if entry = strings.TrimSpace(entry); entry != "" && !yield(entry) {
					return
				}
			}
		}
	}
}

// lineEntries splits at commas and semicolons, but for those that are quoted. A
// quotation mark that is not closed on its line quotes nothing: what comes after
// it is looked at by itself.
func lineEntries(line string) iter.Seq[string] {
	return func(yield func(string) bool) {
		open := unclosedQuote(line)
		quoted, start := false, 0
		for i := 0; i < len(line); i++ {
			switch c := line[i]; {
			case c == '\\' && quoted:
				i++
			case c == '"' && i < open:
				quoted = !quoted
			case (c == ',' || c == ';') && !quoted:
				if !yield(line[start:i]) {
					return
				}
				start = i + 1
			}
		}
		yield(line[start:])
	}
}

// unclosedQuote returns where a quotation mark stands that nothing closes, and
// the length of the line if there is none.
func unclosedQuote(line string) int {
	open := len(line)
	for i := 0; i < len(line); i++ {
		switch quoted := open < len(line); {
		case line[i] == '\\' && quoted:
			i++
		case line[i] == '"' && quoted:
			open = len(line)
		case line[i] == '"':
			open = i
		}
	}
	return open
}

func parseAddress(entry string) Address {
	a := Address{Text: strings.Map(withoutBidi, cutText(entry, maxAddressShow))}
	email, err := bareAddress(entry)
	if err == nil {
		err = checkAddress(email)
	}
	if err != nil {
		a.Err = err
	} else {
		a.Email = email
	}
	return a
}

// withoutBidi drops what would turn the text around it, wherever it is shown.
func withoutBidi(r rune) rune {
	if unicode.Is(unicode.Bidi_Control, r) {
		return -1
	}
	return r
}

// bareAddress takes the name off.
func bareAddress(entry string) (string, error) {
	if err := checkPasted(entry); err != nil {
		return "", err
	}
	open := strings.LastIndexByte(entry, '<')
	if open < 0 {
		return entry, nil
	}
	address, closed := strings.CutSuffix(entry[open+1:], ">")
	if !closed {
		return "", invalid("email", "Nothing closes the < before the address. Write it as ada@acme.example or Ada Lovelace <ada@acme.example>.")
	}
	return strings.TrimSpace(address), checkPastedName(entry[:open])
}

// checkPasted refuses what no mail program copies and what can be made to look
// like something else.
func checkPasted(entry string) error {
	control := func(r rune) bool { return unicode.IsControl(r) && r != '\t' }
	switch {
	case !utf8.ValidString(entry):
		return invalid("not_utf8", "This is not text in UTF-8. Type the address by hand.")
	case strings.ContainsFunc(entry, control):
		return invalid("control_character", "There is a control character in this. Type the address by hand.")
	case strings.ContainsFunc(entry, func(r rune) bool { return unicode.Is(unicode.Bidi_Control, r) }):
		return invalid("bidirectional_mark", "There is a mark in this that turns text around. Type the address by hand.")
	}
	return nil
}

// checkPastedName looks at the name before an address, which is not kept.
func checkPastedName(name string) error {
	if len(name) > maxAddressName {
		return invalid("name_too_long", "The name before the address is longer than %d bytes. Leave it out.", maxAddressName)
	}
	if unclosedQuote(name) < len(name) {
		return invalid("quote_open", "A quotation mark is not closed. Close it, or leave the name out.")
	}
	quoted := false
	for i := 0; i < len(name); i++ {
		switch c := name[i]; {
		case c == '\\' && quoted:
			i++
		case c == '"':
			quoted = !quoted
		case (c == '<' || c == '>') && !quoted:
			return invalid("email", "There is more than one address between separators. Put a comma between them.")
		}
	}
	return nil
}

// checkAddress accepts an address that mail can be sent to: one of [checkEmail]
// whose local part is a dot-atom (RFC 5322 §3.2.3), with letters of any script
// (RFC 6531 §3.3). Quoted local parts are no part of that.
func checkAddress(email string) error {
	switch {
	case len(email) <= 254 && strings.Contains(email, `"@`):
		return invalid("email_quoted", "Addresses with quotation marks before the @ are not supported. Use another address of this person.")
	case len(email) <= 254 && strings.ContainsFunc(email, unicode.IsSpace):
		return invalid("email_blank", "There is a blank in the address. Put a comma between addresses, or angle brackets around this one.")
	case len(email) <= 254 && strings.ContainsFunc(email, func(r rune) bool { return unicode.Is(unicode.Cf, r) }):
		return invalid("email_invisible", "There is a character in the address that cannot be seen. Type the address by hand.")
	}
	if err := checkEmail(email); err != nil {
		return err
	}
	local, domain, _ := strings.Cut(email, "@")
	if !dotAtom(local) || strings.ContainsFunc(domain, func(r rune) bool { return r != '.' && r != '-' && !letterOrDigit(r) }) {
		return invalid("email", "%q is no e-mail address.", email)
	}
	return nil
}

func dotAtom(local string) bool {
	for atom := range strings.SplitSeq(local, ".") {
		if atom == "" || strings.ContainsFunc(atom, func(r rune) bool { return !letterOrDigit(r) && !strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", r) }) {
			return false
		}
	}
	return true
}

// letterOrDigit also takes the marks of which letters are made up.
func letterOrDigit(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r)
}
