package handlers

import (
	"strings"

	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/account"
	"esp-update-server/app/fault"
	"esp-update-server/app/fleet"
)

// usersShown is how many users the page lists, those who wait before others.
const usersShown = 500

type usersIndex struct {
	page
	Rows   []userRow
	Left   int64 // that are not shown
	Invite inviteForm
}

// userRow is a user in the table of all.
type userRow struct {
	account.User
	Self      bool // the one who looks
	ComesBack bool // the settings make it an admin at each start
	Chosen    account.Role
	Errors    problems
}

func (s *server) userRow(c *fiber.Ctx, u *account.User) userRow {
	return userRow{User: *u, Self: u.ID == userOf(c).ID, ComesBack: strings.EqualFold(strings.TrimSpace(s.AdminEmail), u.Email), Chosen: u.Role}
}

// Roles are those to choose from.
func (r *userRow) Roles() []account.Role {
	return []account.Role{account.Plain, account.Viewer, account.Admin}
}

// Waits reports whether an admin has to decide about the user.
func (r *userRow) Waits() bool { return r.Role == account.Plain }

// Invited reports whether the user has yet to follow a link.
func (r *userRow) Invited() bool { return r.PasswordHash == "" }

// listUsers handles GET /users.
func (s *server) listUsers(c *fiber.Ctx) error {
	return s.usersPage(c, inviteForm{Role: account.Viewer}, nil)
}

func (s *server) usersPage(c *fiber.Ctx, f inviteForm, err error) error {
	if f.Errors, err = blame(c, err, "email"); err != nil {
		return err
	}
	list, err := s.Users.List(c.UserContext(), usersShown)
	if err != nil {
		return err
	}
	all, _, err := s.Users.Count(c.UserContext())
	if err != nil {
		return err
	}
	v := &usersIndex{page: page{Title: "Users"}, Left: max(0, all-int64(len(list))), Invite: f}
	for i := range list {
		v.Rows = append(v.Rows, s.userRow(c, &list[i]))
	}
	return s.page(c, "users/index", v)
}

type usersShow struct {
	page
	Row userRow
}

// showUser handles GET /users/{user}.
func (s *server) showUser(c *fiber.Ctx) error {
	u, err := s.userParam(c)
	if err != nil {
		return err
	}
	return s.userPage(c, s.userRow(c, u), nil)
}

func (s *server) userPage(c *fiber.Ctx, row userRow, err error) error {
	if row.Errors, err = blame(c, err, "role"); err != nil {
		return err
	}
	return s.page(c, "users/show", &usersShow{page: page{Title: row.Email}, Row: row})
}

// updateUser handles PUT /users/{user}: what the user may do changes.
func (s *server) updateUser(c *fiber.Ctx) error {
	u, err := s.userParam(c)
	if err != nil {
		return err
	}
	row := s.userRow(c, u)
	row.Chosen = account.Role(c.FormValue("role"))
	role, err := account.ParseRole(string(row.Chosen))
	var before account.Role
	if err == nil {
		before, err = s.Users.SetRole(c.UserContext(), u.ID, role)
	}
	if err != nil {
		return s.userPage(c, row, err)
	}
	s.did(c, "role changed", "user", u.Email, "from", before, "to", role)
	if row.Self && role != account.Admin {
		return s.goTo(c, "/session/new") // the sessions ended with the rights
	}
	return s.done(c, "/users", fleet.Isolated(u.Email)+" "+allowances[role])
}

// allowances say what a role means for who gets it.
var allowances = map[account.Role]string{
	account.Plain:  "may see and change nothing now.",
	account.Viewer: "may see everything and change nothing now.",
	account.Admin:  "is an admin now.",
}

// askDeleteUser handles GET /users/{user}/delete.
func (s *server) askDeleteUser(c *fiber.Ctx) error {
	u, err := s.userParam(c)
	if err != nil {
		return err
	}
	return s.page(c, "users/delete", &usersShow{page: page{Title: "Delete " + u.Email}, Row: s.userRow(c, u)})
}

// deleteUser handles DELETE /users/{user}.
func (s *server) deleteUser(c *fiber.Ctx) error {
	u, err := s.userParam(c)
	if err != nil {
		return err
	}
	if err := s.Users.Delete(c.UserContext(), u.ID); err != nil {
		return s.userPage(c, s.userRow(c, u), err)
	}
	s.did(c, "user deleted", "user", u.Email)
	if u.ID == userOf(c).ID {
		return s.goTo(c, "/session/new")
	}
	return s.done(c, "/users", fleet.Isolated(u.Email)+" is deleted.")
}

// userParam is the user that a path names.
func (s *server) userParam(c *fiber.Ctx) (*account.User, error) {
	u, err := s.Users.Find(c.UserContext(), keyParam(c, "user"))
	if fault.Is(err, fault.NotFound) {
		err = fault.New(fault.NotFound, "There is no such user any more.")
	}
	return u, err
}
