package main

import (
	"errors"
	"runtime/debug"
)

type versionCommand struct{}

// versionView says what the program was built from.
type versionView struct {
	Version string `json:"version"`
	Commit  string `json:"commit"`
	Go      string `json:"go"`
}

func (versionCommand) Run(sh *shell) error {
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return errors.New("this program carries no build information: build it with Go modules")
	}
	v := versionView{Version: build.Main.Version, Go: build.GoVersion}
	for _, s := range build.Settings {
		switch {
		case s.Key == "vcs.revision":
			v.Commit = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			v.Commit += "-modified"
		}
	}
	return sh.show(v, facts("version", v.Version, "commit", v.Commit, "go", v.Go))
}
