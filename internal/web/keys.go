package web

import (
	"fmt"
	"html/template"
	"text/template/parse"
)

// checkKeys finds every use of the function t in a set of templates and reports the first whose key the catalogue does
// not know. A key must be a literal, so that none escapes the search.
func checkKeys(set *template.Template, catalogue *Catalogue) error {
	for _, t := range set.Templates() {
		if t.Tree == nil {
			continue
		}
		for _, key := range keysIn(t.Tree.Root) {
			if !catalogue.Has(key) {
				return fmt.Errorf("template %q: no catalogue key %q", t.Name(), key)
			}
		}
	}
	return nil
}

// keysIn lists the keys below a node; a key that is no literal is listed as its source text, which no catalogue knows.
func keysIn(node parse.Node) []string {
	switch n := node.(type) {
	case *parse.ListNode:
		return keysInList(n)
	case *parse.ActionNode:
		return keysInPipe(n.Pipe)
	case *parse.TemplateNode:
		return keysInPipe(n.Pipe)
	case *parse.PipeNode:
		return keysInPipe(n)
	case *parse.IfNode:
		return keysInBranch(&n.BranchNode)
	case *parse.RangeNode:
		return keysInBranch(&n.BranchNode)
	case *parse.WithNode:
		return keysInBranch(&n.BranchNode)
	default:
		return nil
	}
}

func keysInList(list *parse.ListNode) (keys []string) {
	if list == nil {
		return nil
	}
	for _, n := range list.Nodes {
		keys = append(keys, keysIn(n)...)
	}
	return keys
}

func keysInBranch(b *parse.BranchNode) []string {
	keys := keysInPipe(b.Pipe)
	keys = append(keys, keysInList(b.List)...)
	return append(keys, keysInList(b.ElseList)...)
}

func keysInPipe(pipe *parse.PipeNode) (keys []string) {
	if pipe == nil {
		return nil
	}
	for _, command := range pipe.Cmds {
		keys = append(keys, keysInCommand(command)...)
	}
	return keys
}

func keysInCommand(command *parse.CommandNode) (keys []string) {
	name, ok := command.Args[0].(*parse.IdentifierNode)
	if ok && name.Ident == "t" {
		keys = append(keys, keyOf(command))
	}
	for _, arg := range command.Args {
		keys = append(keys, keysIn(arg)...)
	}
	return keys
}

func keyOf(command *parse.CommandNode) string {
	if len(command.Args) > 1 {
		if literal, ok := command.Args[1].(*parse.StringNode); ok {
			return literal.Text
		}
	}
	return command.String()
}
