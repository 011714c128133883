"""Who may come in: people, passwords, sessions, single sign-on, BI logins. Which rows they see, Postgres decides."""
