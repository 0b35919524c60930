package sqlstore

import (
	"cmp"
	"context"
	"slices"
	"time"

	"drawbridge/provisioning"
)

const deliveryColumns = `id, workspace_id, subject, kind, recipient, sealed, state, attempts, error, next_at,
	leased_until, created_at, expires_at, settled_at`

type deliveries struct{ db *session }

// Add implements [provisioning.Deliveries].
func (s deliveries) Add(ctx context.Context, ds []provisioning.Delivery) error {
	if len(ds) == 0 {
		return nil
	}
	_, err := s.db.exec(ctx, `
		insert into deliveries (`+deliveryColumns+`)
		select value ->> 'id', value ->> 'workspace', value ->> 'subject', value ->> 'kind', value ->> 'to',
			`+s.db.unhex(`value ->> 'sealed'`)+`, value ->> 'state', cast(value ->> 'attempts' as bigint),
			value ->> 'error', cast(value ->> 'next' as bigint), cast(value ->> 'leased' as bigint),
			cast(value ->> 'created' as bigint), cast(value ->> 'expires' as bigint), cast(value ->> 'settled' as bigint)
		from json_each($1)`, rowsJSON(ds, deliveryRow))
	return err
}

func deliveryRow(d provisioning.Delivery) row {
	return row{
		"id": d.ID, "workspace": optional(d.Workspace), "subject": d.Subject, "kind": d.Kind, "to": d.To,
		"sealed": hexText(d.Sealed), "state": d.State, "attempts": d.Attempts, "error": d.Error,
		"next": d.NextAt.UnixMicro(), "leased": instant(d.Leased), "created": d.CreatedAt.UnixMicro(),
		"expires": d.ExpiresAt.UnixMicro(), "settled": instant(d.SettledAt),
	}
}

// nobodys holds for deliveries that nobody has a lease of at the time $1.
const nobodys = `(leased_until is null or leased_until <= $1)`

// Claim implements [provisioning.Deliveries]. What is due is chosen once, past
// rows that another claim is about to take; that it still is due is asked again
// of the rows themselves, so that the words that skip locked rows make it fast,
// not right.
func (s deliveries) Claim(ctx context.Context, now, until time.Time, limit int) ([]provisioning.Delivery, error) {
	const due = `state = 'waiting' and next_at <= $1 and ` + nobodys
	claimed, err := list(ctx, s.db, scanDelivery, `
		with due as materialized (
			select id from deliveries where `+due+` order by next_at, id limit $3`+s.db.skipLocked+`)
		update deliveries set leased_until = $2, attempts = attempts + 1
		where id in (select due.id from due) and `+due+`
		returning `+deliveryColumns, now.UnixMicro(), until.UnixMicro(), limit)
	slices.SortFunc(claimed, func(a, b provisioning.Delivery) int {
		return cmp.Or(a.NextAt.Compare(b.NextAt), cmp.Compare(a.ID, b.ID))
	})
	return claimed, err
}

// Settle implements [provisioning.Deliveries].
func (s deliveries) Settle(ctx context.Context, d provisioning.Delivery) (bool, error) {
	p := parameters{values: []any{
		d.ID, instant(d.Leased), d.State, d.Error, d.NextAt.UnixMicro(), instant(d.SettledAt), d.Sealed,
	}}
	return s.db.touched(ctx, `
		update deliveries set state = $3, error = $4, next_at = $5, settled_at = $6, sealed = $7, leased_until = null
		where id = $1 and leased_until = $2 and `+p.orNull("workspace_id", string(d.Workspace)), p.values...)
}

// Drop implements [provisioning.Deliveries]. A worker that has one of them
// finds its lease gone. The states are named by what they are not, so that SQLite
// looks for the subjects and not through all that waits.
func (s deliveries) Drop(ctx context.Context, subjects []string, at time.Time) error {
	_, err := s.db.exec(ctx, `
		update deliveries set state = 'dropped', sealed = null, settled_at = $2, leased_until = null
		where state not in ('sent', 'dropped', 'expired') and subject <> '' and subject in (select key from json_each($1))`,
		set(subjects), at.UnixMicro())
	return err
}

// List implements [provisioning.Deliveries].
func (s deliveries) List(ctx context.Context, ws provisioning.WorkspaceID, q provisioning.DeliveryQuery) ([]provisioning.Delivery, error) {
	var p parameters
	where := p.orNull("workspace_id", string(ws))
	if q.State != "" {
		where += " and state = " + p.add(q.State)
	}
	if q.Before != "" {
		where += " and id < " + p.add(q.Before)
	}
	return list(ctx, s.db, scanDelivery, `select `+deliveryColumns+` from deliveries where `+where+
		` order by id desc limit `+p.add(cmp.Or(q.Limit, defaultPage)), p.values...)
}

// Retry implements [provisioning.Deliveries].
func (s deliveries) Retry(ctx context.Context, ws provisioning.WorkspaceID, id provisioning.DeliveryID, at time.Time) (bool, error) {
	p := parameters{values: []any{id, at.UnixMicro()}}
	return s.db.touched(ctx, `
		update deliveries set state = 'waiting', attempts = 0, next_at = $2, settled_at = null
		where id = $1 and state = 'dead' and expires_at > $2 and `+p.orNull("workspace_id", string(ws)), p.values...)
}

// Expire implements [provisioning.Deliveries].
func (s deliveries) Expire(ctx context.Context, now, before time.Time) error {
	return s.db.batch(ctx, statement{
		sql: `
			update deliveries set state = 'expired', sealed = null, settled_at = $1, leased_until = null
			where state in ('waiting', 'dead') and expires_at <= $1 and ` + nobodys,
		args: []any{now.UnixMicro()},
	}, statement{
		sql:  `delete from deliveries where settled_at < $2 and ` + nobodys,
		args: []any{now.UnixMicro(), before.UnixMicro()},
	})
}

func scanDelivery(r rows) (provisioning.Delivery, error) {
	var d provisioning.Delivery
	err := r.Scan(&d.ID, optionalOf(&d.Workspace), &d.Subject, &d.Kind, &d.To, &d.Sealed, &d.State, &d.Attempts,
		&d.Error, instantOf(&d.NextAt), instantOf(&d.Leased), instantOf(&d.CreatedAt), instantOf(&d.ExpiresAt),
		instantOf(&d.SettledAt))
	return d, err
}
