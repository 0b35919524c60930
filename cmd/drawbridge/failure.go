package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/alecthomas/kong"

	"drawbridge/provisioning"
)

// What the program exits with.
const (
	exitSuccess = 0
	exitFailure = 1
	exitUsage   = 2
)

// usageError says that the command was typed wrongly.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func usage(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

// wrongArguments adds to what the parser says where to read more.
func wrongArguments(err error) error {
	path := "drawbridge"
	if parse, ok := errors.AsType[*kong.ParseError](err); ok && parse.Context != nil {
		if node := parse.Context.Selected(); node != nil {
			path = strings.TrimSuffix("drawbridge "+node.Path(), " ")
		}
	}
	return usage("%s; see `%s --help`", err, path)
}

func exitCode(err error) int {
	if _, ok := errors.AsType[*usageError](err); ok {
		return exitUsage
	}
	return exitFailure
}

// describe is what a person reads: a line for an error, and for several faults
// of the settings a line for each.
func describe(err error) string {
	text := err.Error()
	if _, ok := errors.AsType[*usageError](err); !ok {
		text = strings.ReplaceAll(explain(err), "\n", "; ")
	}
	var lines strings.Builder
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		lines.WriteString("drawbridge: " + printable(line) + "\n")
	}
	return lines.String()
}

// explain finds the sentence that was written for the reader, if there is one.
func explain(err error) string {
	detail := provisioning.Detail(err)
	switch {
	case errors.Is(err, provisioning.ErrConfirm):
		return detail + " (--confirm-administrative)"
	case detail != "":
		return detail
	case errors.Is(err, context.Canceled):
		return "interrupted"
	case errors.Is(err, context.DeadlineExceeded):
		return "this took too long: try again"
	}
	return err.Error()
}
