package original

import (
	"context"

	"esp-update-server/app/account"
	"esp-update-server/app/fault"
	"esp-update-server/app/fleet"
)

// users takes over the people. Admins stay admins; all others could not sign in
// there, and wait for an admin here.
func (p *planning) users(ctx context.Context, in *Installation) error {
	_, waiting, err := p.Users.Count(ctx)
	if err != nil {
		return err
	}
	free := int64(p.MaxWaiting) - waiting
	seen := map[string]bool{}
	for i := range in.Users {
		there := &in.Users[i]
		email, err := account.ParseEmail(there.Email)
		if err != nil {
			p.say(LeftOut, "user %s: people sign in here with their e-mail address, and this is none; invite them under it on the page Users", shown(there.Email))
			continue
		}
		if seen[email] {
			p.say(LeftOut, "user %s: the address is that of another user in other letters", shown(there.Email))
			continue
		}
		seen[email] = true
		if err := p.user(ctx, there, email, &free); err != nil {
			return err
		}
	}
	return nil
}

// user decides on one user; free is how many more may wait for an admin.
func (p *planning) user(ctx context.Context, there *User, email string, free *int64) error {
	_, err := p.Users.FindByEmail(ctx, email)
	if err == nil {
		p.say(Here, "user %s, with the password and the rights that they have here", email)
		return nil
	}
	if !fault.Is(err, fault.NotFound) {
		return err
	}
	u := account.User{ID: account.NewID(), Email: email, Name: fleet.Cut(there.Name, account.MaxName), PasswordHash: there.Password, Role: account.Plain}
	role := "who waits for an admin, since they were none"
	if there.Admin {
		u.Role, role = account.Admin, "an admin"
	} else if *free--; *free < 0 {
		p.say(LeftOut, "user %s: they were no admin, and %d users wait for one already", email, p.MaxWaiting)
		return nil
	}
	p.plan.Users = append(p.plan.Users, u)
	if account.CheckForeign(u.PasswordHash) == nil {
		p.say(Admit, "%s, %s, with the password that they have there", email, role)
		return nil
	}
	p.plan.Users[len(p.plan.Users)-1].PasswordHash = ""
	p.say(Admit, "%s, %s; their password is kept in a form that cannot be read: make a link with user link --email %s", email, role, email)
	return nil
}
