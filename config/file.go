package config

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// readFile reads the YAML file, if one is named. The map is never nil.
func readFile(path string) (map[string]string, []fault) {
	if path == "" {
		return map[string]string{}, nil
	}
	text, err := readLimited(path)
	if err != nil {
		return map[string]string{}, []fault{{"", "configuration file: " + err.Error()}}
	}
	return parseFile(path, text)
}

// parseFile reads a flat mapping of snake-case keys. It goes by the syntax tree
// rather than into a struct, so that all unknown keys are told at once, each with
// its line.
func parseFile(path, text string) (map[string]string, []fault) {
	values := map[string]string{}
	tree, err := parser.ParseBytes([]byte(text), 0)
	if err != nil {
		return values, []fault{{"", fmt.Sprintf("%s: %s", path, syntaxError(err))}}
	}
	var faults []fault
	entries, err := topLevel(tree)
	if err != nil {
		faults = append(faults, fault{"", fmt.Sprintf("%s: %v", path, err)})
	}
	for _, entry := range entries {
		key := entry.Key.GetToken().Value
		value, ok := scalar(entry.Value)
		line := entry.Key.GetToken().Position.Line
		switch {
		case !known(key):
			faults = append(faults, fault{"", fmt.Sprintf("%s:%d: unknown key %q: remove it or correct its name", path, line, key)})
		case !ok:
			faults = append(faults, fault{"", fmt.Sprintf("%s:%d: %s must be a plain value", path, line, key)})
		case value != "":
			values[key] = value
		}
	}
	return values, faults
}

var errShape = errors.New("must be one YAML mapping of keys to values")

func topLevel(tree *ast.File) ([]*ast.MappingValueNode, error) {
	var entries []*ast.MappingValueNode
	for i, doc := range tree.Docs {
		switch body := doc.Body.(type) {
		case nil, *ast.NullNode, *ast.CommentGroupNode:
		case *ast.MappingNode:
			entries = append(entries, body.Values...)
		case *ast.MappingValueNode:
			entries = append(entries, body)
		default:
			return nil, errShape
		}
		if i > 0 {
			return nil, errShape
		}
	}
	return entries, nil
}

// scalar returns the text of a value as it was written, and of a list its elements
// joined by commas.
func scalar(node ast.Node) (string, bool) {
	switch n := node.(type) {
	case nil, *ast.NullNode:
		return "", true
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return strings.TrimSpace(n.Value.Value), true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return n.GetToken().Value, true
	case *ast.SequenceNode:
		return list(n)
	}
	return "", false
}

func list(n *ast.SequenceNode) (string, bool) {
	texts := make([]string, 0, len(n.Values))
	for _, element := range n.Values {
		text, ok := scalar(element)
		if _, nested := element.(*ast.SequenceNode); nested || !ok {
			return "", false
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, ","), true
}

// syntaxError keeps line and message and leaves out the excerpt of the file, which
// may show a secret.
func syntaxError(err error) string {
	var located yaml.Error
	if !errors.As(err, &located) || located.GetToken() == nil {
		return "is not valid YAML"
	}
	return fmt.Sprintf("line %d is not valid YAML: %s", located.GetToken().Position.Line, located.GetMessage())
}
