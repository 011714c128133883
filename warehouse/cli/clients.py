"""`paidmedia client`, `cpm` and `vibe-credentials`: what the agency decides."""

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from functools import wraps
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Annotated, Any

import typer

from warehouse.cli.console import parse_date, parse_decimal, say, show_table

if TYPE_CHECKING:
    from warehouse.control import CpmRate

cpm = typer.Typer(help="What 1,000 impressions cost a client, from which day on.", no_args_is_help=True)
vibe = typer.Typer(help="A client's Vibe account (the key is stored encrypted).", no_args_is_help=True)

Slug = Annotated[str, typer.Argument(metavar="SLUG", help="The client's short name, such as acme.")]
From = Annotated[date, typer.Option("--from", parser=parse_date, metavar="DATE", help="First day of the rate.")]
RULE_HELP = 'A name for a level that the files lack: SOURCE.campaign="Always On".'
Rules = Annotated[list[str] | None, typer.Option("--set", metavar="SOURCE.LEVEL=NAME", help=RULE_HELP)]
Folders = dict[tuple[str, str], str]  # (source, "prefix") → the client's folder in the bucket


def client_app(in_folders: Sequence[str]) -> typer.Typer:
    """`paidmedia client`. `in_folders` are the sources whose files lie in a folder of the client's."""
    app = typer.Typer(help="Clients: add, list, change, disable.", no_args_is_help=True)
    app.command("add")(_with_folders(client_add, in_folders))
    app.command("set")(_with_folders(client_set, in_folders))
    app.command("list")(client_list)
    app.command("disable")(client_disable)
    return app


def _with_folders(command: Callable[..., None], in_folders: Sequence[str]) -> Callable[..., None]:
    """The command with an option `--SOURCE-prefix` for each of the sources in place of its argument `folders`."""

    @wraps(command)
    def run(**given: Any) -> None:
        found = {(source, "prefix"): given.pop(f"{source}_prefix") for source in in_folders}
        command(**given, folders={setting: folder for setting, folder in found.items() if folder is not None})

    parameters: list[Parameter] = []
    for each in signature(command).parameters.values():
        parameters += [_folder(source) for source in in_folders] if each.name == "folders" else [each]
    # What the command line is made from.
    run.__signature__ = signature(command).replace(parameters=parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    return run


def _folder(source: str) -> Parameter:
    option = typer.Option(f"--{source}-prefix", metavar="P", help="The client's folder in the bucket.")
    annotation = Annotated[str | None, option]
    return Parameter(f"{source}_prefix", Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def client_add(
    slug: Slug,
    name: Annotated[str, typer.Option(help="The name as people read it.")],
    rate: Annotated[
        Decimal, typer.Option("--cpm", parser=parse_decimal, metavar="RATE", help="Price of 1,000 impressions.")
    ],
    currency: Annotated[str, typer.Option(help="Three letters, such as USD.")],
    date_from: From,
    *,
    folders: Folders,
    rules: Rules = None,
) -> None:
    """Add a client with its first CPM."""
    from warehouse.clients import clients
    from warehouse.postgres.database import session

    settings = _source_settings(folders, rules)
    with session() as current:
        clients.add_client(
            current, slug, name=name, currency=currency, cpm=rate, effective_date=date_from, source_settings=settings
        )
    say(f"Added {slug}: {name}, CPM {rate} {currency.upper()} from {date_from}.")


def client_set(
    slug: Slug,
    name: Annotated[str | None, typer.Option(help="Another name to show.")] = None,
    *,
    folders: Folders,
    rules: Rules = None,
) -> None:
    """Change a client's name, bucket folder or level rules; an empty value removes a rule."""
    from warehouse.clients import clients
    from warehouse.errors import PaidMediaError
    from warehouse.postgres.database import session

    settings = _source_settings(folders, rules)
    if not settings and name is None:
        raise PaidMediaError("nothing to change", fix='pass --name, --SOURCE-prefix or --set SOURCE.campaign="…"')
    with session() as current:
        if name is not None:
            clients.rename_client(current, slug, name)
        clients.set_source_settings(current, slug, settings)
    say(f"Changed {slug}.")


def client_list() -> None:
    """List clients with the rate in force today and their sources' rules."""

    from warehouse.clients import clients
    from warehouse.control import VibeCredentials, lookup, sources
    from warehouse.months import utc_today
    from warehouse.postgres.database import session

    today = utc_today()
    rows = []
    with session() as current:
        for each in lookup.list_clients(current):
            rates = [rate for rate in clients.cpm_history(current, each.client_id) if rate.effective_date <= today]
            rules = [
                f"{source}.{setting}={value}"
                for source in sources.names(current)
                for setting, value in clients.source_settings(current, each.client_id, source).items()
            ]
            has_vibe = current.get(VibeCredentials, each.client_id) is not None
            price = f"{rates[-1].cpm} {each.currency}" if rates else f"none {each.currency}"
            rows.append((each.client_id, each.name, price, each.is_active, has_vibe, "; ".join(rules)))
    show_table("Clients", ("client", "name", "CPM today", "active", "vibe key", "rules"), rows, right=(2,))


def client_disable(slug: Slug) -> None:
    """Stop loading for a client; delivered numbers stay."""
    from warehouse.clients import clients
    from warehouse.postgres.database import session

    with session() as current:
        clients.disable_client(current, slug)
    say(f"Disabled {slug}.")


@cpm.command("set")
def cpm_set(
    slug: Slug,
    rate: Annotated[Decimal, typer.Argument(parser=parse_decimal, metavar="RATE")],
    date_from: From,
    is_preview: Annotated[
        bool, typer.Option("--preview", help="Show each month's spend before and after, and change nothing.")
    ] = False,
    adjust: Annotated[
        bool, typer.Option("--adjust", help="Closed months keep their price; the difference is booked.")
    ] = False,
    why: Annotated[str | None, typer.Option(help="The reason; kept with the adjustments.")] = None,
) -> None:
    """Set the CPM from a date on; a past date re-prices exactly the days it governs at the next build."""
    from warehouse.billing import preview
    from warehouse.cli import periods
    from warehouse.clients import clients
    from warehouse.control import lookup
    from warehouse.postgres.database import session

    with session() as current:
        if is_preview:
            client = lookup.get_client(current, slug)
            periods.show_preview(preview.preview(current, client, cpm=rate, effective_date=date_from), adjust=adjust)
            return
        entered = clients.set_cpm(current, slug, cpm=rate, effective_date=date_from, adjust=adjust, why=why)
        currency, booked = entered.rate.currency, [periods.in_words(each) for each in entered.adjustments]
    say(f"{slug}: CPM {rate} {currency} from {date_from}. `paidmedia build` prices the days it governs.")
    for words in booked:
        say(words)


@cpm.command("history")
def cpm_history(slug: Slug) -> None:
    """Show every rate of a client."""
    from warehouse.clients import clients
    from warehouse.postgres.database import session

    with session() as current:
        rows = [
            (rate.effective_date, rate.cpm, rate.currency, rate.created_by, rate.created_at, _about(rate))
            for rate in clients.cpm_history(current, slug)
        ]
    show_table(f"CPM of {slug}", ("from", "CPM", "currency", "entered by", "entered at", ""), rows, right=(1,))


@vibe.command("set")
def vibe_set(
    slug: Slug,
    advertiser_id: Annotated[str, typer.Option(metavar="A")],
    api_key: Annotated[str, typer.Option(metavar="K")],
) -> None:
    """Store a client's Vibe account; the key is encrypted and never shown again."""
    from warehouse.clients.credentials import set_vibe_credentials
    from warehouse.postgres.database import session
    from warehouse.settings import get_settings

    with session() as current:
        set_vibe_credentials(current, get_settings(), slug, advertiser_id=advertiser_id, api_key=api_key)
    say(f"Stored the Vibe account of {slug}.")


def _about(rate: "CpmRate") -> str:
    if rate.agreed_cpm is not None:
        return f"{rate.agreed_cpm} agreed; a closed month keeps its price"
    return "" if rate.is_agreed else "a closed month's price begins or ends"


def _source_settings(folders: Folders, rules: list[str] | None) -> Folders:
    from warehouse.clients.clients import parse_rule

    return dict(parse_rule(rule) for rule in rules or []) | folders
