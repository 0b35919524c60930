package oktasim

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// judgeUsers takes the first person through a whole life; the others are created and stay.
func (s *scenario) judgeUsers(ctx context.Context) {
	s.step(ctx, "look up a user who does not exist", s.lookupNobody)
	s.step(ctx, "create "+countOf(len(s.people), "user"), s.createUsers)
	s.step(ctx, "look up a created user, in capitals", s.lookupCreated)
	s.step(ctx, "create a user twice", s.createTwice)
	s.step(ctx, "assign an existing user (link)", s.linkExisting)
	s.step(ctx, "update a profile", s.updateProfile)
	s.step(ctx, "clear an attribute", s.clearTitle)
	s.step(ctx, "deactivate a user", s.deactivate)
	s.step(ctx, "find the deactivated user", s.findDeactivated)
	s.step(ctx, "reactivate the user", s.reactivate)
}

func (s *scenario) lookupNobody(ctx context.Context) error {
	a, err := s.client.call(ctx, http.MethodGet, lookupTarget("/Users", "userName", "nobody-"+s.people[0].Login), nil)
	if err != nil {
		return expect("200 with an empty list", err.Error())
	}
	list, err := decodeList(a.body)
	if err != nil {
		return err
	}
	if len(list.Resources) != 0 || list.TotalResults != 0 {
		return expect("an empty list", fmt.Sprintf("totalResults %d and %s", list.TotalResults, countOf(len(list.Resources), "resource")))
	}
	return nil
}

func (s *scenario) createUsers(ctx context.Context) error {
	for _, p := range s.people {
		if err := s.client.AssignUser(ctx, p); err != nil {
			return err
		}
		if err := checkCreated(s.lastAnswer(), p); err != nil {
			return fmt.Errorf("%s: %w", p.Login, err)
		}
	}
	s.found("%s created", countOf(len(s.people), "user"))
	return nil
}

// checkCreated judges the answer to a create: 201, Location, and the user as it was sent (RFC 7644 section 3.3).
func checkCreated(e Exchange, p Person) error {
	if e.Method != http.MethodPost || e.Status != http.StatusCreated {
		return expect("a create answered 201", fmt.Sprintf("%s: %d", e.RequestLine(), e.Status))
	}
	if e.header.Get("Location") == "" {
		return expect("a Location header", "none")
	}
	r, err := decodeResource(e.answer)
	if err != nil {
		return err
	}
	if name, _ := r["userName"].(string); !strings.EqualFold(name, p.Login) {
		return expect("the userName that was sent", fmt.Sprint(r["userName"]))
	}
	if r["active"] != true {
		return expect("active true as a JSON boolean", fmt.Sprintf("%v", r["active"]))
	}
	if r["externalId"] != p.ID {
		return expect("externalId "+p.ID, fmt.Sprint(r["externalId"]))
	}
	return nil
}

func (s *scenario) lookupCreated(ctx context.Context) error {
	p := s.people[0]
	id, found, err := s.client.lookup(ctx, "/Users", "userName", strings.ToUpper(p.Login))
	if err != nil {
		return err
	}
	known, _, _ := s.client.UserID(p.ID)
	if !found || id != known {
		return expect("the user "+known+", for userName knows no letter case", fmt.Sprintf("%q", id))
	}
	return nil
}

// createTwice accepts the conflict of RFC 7644 section 3.3 and an answer with the user who exists.
func (s *scenario) createTwice(ctx context.Context) error {
	p := s.people[0]
	known, _, ok := s.client.UserID(p.ID)
	if !ok {
		return errors.New("not tried: the user was not created")
	}
	a, err := s.client.call(ctx, http.MethodPost, "/Users", newUser(p, "unused-1"))
	if err == nil {
		r, err := decodeResource(a.body)
		if err == nil && r["id"] == known {
			s.found("answered with the existing user")
			return nil
		}
		return expect("409, or the existing user", fmt.Sprintf("%d with another user", a.status))
	}
	var refused *StatusError
	if !errors.As(err, &refused) || refused.Status != http.StatusConflict || refused.SCIMType != "uniqueness" {
		return expect("409 with scimType uniqueness", err.Error())
	}
	s.found("%s", refused.Detail)
	return checkErrorShape(a)
}

// linkExisting forgets the id, as an application does that is set up anew, and assigns again.
func (s *scenario) linkExisting(ctx context.Context) error {
	p := s.people[0]
	before, _, _ := s.client.UserID(p.ID)
	if err := s.client.AssignUser(ctx, p); err != nil {
		return err
	}
	if after, _, _ := s.client.UserID(p.ID); after != before {
		return expect("the user "+before, after)
	}
	return nil
}

func (s *scenario) updateProfile(ctx context.Context) error {
	p := &s.people[0]
	p.LastName, p.Title, p.Department = p.LastName+"-Renamed", "Head of detection", "Engineering"
	if err := s.client.UpdateUser(ctx, *p); err != nil {
		return err
	}
	r, err := s.storedUser(ctx, *p)
	if err != nil {
		return err
	}
	name, _ := r["name"].(resource)
	if name["familyName"] != p.LastName {
		return expect("name.familyName "+p.LastName, fmt.Sprint(name["familyName"]))
	}
	return checkActive(r, true)
}

// clearTitle passes where the title is dropped altogether: what matters is that no old value stays.
func (s *scenario) clearTitle(ctx context.Context) error {
	p := &s.people[0]
	p.Title = ""
	if err := s.client.UpdateUser(ctx, *p); err != nil {
		return err
	}
	r, err := s.storedUser(ctx, *p)
	if err != nil {
		return err
	}
	if title, there := r["title"]; there && title != "" {
		return expect("no title after an empty one was pushed", fmt.Sprint(title))
	}
	return nil
}

func (s *scenario) deactivate(ctx context.Context) error {
	if err := s.client.DeactivateUser(ctx, s.people[0].ID); err != nil {
		return err
	}
	r, err := s.storedUser(ctx, s.people[0])
	if err != nil {
		return err
	}
	return checkActive(r, false)
}

func (s *scenario) findDeactivated(ctx context.Context) error {
	p := s.people[0]
	known, _, _ := s.client.UserID(p.ID)
	id, found, err := s.client.lookup(ctx, "/Users", "userName", p.Login)
	if err != nil {
		return err
	}
	if !found || id != known {
		return expect("the user "+known+", or Okta creates a second one", fmt.Sprintf("%q", id))
	}
	return nil
}

func (s *scenario) reactivate(ctx context.Context) error {
	p := s.people[0]
	before, _, _ := s.client.UserID(p.ID)
	if err := s.client.ReactivateUser(ctx, p); err != nil {
		return err
	}
	if after, _, _ := s.client.UserID(p.ID); after != before {
		return expect("the same user "+before, after)
	}
	r, err := s.storedUser(ctx, p)
	if err != nil {
		return err
	}
	return checkActive(r, true)
}

func checkActive(r resource, want bool) error {
	if r["active"] != want {
		return expect(fmt.Sprintf("active %v as a JSON boolean", want), fmt.Sprintf("%#v", r["active"]))
	}
	return nil
}
