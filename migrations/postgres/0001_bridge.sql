-- +goose Up
-- Times are microseconds since 1970 in UTC. Text sorts by bytes. Columns named
-- *_key hold text folded by the program, so that comparison is the same on
-- every database. Sets and small structures stand as JSON text.

create table workspaces (
	id             text not null collate "C",
	slug           text not null collate "C",
	name           text not null collate "C",
	multi_tenant   boolean not null,
	root_id        text not null collate "C",
	settings       text not null collate "C",
	tombstone_key  bytea not null,
	audit_key      bytea not null,
	created_at     bigint not null,
	primary key (id)
);
create unique index workspaces_slug on workspaces (slug);

create table communities (
	workspace_id  text not null collate "C",
	id            text not null collate "C",
	slug          text not null collate "C",
	name          text not null collate "C",
	description   text not null collate "C",
	is_root       boolean not null,
	created_at    bigint not null,
	primary key (workspace_id, id),
	foreign key (workspace_id) references workspaces (id)
);
create unique index communities_slug on communities (workspace_id, slug);

create table roles (
	workspace_id  text not null collate "C",
	id            text not null collate "C",
	slug          text not null collate "C",
	name          text not null collate "C",
	description   text not null collate "C",
	builtin       boolean not null,
	permissions   text not null collate "C",
	created_at    bigint not null,
	primary key (workspace_id, id),
	foreign key (workspace_id) references workspaces (id)
);
create unique index roles_slug on roles (workspace_id, slug);

create table domains (
	workspace_id  text not null collate "C",
	name          text not null collate "C",
	token         text not null collate "C",
	verified_at   bigint,
	verified_by   text not null collate "C",
	created_at    bigint not null,
	primary key (workspace_id, name),
	foreign key (workspace_id) references workspaces (id)
);
create index domains_name on domains (name);

create table connections (
	workspace_id     text not null collate "C",
	id               text not null collate "C",
	name             text not null collate "C",
	name_key         text not null collate "C",
	issuer           text not null collate "C",
	client_id        text not null collate "C",
	client_secret    bytea not null,
	auto_create      boolean not null,
	default_role_id  text collate "C",
	disabled_at      bigint,
	created_at       bigint not null,
	primary key (workspace_id, id),
	foreign key (workspace_id) references workspaces (id),
	foreign key (workspace_id, default_role_id) references roles (workspace_id, id)
);
create unique index connections_id on connections (id);
create unique index connections_name on connections (workspace_id, name_key);

create table connection_communities (
	workspace_id   text not null collate "C",
	connection_id  text not null collate "C",
	community_id   text not null collate "C",
	primary key (workspace_id, connection_id, community_id),
	foreign key (workspace_id, connection_id) references connections (workspace_id, id),
	foreign key (workspace_id, community_id) references communities (workspace_id, id)
);

create table directories (
	workspace_id   text not null collate "C",
	id             text not null collate "C",
	name           text not null collate "C",
	name_key       text not null collate "C",
	preset         text not null collate "C",
	switches       text not null collate "C",
	connection_id  text collate "C",
	deleted_at     bigint,
	created_at     bigint not null,
	primary key (workspace_id, id),
	foreign key (workspace_id) references workspaces (id),
	foreign key (workspace_id, connection_id) references connections (workspace_id, id)
);
create unique index directories_id on directories (id);
create unique index directories_name on directories (workspace_id, name_key) where deleted_at is null;
create index directories_connection on directories (workspace_id, connection_id);

create table directory_tokens (
	workspace_id  text not null collate "C",
	directory_id  text not null collate "C",
	id            text not null collate "C",
	name          text not null collate "C",
	secret_hash   bytea not null,
	last_four     text not null collate "C",
	created_at    bigint not null,
	expires_at    bigint not null,
	revoked_at    bigint,
	last_used_at  bigint,
	primary key (workspace_id, id),
	foreign key (workspace_id, directory_id) references directories (workspace_id, id)
);
create unique index directory_tokens_id on directory_tokens (id);
create index directory_tokens_directory on directory_tokens (workspace_id, directory_id);

-- An account is a person's own credentials, unique by e-mail in the
-- installation; users of several workspaces may point to one, and most users
-- have none.
create table accounts (
	id             text not null collate "C",
	email          text not null collate "C",
	email_key      text not null collate "C",
	email_proved   boolean not null,
	password_hash  text collate "C",
	created_at     bigint not null,
	primary key (id)
);
create unique index accounts_email on accounts (email_key);

-- A password sign-in, from which one session per workspace is entered.
create table parent_sign_ins (
	id            text not null collate "C",
	account_id    text not null collate "C",
	secret_hash   bytea not null,
	created_at    bigint not null,
	last_seen_at  bigint not null,
	ended_at      bigint,
	primary key (id),
	foreign key (account_id) references accounts (id)
);

create table users (
	workspace_id   text not null collate "C",
	id             text not null collate "C",
	user_name      text not null collate "C",
	user_name_key  text not null collate "C",
	email          text not null collate "C",
	email_key      text not null collate "C",
	display_name   text not null collate "C",
	given_name     text not null collate "C",
	family_name    text not null collate "C",
	locale         text not null collate "C",
	origin         text not null collate "C",
	directory_id   text collate "C",
	account_id     text collate "C",
	version        bigint not null,
	created_at     bigint not null,
	updated_at     bigint not null,
	removed_at     bigint,
	last_seen_at   bigint,
	primary key (workspace_id, id),
	foreign key (workspace_id) references workspaces (id),
	foreign key (workspace_id, directory_id) references directories (workspace_id, id),
	foreign key (account_id) references accounts (id)
);
create unique index users_user_name on users (workspace_id, user_name_key) where removed_at is null;
create index users_email on users (workspace_id, email_key) where removed_at is null;

create table blocks (
	workspace_id  text not null collate "C",
	user_id       text not null collate "C",
	source        text not null collate "C",
	created_at    bigint not null,
	primary key (workspace_id, user_id, source),
	foreign key (workspace_id, user_id) references users (workspace_id, id)
);

-- What one directory says of a user. The key columns serve filters.
create table directory_records (
	workspace_id    text not null collate "C",
	user_id         text not null collate "C",
	directory_id    text not null collate "C",
	external_id     text collate "C",
	active          boolean not null,
	inactive_at     bigint,
	user_name       text not null collate "C",
	display_name    text not null collate "C",
	given_name      text not null collate "C",
	family_name     text not null collate "C",
	formatted_name  text not null collate "C",
	locale          text not null collate "C",
	user_name_key   text not null collate "C",
	display_key     text not null collate "C",
	given_key       text not null collate "C",
	family_key      text not null collate "C",
	formatted_key   text not null collate "C",
	emails          text not null collate "C",
	attributes      text not null collate "C",
	created_at      bigint not null,
	updated_at      bigint not null,
	primary key (workspace_id, user_id),
	foreign key (workspace_id, user_id) references users (workspace_id, id),
	foreign key (workspace_id, directory_id) references directories (workspace_id, id)
);
create unique index directory_records_external on directory_records (workspace_id, directory_id, external_id) where external_id is not null;
create index directory_records_directory on directory_records (workspace_id, directory_id, user_id);
create index directory_records_user_name on directory_records (workspace_id, directory_id, user_name_key);

-- The e-mail addresses of a record, one row each, for filters.
create table record_emails (
	workspace_id  text not null collate "C",
	user_id       text not null collate "C",
	position      bigint not null,
	value_key     text not null collate "C",
	type_key      text collate "C",
	is_primary    boolean not null,
	primary key (workspace_id, user_id, position),
	foreign key (workspace_id, user_id) references directory_records (workspace_id, user_id) on delete cascade
);
create index record_emails_value on record_emails (workspace_id, value_key);

create table identities (
	workspace_id   text not null collate "C",
	id             text not null collate "C",
	user_id        text not null collate "C",
	connection_id  text not null collate "C",
	issuer         text not null collate "C",
	subject        text not null collate "C",
	created_at     bigint not null,
	last_login_at  bigint,
	retired_at     bigint,
	primary key (workspace_id, id),
	foreign key (workspace_id, user_id) references users (workspace_id, id),
	foreign key (workspace_id, connection_id) references connections (workspace_id, id)
);
create unique index identities_subject on identities (workspace_id, connection_id, issuer, subject);
create unique index identities_user on identities (workspace_id, user_id, connection_id) where retired_at is null;

-- Both doors, sign-in and the paired directory, claim a subject here.
create table subjects (
	workspace_id   text not null collate "C",
	connection_id  text not null collate "C",
	subject        text not null collate "C",
	user_id        text not null collate "C",
	primary key (workspace_id, connection_id, subject),
	foreign key (workspace_id, connection_id) references connections (workspace_id, id),
	foreign key (workspace_id, user_id) references users (workspace_id, id)
);
create index subjects_user on subjects (workspace_id, user_id);

create table tombstones (
	workspace_id  text not null collate "C",
	hash          bytea not null,
	user_id       text not null collate "C",
	created_at    bigint not null,
	primary key (workspace_id, hash),
	foreign key (workspace_id, user_id) references users (workspace_id, id)
);

create table invitations (
	workspace_id  text not null collate "C",
	id            text not null collate "C",
	user_id       text not null collate "C",
	email         text not null collate "C",
	email_key     text not null collate "C",
	secret_hash   bytea not null,
	administers   boolean not null,
	adoptable     boolean not null,
	created_at    bigint not null,
	expires_at    bigint not null,
	accepted_at   bigint,
	cancelled_at  bigint,
	primary key (workspace_id, id),
	foreign key (workspace_id, user_id) references users (workspace_id, id)
);
create unique index invitations_id on invitations (id);
create index invitations_user on invitations (workspace_id, user_id);

create table invitation_roles (
	workspace_id   text not null collate "C",
	invitation_id  text not null collate "C",
	community_id   text not null collate "C",
	role_id        text not null collate "C",
	primary key (workspace_id, invitation_id, community_id, role_id),
	foreign key (workspace_id, invitation_id) references invitations (workspace_id, id),
	foreign key (workspace_id, community_id) references communities (workspace_id, id),
	foreign key (workspace_id, role_id) references roles (workspace_id, id)
);

create table directory_groups (
	workspace_id  text not null collate "C",
	id            text not null collate "C",
	directory_id  text not null collate "C",
	display_name  text not null collate "C",
	display_key   text not null collate "C",
	external_id   text collate "C",
	version       bigint not null,
	created_at    bigint not null,
	updated_at    bigint not null,
	deleted_at    bigint,
	primary key (workspace_id, id),
	foreign key (workspace_id, directory_id) references directories (workspace_id, id)
);
create unique index directory_groups_name on directory_groups (workspace_id, directory_id, display_key) where deleted_at is null;
create index directory_groups_directory on directory_groups (workspace_id, directory_id, id);

create table group_members (
	workspace_id  text not null collate "C",
	group_id      text not null collate "C",
	user_id       text not null collate "C",
	created_at    bigint not null,
	primary key (workspace_id, group_id, user_id),
	foreign key (workspace_id, group_id) references directory_groups (workspace_id, id),
	foreign key (workspace_id, user_id) references users (workspace_id, id)
);
create index group_members_user on group_members (workspace_id, user_id, group_id);

create table mappings (
	workspace_id  text not null collate "C",
	id            text not null collate "C",
	group_id      text not null collate "C",
	community_id  text not null collate "C",
	role_id       text not null collate "C",
	held          boolean not null,
	created_at    bigint not null,
	primary key (workspace_id, id),
	foreign key (workspace_id, group_id) references directory_groups (workspace_id, id),
	foreign key (workspace_id, community_id) references communities (workspace_id, id),
	foreign key (workspace_id, role_id) references roles (workspace_id, id)
);
create unique index mappings_target on mappings (workspace_id, group_id, community_id, role_id);

create table grants (
	workspace_id  text not null collate "C",
	id            text not null collate "C",
	user_id       text not null collate "C",
	community_id  text not null collate "C",
	role_id       text not null collate "C",
	source        text not null collate "C",
	source_id     text not null collate "C",
	held          boolean not null,
	held_reason   text not null collate "C",
	created_at    bigint not null,
	primary key (workspace_id, id),
	foreign key (workspace_id, user_id) references users (workspace_id, id),
	foreign key (workspace_id, community_id) references communities (workspace_id, id),
	foreign key (workspace_id, role_id) references roles (workspace_id, id)
);
create unique index grants_target on grants (workspace_id, user_id, community_id, role_id, source);
create index grants_source on grants (workspace_id, source);

create table set_aside (
	workspace_id  text not null collate "C",
	user_id       text not null collate "C",
	community_id  text not null collate "C",
	created_at    bigint not null,
	primary key (workspace_id, user_id, community_id),
	foreign key (workspace_id, user_id) references users (workspace_id, id),
	foreign key (workspace_id, community_id) references communities (workspace_id, id)
);

-- The projection: one row a reason. Rows end and stay.
create table memberships (
	workspace_id  text not null collate "C",
	id            text not null collate "C",
	user_id       text not null collate "C",
	community_id  text not null collate "C",
	role_id       text not null collate "C",
	source        text not null collate "C",
	source_id     text not null collate "C",
	started_at    bigint not null,
	ended_at      bigint,
	primary key (workspace_id, id),
	foreign key (workspace_id, user_id) references users (workspace_id, id),
	foreign key (workspace_id, community_id) references communities (workspace_id, id),
	foreign key (workspace_id, role_id) references roles (workspace_id, id)
);
create unique index memberships_reason on memberships (workspace_id, user_id, community_id, role_id, source, source_id) where ended_at is null;
create index memberships_community on memberships (workspace_id, community_id, user_id) where ended_at is null;

create table sessions (
	workspace_id   text not null collate "C",
	id             text not null collate "C",
	user_id        text not null collate "C",
	secret_hash    bytea not null,
	connection_id  text collate "C",
	identity_id    text collate "C",
	parent_id      text collate "C",
	user_agent     text not null collate "C",
	created_at     bigint not null,
	last_seen_at   bigint not null,
	expires_at     bigint not null,
	ended_at       bigint,
	primary key (workspace_id, id),
	foreign key (workspace_id, user_id) references users (workspace_id, id),
	foreign key (workspace_id, connection_id) references connections (workspace_id, id),
	foreign key (parent_id) references parent_sign_ins (id)
);
create unique index sessions_id on sessions (id);
create index sessions_user on sessions (workspace_id, user_id) where ended_at is null;
create index sessions_expiry on sessions (expires_at);

create table sign_ins (
	workspace_id   text not null collate "C",
	id             text not null collate "C",
	connection_id  text not null collate "C",
	issuer         text not null collate "C",
	state_hash     bytea not null,
	browser_hash   bytea not null,
	return_to      text not null collate "C",
	invitation_id  text collate "C",
	created_at     bigint not null,
	expires_at     bigint not null,
	primary key (workspace_id, id),
	foreign key (workspace_id, connection_id) references connections (workspace_id, id)
);
create unique index sign_ins_id on sign_ins (id);
create index sign_ins_browser on sign_ins (browser_hash);
create index sign_ins_expiry on sign_ins (expires_at);

create table events (
	workspace_id  text not null collate "C",
	id            text not null collate "C",
	type          text not null collate "C",
	warning       boolean not null,
	subject       text not null collate "C",
	data          text not null collate "C",
	created_at    bigint not null,
	primary key (workspace_id, id),
	foreign key (workspace_id) references workspaces (id)
);

create table audit_entries (
	workspace_id  text not null collate "C",
	id            text not null collate "C",
	at            bigint not null,
	actor_kind    text not null collate "C",
	actor_id      text not null collate "C",
	directory_id  text not null collate "C",
	request_id    text not null collate "C",
	action        text not null collate "C",
	target_kind   text not null collate "C",
	target_id     text not null collate "C",
	result        text not null collate "C",
	details       text not null collate "C",
	commitment    bytea,
	sequence      bigint,
	hash          bytea,
	primary key (workspace_id, id),
	foreign key (workspace_id) references workspaces (id)
);
create unique index audit_entries_sequence on audit_entries (workspace_id, sequence) where sequence is not null;
create index audit_entries_unsealed on audit_entries (workspace_id, id) where sequence is null;

-- Words that can be erased; the chain knows only their salted commitment.
create table audit_words (
	workspace_id  text not null collate "C",
	entry_id      text not null collate "C",
	salt          bytea not null,
	words         text not null collate "C",
	primary key (workspace_id, entry_id),
	foreign key (workspace_id, entry_id) references audit_entries (workspace_id, id)
);

create table audit_heads (
	workspace_id  text not null collate "C",
	sequence      bigint not null,
	hash          bytea not null,
	primary key (workspace_id),
	foreign key (workspace_id) references workspaces (id)
);

create table data_keys (
	id          text not null collate "C",
	position    bigint not null,
	wrapped     bytea not null,
	retired     boolean not null,
	created_at  bigint not null,
	primary key (id)
);
create unique index data_keys_position on data_keys (position);

create table jobs (
	name          text not null collate "C",
	holder        text not null collate "C",
	leased_until  bigint not null,
	primary key (name)
);
