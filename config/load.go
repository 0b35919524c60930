package config

import (
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
)

// maxFile bounds the configuration file and the files of secrets, in bytes.
const maxFile = 64 << 10

// Sources are where settings come from, the strongest first.
type Sources struct {
	// Flags are the values of the command line by Flag.Key. Those not given are
	// absent or empty.
	Flags map[string]string
	// Environ is the environment in the form of os.Environ. Only names that begin
	// with DRAWBRIDGE_ are looked at.
	Environ []string
	// File is the path of a YAML file, or empty.
	File string
}

// Load merges the sources over the defaults and validates the result. The error
// joins every fault of every source, one a line. The Config is of use only
// without an error.
func Load(s Sources) (Config, error) {
	values, faults := merge(s)
	faults = append(faults, readSecrets(values)...)
	c := Default()
	faults = append(faults, apply(&c, values)...)
	if _, given := values["public_url"]; !given && !c.derivePublicURL() {
		faults = append(faults, fault{"public_url", "is required because the listen address names no host or no fixed port: write the https URL under which people reach the bridge"})
	}
	return c, join(append(faults, others(c.faults(), faults)...))
}

// merge lays the sources over each other, the weakest first.
func merge(s Sources) (map[string]string, []fault) {
	values, faults := readFile(s.File)
	environ, wrong := readEnviron(s.Environ)
	faults = append(faults, wrong...)
	maps.Copy(values, environ)
	for _, key := range slices.Sorted(maps.Keys(s.Flags)) {
		switch {
		case !known(key):
			faults = append(faults, fault{"", fmt.Sprintf("unknown setting %q on the command line", key)})
		case s.Flags[key] != "":
			values[key] = s.Flags[key]
		}
	}
	return values, faults
}

// serviceLink matches what Kubernetes puts into the environment of every pod for a
// service whose name begins with "drawbridge". Nobody meant them as settings.
var serviceLink = regexp.MustCompile(`_(SERVICE_HOST=|SERVICE_PORT(_\w+)?=\d+$|PORT(_\d+_(TCP|UDP|SCTP))?=(tcp|udp|sctp)://|PORT_\d+_(TCP|UDP|SCTP)_(PROTO|PORT|ADDR)=)`)

func readEnviron(environ []string) (map[string]string, []fault) {
	values := map[string]string{}
	var faults []fault
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		rest, ours := strings.CutPrefix(name, envPrefix)
		if !ours || serviceLink.MatchString(entry) {
			continue
		}
		key := strings.ToLower(rest)
		switch {
		case !known(key) || rest != strings.ToUpper(rest):
			faults = append(faults, fault{"", fmt.Sprintf("unknown environment variable %s: remove it or correct its name", name)})
		case value != "":
			values[key] = value
		}
	}
	return values, faults
}

// readSecrets replaces the names of secret files by what the files hold.
func readSecrets(values map[string]string) []fault {
	var faults []fault
	for _, s := range settings {
		file := values[s.fileKey()]
		if !s.secret || file == "" {
			continue
		}
		if _, both := values[s.key]; both {
			faults = append(faults, fault{s.key, "is given both itself and as a file: remove one of the two"})
			continue
		}
		text, err := readLimited(file)
		text = strings.TrimSpace(text)
		switch {
		case err != nil:
			faults = append(faults, fault{s.fileKey(), err.Error()})
		case text == "":
			faults = append(faults, fault{s.fileKey(), fmt.Sprintf("the file %s is empty", file)})
		default:
			values[s.key] = text
		}
	}
	return faults
}

// apply parses the values over the defaults.
func apply(c *Config, values map[string]string) []fault {
	var faults []fault
	for _, s := range settings {
		text, given := values[s.key]
		if !given {
			continue
		}
		if err := s.parse(c, text); err != nil {
			faults = append(faults, fault{s.key, err.Error()})
		}
	}
	return faults
}

// others leaves out faults of settings that have one already: that a key could not
// be read is not made clearer by saying that it is missing.
func others(faults, known []fault) []fault {
	return slices.DeleteFunc(faults, func(f fault) bool {
		return slices.ContainsFunc(known, func(k fault) bool { return strings.TrimSuffix(k.key, "_file") == f.key })
	})
}

func readLimited(path string) (string, error) {
	f, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return "", err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = fmt.Errorf("%s is longer than %d bytes", path, maxFile)
	}
	return string(data), err
}
