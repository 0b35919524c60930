package oktasim

import "sync"

// userLink is what Okta remembers of a person in the application.
type userLink struct {
	id     string // the application's id
	login  string
	active bool
}

// links are the application's ids of what was pushed, by the organisation's own ids.
type links struct {
	mu     sync.Mutex
	users  map[string]userLink
	groups map[string]string
}

func newLinks() *links {
	return &links{users: map[string]userLink{}, groups: map[string]string{}}
}

func (l *links) user(personID string) (userLink, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	u, ok := l.users[personID]
	return u, ok
}

func (l *links) setUser(personID string, u userLink) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.users[personID] = u
}

func (l *links) group(groupID string) (string, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	id, ok := l.groups[groupID]
	return id, ok
}

func (l *links) setGroup(groupID, id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.groups[groupID] = id
}

func (l *links) forgetGroup(groupID string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.groups, groupID)
}

// members are those of the people that Okta pushes in groups: provisioned and active. Never nil, so that an empty
// membership is written as [].
func (l *links) members(personIDs []string) []member {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := []member{}
	for _, id := range personIDs {
		if u, ok := l.users[id]; ok && u.active {
			list = append(list, member{Value: u.id, Display: u.login})
		}
	}
	return list
}

// UserID is the application's id of a person and whether Okta holds the person active there; ok is false for a person who
// was never pushed.
func (c *Client) UserID(personID string) (id string, active, ok bool) {
	u, ok := c.links.user(personID)
	return u.id, u.active, ok
}

// GroupID is the application's id of a linked group.
func (c *Client) GroupID(groupID string) (id string, ok bool) {
	return c.links.group(groupID)
}
