"""Headings → fields."""

import re
from dataclasses import replace

import pytest

from loaders.errors import LoadRefused
from loaders.files.columns import Mapped, SourceColumns, fingerprint, map_columns
from loaders.sources.vibe import DIMENSIONS, METRICS
from tests.loaders import files
from tests.sources import FACEBOOK, SURFSIDE, VIBE

ASKED = {
    "surfside": "Date,Campaign,Strategy,Placement,Creative,Impressions,Clicks,Conversions,Conversion Revenue",
    "vibe": "date,campaign_name,strategy_name,placement_name,creative_name,impressions,clicks,conversions,revenue",
    "facebook": "Date,Campaign Name,Ad Set Name,Ad Name,Impressions,Clicks,Conversions,Revenue",
}


def mapped(spec: SourceColumns, header: list[str], **rules: str) -> Mapped:
    return map_columns(header, spec, rules, client_id="acme", filename="a.csv")


@pytest.mark.parametrize("spec", [SURFSIDE, VIBE, FACEBOOK], ids=lambda spec: spec.source)
def test_the_columns_that_were_asked_for_are_accepted(spec: SourceColumns) -> None:
    found = mapped(spec, ASKED[spec.source].split(","))
    assert set(found.columns) >= {"date", "campaign_name", "creative_name", "impressions", "clicks", "conversions"}
    assert "conversion_revenue" in found.columns


def test_the_columns_that_really_arrive_are_accepted() -> None:
    surfside = mapped(SURFSIDE, [" ".join(heading.split()) for heading in files.SURFSIDE], campaign="Always On")
    assert surfside.constants == {"campaign_name": "Always On"}
    vibe = mapped(VIBE, [*DIMENSIONS, *METRICS])
    assert "clicks" not in vibe.columns
    assert len(vibe.unmapped) == 46 - 9
    facebook = mapped(FACEBOOK, list(files.FACEBOOK))
    assert facebook.heading_currency == "USD"
    assert facebook.columns["placement_name"] == facebook.columns["creative_name"]
    assert "conversions" not in facebook.columns


def test_case_and_blanks_of_a_heading_do_not_matter() -> None:
    header = ["DAY", "campaign name", "Ad  set name", "AD NAME", "impressions", "Link Clicks"]
    assert mapped(FACEBOOK, header).columns["clicks"] == (5,)


def test_a_missing_level_is_refused_with_the_command_that_sets_it() -> None:
    command = 'paidmedia client set acme --set surfside.campaign="Always On"'
    with pytest.raises(LoadRefused, match=re.escape(command)) as refused:
        mapped(SURFSIDE, [" ".join(heading.split()) for heading in files.SURFSIDE])
    assert "no column for campaign (found: Strategy Name, Placement Name" in str(refused.value)


def test_a_level_can_come_from_another_column() -> None:
    header = ["Date", "Region", "Strategy", "Placement", "Creative", "Impressions", "Clicks", "Conversions"]
    header.append("Conversion Revenue")
    assert mapped(SURFSIDE, header, campaign="column:region").columns["campaign_name"] == (1,)
    with pytest.raises(LoadRefused, match="no column 'Zone'"):
        mapped(SURFSIDE, header, campaign="column:Zone")


def test_a_files_own_column_counts_before_the_rule() -> None:
    found = mapped(SURFSIDE, ASKED["surfside"].split(","), campaign="Always On")
    assert found.constants == {}


def test_a_missing_required_column_is_refused_naming_what_was_found() -> None:
    with pytest.raises(LoadRefused, match=r"no column for clicks.*found: Date, Campaign"):
        mapped(SURFSIDE, ASKED["surfside"].replace("Clicks,", "").split(","))


def test_a_missing_optional_measure_is_a_warning() -> None:
    assert mapped(SURFSIDE, ASKED["surfside"].split(",")).warnings == ("no column for reported spend: left empty",)


def test_localized_headings_are_refused_naming_them_and_asking_for_english() -> None:
    header = ["Tag", "Name der Kampagne", "Name der Anzeigengruppe", "Name der Anzeige", "Impressionen"]
    with pytest.raises(LoadRefused, match="Name der Kampagne") as refused:
        mapped(FACEBOOK, header)
    assert "export in English" in str(refused.value)


def test_clicks_all_is_never_taken_for_link_clicks() -> None:
    header = [heading.replace("Link clicks", "Clicks (all)") for heading in files.FACEBOOK]
    with pytest.raises(LoadRefused, match="no column for clicks"):
        mapped(FACEBOOK, header)


@pytest.mark.parametrize(
    ("headings", "message"),
    [
        (["Amount spent (US$)"], "unknown currency 'US$'"),
        (["Amount spent (USD)", "Amount spent (EUR)"], "mixes currencies"),
    ],
)
def test_unknown_and_mixed_currencies_in_headings_are_refused(headings: list[str], message: str) -> None:
    with pytest.raises(LoadRefused) as refused:
        mapped(FACEBOOK, [*ASKED["facebook"].split(","), *headings])
    assert message in str(refused.value)


def test_repeated_headings_that_are_not_mapped_are_numbered() -> None:
    found = mapped(FACEBOOK, [*ASKED["facebook"].split(","), "Text", "Text"])
    assert [key for _, key in found.unmapped] == ["Text", "Text (2)"]


def test_the_fingerprint_changes_with_what_would_be_read_otherwise() -> None:
    base = fingerprint(SURFSIDE, {"campaign": "A"}, "USD")
    assert base == fingerprint(SURFSIDE, {"campaign": "A", "prefix": "x/"}, "USD")
    others = {
        fingerprint(SURFSIDE, {"campaign": "B"}, "USD"),
        fingerprint(SURFSIDE, {"campaign": "A"}, "EUR"),
        fingerprint(replace(SURFSIDE, date_formats=("%d/%m/%Y",)), {"campaign": "A"}, "USD"),
    }
    assert base not in others
    assert len(others) == 3
