package main

import (
	"context"
	"fmt"

	"drawbridge/internal/app"
	"drawbridge/provisioning"
)

type auditCommand struct {
	Verify auditVerify `cmd:"" help:"Check the hash chain of the audit log."`
}

type auditVerify struct {
	Workspace string `placeholder:"WORKSPACE" help:"Only this workspace: its id, slug or name."`
}

// auditView sums up the chains that were walked. Entries that wait to be sealed
// are no fault.
type auditView struct {
	Workspaces     int    `json:"workspaces"`
	Entries        int64  `json:"entries"`
	Unsealed       int    `json:"unsealed"`
	Faults         int    `json:"faults"`
	Fault          string `json:"fault"`
	FaultAt        int64  `json:"fault_at"`
	FaultWorkspace string `json:"fault_workspace"`
}

func (c auditVerify) Run(ctx context.Context, sh *shell) error {
	return sh.withCore(ctx, func(core *app.Core) error {
		chosen, err := chooseWorkspaces(ctx, core.Service, c.Workspace)
		if err != nil {
			return err
		}
		var sum auditView
		for _, w := range chosen {
			report, err := core.Service.VerifyAudit(ctx, w.ID)
			if err != nil {
				return err
			}
			sum.add(w, report)
		}
		text := fmt.Sprintf("%d entries of %d workspaces verified, %d wait to be sealed\n", sum.Entries, sum.Workspaces, sum.Unsealed)
		if err := sh.show(sum, text); err != nil {
			return err
		}
		if sum.Faults > 0 {
			return fmt.Errorf("the audit log of %d workspaces was tampered with or damaged, first that of %s: %s; compare with a backup", sum.Faults, sum.FaultWorkspace, sum.Fault)
		}
		return nil
	})
}

func (v *auditView) add(w provisioning.Workspace, r provisioning.AuditReport) {
	v.Workspaces++
	v.Entries += r.Entries
	v.Unsealed += r.Unsealed
	if r.Fault == "" {
		return
	}
	v.Faults++
	if v.Faults == 1 {
		v.Fault, v.FaultAt, v.FaultWorkspace = r.Fault, r.FaultAt, w.Slug
	}
}

// chooseWorkspaces returns the workspace that ref names, or all for no ref.
func chooseWorkspaces(ctx context.Context, s *provisioning.Service, ref string) ([]provisioning.Workspace, error) {
	if ref == "" {
		return s.Workspaces(ctx)
	}
	w, err := s.FindWorkspace(ctx, ref)
	return []provisioning.Workspace{w}, err
}
