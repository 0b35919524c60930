package delivery

import "strings"

// lineWidth is how wide a line of plain text may be, in characters; addresses
// stand on lines of their own, however long.
const lineWidth = 72

// text is the letter in plain text.
func (p page) text() string {
	var blocks []string
	for _, paragraph := range p.Lead {
		blocks = append(blocks, wrap(paragraph))
	}
	if len(p.Places) > 0 {
		blocks = append(blocks, p.Above+":\n- "+strings.Join(p.Places, "\n- "))
	}
	if p.Link != "" {
		blocks = append(blocks, p.Button+":\n"+p.Link)
	}
	if p.Ends != "" {
		blocks = append(blocks, wrap(p.Ends))
	}
	for _, paragraph := range p.Rest {
		blocks = append(blocks, wrap(paragraph))
	}
	if p.Safety != "" {
		blocks = append(blocks, wrap(p.Safety)+"\n"+p.Reset)
	}
	return strings.Join(append(blocks, "-- \n"+p.Closing), "\n\n") + "\n"
}

// wrap breaks a paragraph between words.
func wrap(paragraph string) string {
	var out strings.Builder
	width := 0
	for i, word := range strings.Fields(paragraph) {
		length := len([]rune(word))
		switch {
		case i == 0:
		case width+1+length > lineWidth:
			out.WriteByte('\n')
			width = 0
		default:
			out.WriteByte(' ')
			width++
		}
		out.WriteString(word)
		width += length
	}
	return out.String()
}
