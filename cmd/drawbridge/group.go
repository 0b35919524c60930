package main

import (
	"context"
	"time"

	"drawbridge/internal/app"
	"drawbridge/provisioning"
)

type groupCommand struct {
	List groupList `cmd:"" help:"List the groups of a workspace."`
}

type groupView struct {
	ID         provisioning.GroupID     `json:"id"`
	Name       string                   `json:"name"`
	Directory  provisioning.DirectoryID `json:"directory"`
	ExternalID string                   `json:"external_id"`
	CreatedAt  time.Time                `json:"created_at"`
	UpdatedAt  time.Time                `json:"updated_at"`
}

func viewGroup(g provisioning.Group) groupView {
	return groupView{g.ID, g.DisplayName, g.Directory, g.ExternalID, stamp(g.CreatedAt), stamp(g.UpdatedAt)}
}

type groupList struct {
	inWorkspace
	Directory string `help:"Only groups of this directory: its id or name."`
}

func (c groupList) Run(ctx context.Context, sh *shell) error {
	return sh.withWorkspace(ctx, c.Workspace, func(core *app.Core, w provisioning.Workspace) error {
		var of provisioning.Directory
		if c.Directory != "" {
			var err error
			if of, err = core.Service.FindDirectory(ctx, w.ID, c.Directory); err != nil {
				return err
			}
		}
		all, err := allGroups(ctx, core.Service, w.ID, of.ID)
		if err != nil {
			return err
		}
		return sh.show(collect(all, viewGroup), table([]string{"NAME", "DIRECTORY", "CHANGED", "ID"},
			collect(all, func(g provisioning.Group) []string {
				return []string{g.DisplayName, string(g.Directory), when(g.UpdatedAt), string(g.ID)}
			})))
	})
}

// pageSize is how many users or groups are read at a time.
const pageSize = 500

// allGroups reads all groups of a workspace, or of one directory if d is not "".
func allGroups(ctx context.Context, s *provisioning.Service, ws provisioning.WorkspaceID, d provisioning.DirectoryID) ([]provisioning.Group, error) {
	var all []provisioning.Group
	for {
		page, total, err := s.Groups(ctx, ws, d, len(all), pageSize)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		if len(page) == 0 || len(all) >= total {
			return all, nil
		}
	}
}
