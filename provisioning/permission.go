package provisioning

import "slices"

// Permission is a named right. Names are part of the interface and never
// change meaning.
type Permission string

// Scope says where a permission counts.
type Scope string

// Scopes. A workspace-scoped permission counts only when held in the root.
const (
	ScopeWorkspace Scope = "workspace"
	ScopeCommunity Scope = "community"
)

// The permissions.
const (
	CommunitiesRead   Permission = "communities.read"
	CommunitiesEdit   Permission = "communities.edit"
	CommunitiesCreate Permission = "communities.create"
	MembersRead       Permission = "members.read"
	MembersInvite     Permission = "members.invite"
	MembersEdit       Permission = "members.edit"
	MembersRemove     Permission = "members.remove"
	RolesRead         Permission = "roles.read"
	RolesAssign       Permission = "roles.assign"
	RolesEdit         Permission = "roles.edit"
	SecurityRead      Permission = "security.read"
	SecurityEdit      Permission = "security.edit"
	DirectoryRead     Permission = "directory.read"
	DirectoryEdit     Permission = "directory.edit"
	AuditRead         Permission = "audit.read"
	KeysRead          Permission = "keys.read"
	KeysEdit          Permission = "keys.edit"
)

// PermissionInfo describes a permission to the people who hand it out.
type PermissionInfo struct {
	Name        Permission
	Feature     string // group under which it is shown
	Title       string
	Description string
	Scope       Scope
}

// Permissions returns the catalogue, grouped by feature.
func Permissions() []PermissionInfo { return slices.Clone(permissionCatalogue) }

var permissionCatalogue = []PermissionInfo{
	{MembersRead, "Members", "View members", "See who is in the community, with which roles and why.", ScopeCommunity},
	{MembersInvite, "Members", "Invite members", "Invite people by e-mail and add people who are here already.", ScopeCommunity},
	{MembersEdit, "Members", "Suspend members", "Suspend and reactivate people, end their sessions.", ScopeCommunity},
	{MembersRemove, "Members", "Remove members", "Remove people from the community.", ScopeCommunity},
	{RolesRead, "Roles", "View roles", "See the roles and what each allows.", ScopeCommunity},
	{RolesAssign, "Roles", "Assign roles", "Give people roles, and take them away, within the permissions one holds.", ScopeCommunity},
	{RolesEdit, "Roles", "Edit roles", "Create, change and delete custom roles.", ScopeWorkspace},
	{CommunitiesRead, "Communities", "View the community", "See the community and its description.", ScopeCommunity},
	{CommunitiesEdit, "Communities", "Edit the community", "Change the name and description of the community.", ScopeCommunity},
	{CommunitiesCreate, "Communities", "Create communities", "Add communities to the workspace.", ScopeWorkspace},
	{SecurityRead, "Security", "View security settings", "See connections, domains and session limits.", ScopeWorkspace},
	{SecurityEdit, "Security", "Edit security settings", "Configure connections, automatic user creation, domains and session limits.", ScopeWorkspace},
	{DirectoryRead, "Directory", "View directories", "See directories, groups, mappings and their health.", ScopeWorkspace},
	{DirectoryEdit, "Directory", "Edit directories", "Create directories and tokens, map groups to communities and roles.", ScopeWorkspace},
	{AuditRead, "Audit", "View the audit log", "Read, export and verify the audit log.", ScopeWorkspace},
	{KeysRead, "API keys", "View API keys", "See API keys and when they were last used.", ScopeWorkspace},
	{KeysEdit, "API keys", "Edit API keys", "Create and revoke API keys.", ScopeWorkspace},
}

// Slugs of the built-in roles.
const (
	RoleGuest   = "guest"
	RoleAnalyst = "analyst"
	RoleAdmin   = "admin"
)

var (
	guestPermissions   = []Permission{CommunitiesRead}
	analystPermissions = []Permission{CommunitiesRead, MembersRead, RolesRead}
)

// BuiltinRole is what every workspace has as a role from the start and nobody
// can change.
type BuiltinRole struct {
	Slug, Name, Description string
	Permissions             []Permission
}

// BuiltinRoles returns Guest ⊂ Analyst ⊂ Admin, in that order.
func BuiltinRoles() []BuiltinRole {
	all := make([]Permission, 0, len(permissionCatalogue))
	for _, p := range permissionCatalogue {
		all = append(all, p.Name)
	}
	slices.Sort(all)
	return []BuiltinRole{
		{RoleGuest, "Guest", "Sees the communities they belong to. For clients and auditors.", slices.Clone(guestPermissions)},
		{RoleAnalyst, "Analyst", "Works in the communities they belong to and sees who else does.", slices.Clone(analystPermissions)},
		{RoleAdmin, "Admin", "Manages members, roles, security and directories.", all},
	}
}

// ValidPermission reports whether the catalogue has p.
func ValidPermission(p Permission) bool {
	return slices.ContainsFunc(permissionCatalogue, func(i PermissionInfo) bool { return i.Name == p })
}

// Administrative reports whether p is one of the rights that Admin has and
// Analyst has not.
func Administrative(p Permission) bool { return !slices.Contains(analystPermissions, p) }

func anyAdministrative(ps []Permission) bool { return slices.ContainsFunc(ps, Administrative) }
