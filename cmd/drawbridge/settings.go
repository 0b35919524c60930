package main

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"drawbridge/config"
)

const settingsGroup = "settings"

// settingFlags are the settings as flags that every command takes. They are
// built from what package config lists, so that none can be forgotten.
type settingFlags struct {
	flags  []config.Flag
	values reflect.Value // pointer to a struct of one pointer for each flag
}

func newSettingFlags(flags []config.Flag) settingFlags {
	fields := make([]reflect.StructField, len(flags))
	for i, f := range flags {
		kind := reflect.TypeFor[*string]()
		if f.Bool {
			kind = reflect.TypeFor[*bool]()
		}
		fields[i] = reflect.StructField{Name: "Setting" + strconv.Itoa(i), Type: kind, Tag: settingTag(f)}
	}
	return settingFlags{flags, reflect.New(reflect.StructOf(fields))}
}

func settingTag(f config.Flag) reflect.StructTag {
	help := f.Help
	if first, _, _ := strings.Cut(help, " "); !strings.Contains(first, "://") {
		help = strings.ToUpper(help[:1]) + help[1:]
	}
	if f.Default != "" {
		help += fmt.Sprintf(" (default %s)", f.Default)
	}
	placeholder := strings.ToUpper(f.Key[strings.LastIndexByte(f.Key, '_')+1:])
	return reflect.StructTag(fmt.Sprintf("name:%q help:%q placeholder:%q group:%q", f.Name, help+".", placeholder, settingsGroup))
}

// target is what the parser of the command line fills.
func (s settingFlags) target() any { return s.values.Interface() }

// given returns the values of the flags that stood on the command line, by key.
func (s settingFlags) given() map[string]string {
	values := make(map[string]string)
	for i, f := range s.flags {
		if field := s.values.Elem().Field(i); !field.IsNil() {
			values[f.Key] = fmt.Sprint(field.Elem().Interface())
		}
	}
	return values
}
