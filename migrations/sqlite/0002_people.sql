-- +goose Up
-- An account whose address is not proved exists for its home alone. Since the
-- home of a proved one is null, the second index keeps only the unproved apart.
alter table accounts add column home_workspace_id text references workspaces (id) check ((home_workspace_id is null) = email_proved);
alter table accounts add column totp_secret blob;
alter table accounts add column totp_step integer not null default 0;
alter table accounts add column password_set_at integer;
drop index accounts_email;
create unique index accounts_email on accounts (email_key) where email_proved;
create unique index accounts_home on accounts (email_key, home_workspace_id);

create table passkeys (
	id            text not null,
	account_id    text not null,
	name          text not null,
	credential    blob not null,
	created_at    integer not null,
	last_used_at  integer,
	primary key (id),
	foreign key (account_id) references accounts (id)
) strict;
create index passkeys_account on passkeys (account_id);

create table recovery_codes (
	account_id  text not null,
	hash        blob not null,
	used_at     integer,
	primary key (account_id, hash),
	foreign key (account_id) references accounts (id)
) strict;

-- The set-up link has no account.
create table links (
	id            text not null,
	purpose       text not null,
	account_id    text,
	workspace_id  text,
	email         text not null,
	shown         integer not null,
	secret_hash   blob not null,
	created_at    integer not null,
	expires_at    integer not null,
	used_at       integer,
	primary key (id),
	foreign key (account_id) references accounts (id),
	foreign key (workspace_id) references workspaces (id)
) strict;
create index links_account on links (account_id, purpose);
create index links_expiry on links (expires_at);

create table challenges (
	id          text not null,
	account_id  text,
	state       blob not null,
	created_at  integer not null,
	expires_at  integer not null,
	primary key (id),
	foreign key (account_id) references accounts (id)
) strict;
create index challenges_account on challenges (account_id);
create index challenges_expiry on challenges (expires_at);

-- The one workspace that may be entered is no reference: a sign-in outlives
-- the workspace, and must not be widened by its end.
alter table parent_sign_ins add column method text not null default 'password';
alter table parent_sign_ins add column only_workspace_id text;
alter table parent_sign_ins add column factor_at integer;
alter table parent_sign_ins add column proved_at integer;
alter table parent_sign_ins add column idle_us integer not null default 0;
alter table parent_sign_ins add column user_agent text not null default '';
alter table parent_sign_ins add column expires_at integer not null default 0;
create index parent_sign_ins_account on parent_sign_ins (account_id);
create index parent_sign_ins_expiry on parent_sign_ins (expires_at);

alter table sessions add column address text not null default '';
create index sessions_parent on sessions (parent_id) where parent_id is not null;

alter table users add column reactivated_at integer;
alter table users add column break_glass integer not null default 0;
create index users_account on users (account_id) where account_id is not null;

alter table invitations add column shown integer not null default 0;
alter table invitations add column invited_by text;
create index invitations_pending on invitations (workspace_id, id) where accepted_at is null and cancelled_at is null;

-- Communities and roles stay for the history of memberships; their slugs are
-- free again.
alter table communities add column deleted_at integer;
drop index communities_slug;
create unique index communities_slug on communities (workspace_id, slug) where deleted_at is null;
alter table roles add column deleted_at integer;
drop index roles_slug;
create unique index roles_slug on roles (workspace_id, slug) where deleted_at is null;

-- The outbox of mails. One about an account as a whole has no workspace.
create table deliveries (
	id            text not null,
	workspace_id  text,
	subject       text not null,
	kind          text not null,
	recipient     text not null,
	sealed        blob,
	state         text not null,
	attempts      integer not null,
	error         text not null,
	next_at       integer not null,
	leased_until  integer,
	created_at    integer not null,
	expires_at    integer not null,
	settled_at    integer,
	primary key (id),
	foreign key (workspace_id) references workspaces (id)
) strict;
create index deliveries_state on deliveries (state, next_at);
create index deliveries_workspace on deliveries (workspace_id, id);
create index deliveries_subject on deliveries (subject);
create index deliveries_settled on deliveries (settled_at);

-- Whoever is deleted is looked for wherever somebody could refer to them, ended
-- and retired rows too. Without these that costs a pass over the workspace each.
drop index sessions_user;
create index sessions_user on sessions (workspace_id, user_id);
create index identities_of_user on identities (workspace_id, user_id);
create index memberships_user on memberships (workspace_id, user_id);
create index tombstones_user on tombstones (workspace_id, user_id);
