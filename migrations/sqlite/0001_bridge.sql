-- +goose Up
-- Times are microseconds since 1970 in UTC. Text sorts by bytes (the default here). Columns named
-- *_key hold text folded by the program, so that comparison is the same on
-- every database. Sets and small structures stand as JSON text.

create table workspaces (
	id             text not null,
	slug           text not null,
	name           text not null,
	multi_tenant   integer not null,
	root_id        text not null,
	settings       text not null,
	tombstone_key  blob not null,
	audit_key      blob not null,
	created_at     integer not null,
	primary key (id)
) strict;
create unique index workspaces_slug on workspaces (slug);

create table communities (
	workspace_id  text not null,
	id            text not null,
	slug          text not null,
	name          text not null,
	description   text not null,
	is_root       integer not null,
	created_at    integer not null,
	primary key (workspace_id, id),
	foreign key (workspace_id) references workspaces (id)
) strict;
create unique index communities_slug on communities (workspace_id, slug);

create table roles (
	workspace_id  text not null,
	id            text not null,
	slug          text not null,
	name          text not null,
	description   text not null,
	builtin       integer not null,
	permissions   text not null,
	created_at    integer not null,
	primary key (workspace_id, id),
	foreign key (workspace_id) references workspaces (id)
) strict;
create unique index roles_slug on roles (workspace_id, slug);

create table domains (
	workspace_id  text not null,
	name          text not null,
	token         text not null,
	verified_at   integer,
	verified_by   text not null,
	created_at    integer not null,
	primary key (workspace_id, name),
	foreign key (workspace_id) references workspaces (id)
) strict;
create index domains_name on domains (name);

create table connections (
	workspace_id     text not null,
	id               text not null,
	name             text not null,
	name_key         text not null,
	issuer           text not null,
	client_id        text not null,
	client_secret    blob not null,
	auto_create      integer not null,
	default_role_id  text,
	disabled_at      integer,
	created_at       integer not null,
	primary key (workspace_id, id),
	foreign key (workspace_id) references workspaces (id),
	foreign key (workspace_id, default_role_id) references roles (workspace_id, id)
) strict;
create unique index connections_id on connections (id);
create unique index connections_name on connections (workspace_id, name_key);

create table connection_communities (
	workspace_id   text not null,
	connection_id  text not null,
	community_id   text not null,
	primary key (workspace_id, connection_id, community_id),
	foreign key (workspace_id, connection_id) references connections (workspace_id, id),
	foreign key (workspace_id, community_id) references communities (workspace_id, id)
) strict;

create table directories (
	workspace_id   text not null,
	id             text not null,
	name           text not null,
	name_key       text not null,
	preset         text not null,
	switches       text not null,
	connection_id  text,
	deleted_at     integer,
	created_at     integer not null,
	primary key (workspace_id, id),
	foreign key (workspace_id) references workspaces (id),
	foreign key (workspace_id, connection_id) references connections (workspace_id, id)
) strict;
create unique index directories_id on directories (id);
create unique index directories_name on directories (workspace_id, name_key) where deleted_at is null;
create index directories_connection on directories (workspace_id, connection_id);

create table directory_tokens (
	workspace_id  text not null,
	directory_id  text not null,
	id            text not null,
	name          text not null,
	secret_hash   blob not null,
	last_four     text not null,
	created_at    integer not null,
	expires_at    integer not null,
	revoked_at    integer,
	last_used_at  integer,
	primary key (workspace_id, id),
	foreign key (workspace_id, directory_id) references directories (workspace_id, id)
) strict;
create unique index directory_tokens_id on directory_tokens (id);
create index directory_tokens_directory on directory_tokens (workspace_id, directory_id);

-- An account is a person's own credentials, unique by e-mail in the
-- installation; users of several workspaces may point to one, and most users
-- have none.
create table accounts (
	id             text not null,
	email          text not null,
	email_key      text not null,
	email_proved   integer not null,
	password_hash  text,
	created_at     integer not null,
	primary key (id)
) strict;
create unique index accounts_email on accounts (email_key);

-- A password sign-in, from which one session per workspace is entered.
create table parent_sign_ins (
	id            text not null,
	account_id    text not null,
	secret_hash   blob not null,
	created_at    integer not null,
	last_seen_at  integer not null,
	ended_at      integer,
	primary key (id),
	foreign key (account_id) references accounts (id)
) strict;

create table users (
	workspace_id   text not null,
	id             text not null,
	user_name      text not null,
	user_name_key  text not null,
	email          text not null,
	email_key      text not null,
	display_name   text not null,
	given_name     text not null,
	family_name    text not null,
	locale         text not null,
	origin         text not null,
	directory_id   text,
	account_id     text,
	version        integer not null,
	created_at     integer not null,
	updated_at     integer not null,
	removed_at     integer,
	last_seen_at   integer,
	primary key (workspace_id, id),
	foreign key (workspace_id) references workspaces (id),
	foreign key (workspace_id, directory_id) references directories (workspace_id, id),
	foreign key (account_id) references accounts (id)
) strict;
create unique index users_user_name on users (workspace_id, user_name_key) where removed_at is null;
create index users_email on users (workspace_id, email_key) where removed_at is null;

create table blocks (
	workspace_id  text not null,
	user_id       text not null,
	source        text not null,
	created_at    integer not null,
	primary key (workspace_id, user_id, source),
	foreign key (workspace_id, user_id) references users (workspace_id, id)
) strict;

-- What one directory says of a user. The key columns serve filters.
create table directory_records (
	workspace_id    text not null,
	user_id         text not null,
	directory_id    text not null,
	external_id     text,
	active          integer not null,
	inactive_at     integer,
	user_name       text not null,
	display_name    text not null,
	given_name      text not null,
	family_name     text not null,
	formatted_name  text not null,
	locale          text not null,
	user_name_key   text not null,
	display_key     text not null,
	given_key       text not null,
	family_key      text not null,
	formatted_key   text not null,
	emails          text not null,
	attributes      text not null,
	created_at      integer not null,
	updated_at      integer not null,
	primary key (workspace_id, user_id),
	foreign key (workspace_id, user_id) references users (workspace_id, id),
	foreign key (workspace_id, directory_id) references directories (workspace_id, id)
) strict;
create unique index directory_records_external on directory_records (workspace_id, directory_id, external_id) where external_id is not null;
create index directory_records_directory on directory_records (workspace_id, directory_id, user_id);
create index directory_records_user_name on directory_records (workspace_id, directory_id, user_name_key);

-- The e-mail addresses of a record, one row each, for filters.
create table record_emails (
	workspace_id  text not null,
	user_id       text not null,
	position      integer not null,
	value_key     text not null,
	type_key      text,
	is_primary    integer not null,
	primary key (workspace_id, user_id, position),
	foreign key (workspace_id, user_id) references directory_records (workspace_id, user_id) on delete cascade
) strict;
create index record_emails_value on record_emails (workspace_id, value_key);

create table identities (
	workspace_id   text not null,
	id             text not null,
	user_id        text not null,
	connection_id  text not null,
	issuer         text not null,
	subject        text not null,
	created_at     integer not null,
	last_login_at  integer,
	retired_at     integer,
	primary key (workspace_id, id),
	foreign key (workspace_id, user_id) references users (workspace_id, id),
	foreign key (workspace_id, connection_id) references connections (workspace_id, id)
) strict;
create unique index identities_subject on identities (workspace_id, connection_id, issuer, subject);
create unique index identities_user on identities (workspace_id, user_id, connection_id) where retired_at is null;

-- Both doors, sign-in and the paired directory, claim a subject here.
create table subjects (
	workspace_id   text not null,
	connection_id  text not null,
	subject        text not null,
	user_id        text not null,
	primary key (workspace_id, connection_id, subject),
	foreign key (workspace_id, connection_id) references connections (workspace_id, id),
	foreign key (workspace_id, user_id) references users (workspace_id, id)
) strict;
create index subjects_user on subjects (workspace_id, user_id);

create table tombstones (
	workspace_id  text not null,
	hash          blob not null,
	user_id       text not null,
	created_at    integer not null,
	primary key (workspace_id, hash),
	foreign key (workspace_id, user_id) references users (workspace_id, id)
) strict;

create table invitations (
	workspace_id  text not null,
	id            text not null,
	user_id       text not null,
	email         text not null,
	email_key     text not null,
	secret_hash   blob not null,
	administers   integer not null,
	adoptable     integer not null,
	created_at    integer not null,
	expires_at    integer not null,
	accepted_at   integer,
	cancelled_at  integer,
	primary key (workspace_id, id),
	foreign key (workspace_id, user_id) references users (workspace_id, id)
) strict;
create unique index invitations_id on invitations (id);
create index invitations_user on invitations (workspace_id, user_id);

create table invitation_roles (
	workspace_id   text not null,
	invitation_id  text not null,
	community_id   text not null,
	role_id        text not null,
	primary key (workspace_id, invitation_id, community_id, role_id),
	foreign key (workspace_id, invitation_id) references invitations (workspace_id, id),
	foreign key (workspace_id, community_id) references communities (workspace_id, id),
	foreign key (workspace_id, role_id) references roles (workspace_id, id)
) strict;

create table directory_groups (
	workspace_id  text not null,
	id            text not null,
	directory_id  text not null,
	display_name  text not null,
	display_key   text not null,
	external_id   text,
	version       integer not null,
	created_at    integer not null,
	updated_at    integer not null,
	deleted_at    integer,
	primary key (workspace_id, id),
	foreign key (workspace_id, directory_id) references directories (workspace_id, id)
) strict;
create unique index directory_groups_name on directory_groups (workspace_id, directory_id, display_key) where deleted_at is null;
create index directory_groups_directory on directory_groups (workspace_id, directory_id, id);

create table group_members (
	workspace_id  text not null,
	group_id      text not null,
	user_id       text not null,
	created_at    integer not null,
	primary key (workspace_id, group_id, user_id),
	foreign key (workspace_id, group_id) references directory_groups (workspace_id, id),
	foreign key (workspace_id, user_id) references users (workspace_id, id)
) strict;
create index group_members_user on group_members (workspace_id, user_id, group_id);

create table mappings (
	workspace_id  text not null,
	id            text not null,
	group_id      text not null,
	community_id  text not null,
	role_id       text not null,
	held          integer not null,
	created_at    integer not null,
	primary key (workspace_id, id),
	foreign key (workspace_id, group_id) references directory_groups (workspace_id, id),
	foreign key (workspace_id, community_id) references communities (workspace_id, id),
	foreign key (workspace_id, role_id) references roles (workspace_id, id)
) strict;
create unique index mappings_target on mappings (workspace_id, group_id, community_id, role_id);

create table grants (
	workspace_id  text not null,
	id            text not null,
	user_id       text not null,
	community_id  text not null,
	role_id       text not null,
	source        text not null,
	source_id     text not null,
	held          integer not null,
	held_reason   text not null,
	created_at    integer not null,
	primary key (workspace_id, id),
	foreign key (workspace_id, user_id) references users (workspace_id, id),
	foreign key (workspace_id, community_id) references communities (workspace_id, id),
	foreign key (workspace_id, role_id) references roles (workspace_id, id)
) strict;
create unique index grants_target on grants (workspace_id, user_id, community_id, role_id, source);
create index grants_source on grants (workspace_id, source);

create table set_aside (
	workspace_id  text not null,
	user_id       text not null,
	community_id  text not null,
	created_at    integer not null,
	primary key (workspace_id, user_id, community_id),
	foreign key (workspace_id, user_id) references users (workspace_id, id),
	foreign key (workspace_id, community_id) references communities (workspace_id, id)
) strict;

-- The projection: one row a reason. Rows end and stay.
create table memberships (
	workspace_id  text not null,
	id            text not null,
	user_id       text not null,
	community_id  text not null,
	role_id       text not null,
	source        text not null,
	source_id     text not null,
	started_at    integer not null,
	ended_at      integer,
	primary key (workspace_id, id),
	foreign key (workspace_id, user_id) references users (workspace_id, id),
	foreign key (workspace_id, community_id) references communities (workspace_id, id),
	foreign key (workspace_id, role_id) references roles (workspace_id, id)
) strict;
create unique index memberships_reason on memberships (workspace_id, user_id, community_id, role_id, source, source_id) where ended_at is null;
create index memberships_community on memberships (workspace_id, community_id, user_id) where ended_at is null;

create table sessions (
	workspace_id   text not null,
	id             text not null,
	user_id        text not null,
	secret_hash    blob not null,
	connection_id  text,
	identity_id    text,
	parent_id      text,
	user_agent     text not null,
	created_at     integer not null,
	last_seen_at   integer not null,
	expires_at     integer not null,
	ended_at       integer,
	primary key (workspace_id, id),
	foreign key (workspace_id, user_id) references users (workspace_id, id),
	foreign key (workspace_id, connection_id) references connections (workspace_id, id),
	foreign key (parent_id) references parent_sign_ins (id)
) strict;
create unique index sessions_id on sessions (id);
create index sessions_user on sessions (workspace_id, user_id) where ended_at is null;
create index sessions_expiry on sessions (expires_at);

create table sign_ins (
	workspace_id   text not null,
	id             text not null,
	connection_id  text not null,
	issuer         text not null,
	state_hash     blob not null,
	browser_hash   blob not null,
	return_to      text not null,
	invitation_id  text,
	created_at     integer not null,
	expires_at     integer not null,
	primary key (workspace_id, id),
	foreign key (workspace_id, connection_id) references connections (workspace_id, id)
) strict;
create unique index sign_ins_id on sign_ins (id);
create index sign_ins_browser on sign_ins (browser_hash);
create index sign_ins_expiry on sign_ins (expires_at);

create table events (
	workspace_id  text not null,
	id            text not null,
	type          text not null,
	warning       integer not null,
	subject       text not null,
	data          text not null,
	created_at    integer not null,
	primary key (workspace_id, id),
	foreign key (workspace_id) references workspaces (id)
) strict;

create table audit_entries (
	workspace_id  text not null,
	id            text not null,
	at            integer not null,
	actor_kind    text not null,
	actor_id      text not null,
	directory_id  text not null,
	request_id    text not null,
	action        text not null,
	target_kind   text not null,
	target_id     text not null,
	result        text not null,
	details       text not null,
	commitment    blob,
	sequence      integer,
	hash          blob,
	primary key (workspace_id, id),
	foreign key (workspace_id) references workspaces (id)
) strict;
create unique index audit_entries_sequence on audit_entries (workspace_id, sequence) where sequence is not null;
create index audit_entries_unsealed on audit_entries (workspace_id, id) where sequence is null;

-- Words that can be erased; the chain knows only their salted commitment.
create table audit_words (
	workspace_id  text not null,
	entry_id      text not null,
	salt          blob not null,
	words         text not null,
	primary key (workspace_id, entry_id),
	foreign key (workspace_id, entry_id) references audit_entries (workspace_id, id)
) strict;

create table audit_heads (
	workspace_id  text not null,
	sequence      integer not null,
	hash          blob not null,
	primary key (workspace_id),
	foreign key (workspace_id) references workspaces (id)
) strict;

create table data_keys (
	id          text not null,
	position    integer not null,
	wrapped     blob not null,
	retired     integer not null,
	created_at  integer not null,
	primary key (id)
) strict;
create unique index data_keys_position on data_keys (position);

create table jobs (
	name          text not null,
	holder        text not null,
	leased_until  integer not null,
	primary key (name)
) strict;
