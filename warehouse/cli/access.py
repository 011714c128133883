"""`paidmedia user` and `bi-login`: who may look."""

import sys
from typing import Annotated

import typer

from warehouse.cli.console import say, show_table
from warehouse.errors import PaidMediaError

user = typer.Typer(help="People who may log in.", no_args_is_help=True)
bi_login = typer.Typer(help="Postgres logins for BI tools: of one client, or of the agency.", no_args_is_help=True)

Email = Annotated[str, typer.Argument(metavar="EMAIL")]
Slug = Annotated[str, typer.Argument(metavar="CLIENT", help="The client's short name, such as acme.")]


@user.command("add")
def user_add(
    email: Email,
    role: Annotated[str, typer.Option(metavar="admin|analyst|client")],
    client_id: Annotated[str | None, typer.Option("--client", metavar="SLUG", help="With --role client.")] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    sso: Annotated[bool, typer.Option("--sso", help="No password: they come in through the provider only.")] = False,
) -> None:
    """Add a person, or a further client of one. The password is shown once and changed at the first log-in."""
    from warehouse.access.users import add_user
    from warehouse.postgres.database import session

    if sso and password_stdin:
        raise PaidMediaError("--sso means no password", fix="drop it or --password-stdin")
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else None
    with session() as current:
        generated = add_user(current, email, role=role, client_id=client_id, password=password, has_password=not sso)
    say(f"Added {email} as {role}." if client_id is None else f"Added {email} as {role} of {client_id}.")
    if generated is not None:
        say(f"Password, shown this once: {generated}")


@user.command("list")
def user_list() -> None:
    """Show everybody who may log in."""
    from warehouse.access import users
    from warehouse.postgres.database import session

    with session() as current:
        rows = [
            (each.email, each.role, ", ".join(mine) or "every client", each.is_active, each.last_login_at,
             each.locked_until)
            for each, mine in users.list_users(current)
        ]  # fmt: skip
    show_table("People", ("e-mail", "role", "sees", "active", "last log-in", "locked until"), rows)


@user.command("disable")
def user_disable(email: Email) -> None:
    """Let a person in no longer; their sessions end at once."""
    from warehouse.access.users import set_active
    from warehouse.postgres.database import session

    with session() as current:
        set_active(current, email, active=False)
    say(f"{email} is disabled.")


@user.command("enable")
def user_enable(email: Email) -> None:
    """Let a disabled person in again."""
    from warehouse.access.users import set_active
    from warehouse.postgres.database import session

    with session() as current:
        set_active(current, email, active=True)
    say(f"{email} is enabled.")


@user.command("reset-password")
def user_reset_password(email: Email) -> None:
    """Give a person a new password, shown once; it ends their sessions and a lock."""
    from warehouse.access.users import reset_password
    from warehouse.postgres.database import session

    with session() as current:
        password = reset_password(current, email)
    say(f"New password of {email}, shown this once: {password}")


@user.command("remove-client")
def user_remove_client(email: Email, client_id: Annotated[str, typer.Option("--client", metavar="SLUG")]) -> None:
    """Let a person of role client no longer see a client."""
    from warehouse.access.users import remove_client
    from warehouse.postgres.database import session

    with session() as current:
        remove_client(current, email, client_id)
    say(f"{email} no longer sees {client_id}.")


@bi_login.command("add")
def bi_login_add(
    slug: Annotated[str | None, typer.Argument(metavar="CLIENT", help="The client's short name.")] = None,
    agency: Annotated[bool, typer.Option("--agency", help="Over all clients, with what the platforms cost.")] = False,
) -> None:
    """Make a login that reads one client's views in `bi`, or the agency's marts; prints its URL once."""
    from warehouse.access import bi_logins
    from warehouse.postgres.database import session
    from warehouse.settings import get_settings

    if (slug is None) != agency:
        raise PaidMediaError("a BI login is of one client or of the agency", fix="name CLIENT, or --agency")
    with session() as current:
        url = bi_logins.add(current, get_settings(), slug)
        connections = bi_logins.connections(current, get_settings())
    say("Reads the marts of all clients." if agency else f"Reads the views in bi, of {slug} and of nobody else.")
    say(_connections(connections))
    say("The password is in no other place:")
    say(url)


@bi_login.command("migrate")
def bi_login_migrate() -> None:
    """Give the logins that there are what a new one would have; safe to repeat."""
    from warehouse.access import bi_logins
    from warehouse.postgres.database import session
    from warehouse.settings import get_settings

    with session() as current:
        logins = [each.login for each in bi_logins.migrate(current, get_settings())]
        connections = bi_logins.connections(current, get_settings())
    say(f"{len(logins)} BI logins read {bi_logins.CLIENT_SCHEMA}, or {bi_logins.AGENCY_SCHEMA} as the agency's.")
    say(_connections(connections))


@bi_login.command("watch")
def bi_login_watch() -> None:
    """Look once for statements and transactions of BI logins that last too long, and end them."""
    from warehouse.access import bi_watch
    from warehouse.postgres.database import session
    from warehouse.settings import get_settings

    with session() as current:
        ended = bi_watch.watch(current, get_settings())
    for each in ended:
        say(str(each))
    if not ended:
        say("No BI login keeps the server busy for too long.")


@bi_login.command("list")
def bi_login_list() -> None:
    """Show the BI logins and the client of each."""
    from warehouse.access import bi_logins
    from warehouse.postgres.database import session

    with session() as current:
        rows = [
            (each.login, each.client_id or "the agency: all", each.created_at, each.created_by)
            for each in bi_logins.every(current)
        ]
    show_table("BI logins", ("login", "client", "made at", "made by"), rows)


@bi_login.command("remove")
def bi_login_remove(login: Annotated[str, typer.Argument(metavar="LOGIN", help="As listed.")]) -> None:
    """Take a BI login away."""
    from warehouse.access import bi_logins
    from warehouse.postgres.database import session

    with session() as current:
        bi_logins.remove(current, login)
    say(f"Removed {login}.")


def _connections(each: int) -> str:
    from warehouse.postgres.bi_limits import CONNECTIONS

    if each == CONNECTIONS:
        return f"A BI login opens {each} connections at most."
    return f"A BI login opens {each} connections at most, every one of them: the product needs the server's others."
