"""Planted faults: what each would do to people, and the tests of its room that have to notice.

Belongs here: a change of one place that breaks what the product is for, that parses, and that only a wrong number or a
wrong behaviour betrays. Keep out: changes that nobody can observe, and changes that stop at import.
"""

from dataclasses import dataclass

HISTORY = "tests/dbt_project/test_history_of_deliveries.py"  # its build runs dbt's unit tests
RANDOM = "tests/histories/test_random_histories.py"
MODELS, MACROS = "dbt_project/models", "dbt_project/macros"


@dataclass(frozen=True)
class Fault:
    """A change of one file: `was`, which stands in it once, becomes `becomes`.

    `breaks` says what goes wrong for people; `tests` are the tests of its room, files or folders, the nearest first.
    """

    name: str
    path: str
    was: str
    becomes: str
    breaks: str
    tests: tuple[str, ...]


def _sql(name: str, path: str, was: str, becomes: str, breaks: str) -> Fault:
    return Fault(name, path, was, becomes, breaks, (HISTORY, RANDOM, "tests/dbt_project"))


SQL = (
    _sql(
        "change-over-the-new-period",
        f"{MACROS}/metrics/delta_pct.sql",
        "nullif({{ previous }}, 0)",
        "nullif({{ current }}, 0)",
        "A week that doubled is told as +50 %, because the change is divided by the new number.",
    ),
    _sql(
        "peers-with-the-entity-itself",
        f"{MACROS}/metrics/is_underperformer.sql",
        "'(' ~ peers ~ '.impressions - ' ~ entity ~ '.impressions)'",
        "peers ~ '.impressions'",
        "The click-through rate of the others is divided by everybody's impressions, so it is told too low.",
    ),
    _sql(
        "spend-rounded-per-row",
        f"{MACROS}/metrics/spend.sql",
        "numeric(20, 7)",
        "numeric(20, 2)",
        "Every row is rounded to cents, so thousands of small rows are billed wrongly in sum.",
    ),
    _sql(
        "spend-of-priced-rows-only",
        f"{MACROS}/metrics/summed_spend.sql",
        "case when count({{ spend }}) = count(*) then sum({{ spend }}) end",
        "sum({{ spend }})",
        "A day without a rate is left out of the month's spend, which is too low and looks right.",
    ),
    _sql(
        "rate-from-the-day-after",
        f"{MODELS}/intermediate/pricing/int_source_days__rated.sql",
        "and won_days.date >= rates.valid_from",
        "and won_days.date > rates.valid_from",
        "The first day of a new rate has no price.",
    ),
    _sql(
        "the-last-to-arrive-wins",
        f"{MODELS}/ledger/current_days.sql",
        "order by precedence desc",
        "order by delivered_at desc",
        "An old export that somebody uploads late replaces the newer numbers of its days.",
    ),
    _sql(
        "held-deliveries-count",
        f"{MODELS}/ledger/current_days.sql",
        "delivery_days.is_allowed",
        "delivery_days.verdict <> 'pending'",
        "Implausible deliveries are published before anybody has released them.",
    ),
    _sql(
        "packages-that-are-not-whole",
        f"{MACROS}/sql/is_whole_package.sql",
        "_dlt_load_id in (",
        "_dlt_load_id is not null or _dlt_load_id in (",
        "Rows of a load that was killed half way are read.",
    ),
    _sql(
        "change-across-currencies",
        f"{MODELS}/intermediate/periods/int_client_periods__compared.sql",
        "and summed.currency = previous.currency\n            and summed.period = previous.period",
        "and summed.period = previous.period",
        "After a change of currency a month in euros is compared with one in dollars.",
    ),
    _sql(
        "adjustments-in-the-closed-month",
        f"{MODELS}/intermediate/periods/int_client_periods__adjusted.sql",
        "{{ period_start(period, 'date') }} as period_start,\n"
        "            {{ period_end(period, 'date') }} as period_end,",
        "{{ period_start(period, 'for_month') }} as period_start,\n"
        "            {{ period_end(period, 'for_month') }} as period_end,",
        "What is booked for a closed month changes that month's bill, not that of the month it was booked in.",
    ),
    _sql(
        "weeks-from-sunday",
        f"{MACROS}/sql/period_start.sql",
        "cast(date_trunc('{{ period }}', cast({{ day }} as timestamp)) as date)",
        """cast(date_trunc('{{ period }}', cast({{ day }} as timestamp)"""
        """{{ " + interval '1 day'" if period == 'week' }})"""
        """{{ " - interval '1 day'" if period == 'week' }} as date)""",
        "Weeks begin on Sunday, so every weekly number is one of other days.",
    ),
    _sql(
        "complete-with-the-first-source",
        f"{MODELS}/intermediate/periods/int_client_periods__completed.sql",
        "coalesce(min(source_spans.last_date), min(client_spans.last_date))",
        "coalesce(max(source_spans.last_date), min(client_spans.last_date))",
        "A week is called complete while a source still lacks days of it.",
    ),
    _sql(
        "decreases-are-not-told",
        f"{MODELS}/marts/metric_restatements.sql",
        "or {{ measure }}_change <> 0",
        "or {{ measure }}_change > 0",
        "A platform that takes impressions back does so without a line in the list of restatements.",
    ),
    _sql(
        "no-break-space-in-names",
        f"{MACROS}/sql/normalized_name.sql",
        r"\u0085\u00a0\u1680",
        r"\u0085\u1680",
        "A campaign whose name was pasted with a no-break space becomes a second campaign.",
    ),
    _sql(
        "names-as-delivered",
        f"{MODELS}/staging/facebook/stg_facebook__ads_export.sql",
        "{{ normalized_name('placement_name') }} as placement_name",
        "placement_name",
        "A trailing blank in an export splits a placement of Facebook in two.",
    ),
    _sql(
        "rejects-are-not-counted",
        f"{MODELS}/marts/data_freshness.sql",
        "{{ summed_count('rows_rejected') }} as rows_rejected",
        "{{ summed_count('rows_dropped') }} as rows_rejected",
        "The page about data says that nothing was rejected while rows are missing.",
    ),
    _sql(
        "vanished-days-reconcile",
        f"{MACROS}/reconciliation/lost_between.sql",
        "full outer join {{ downstream }}",
        "inner join {{ downstream }}",
        "A day that a step loses altogether is not missed by the reconciliation.",
    ),
    _sql(
        "unknown-revenue-ranks-first",
        f"{MODELS}/intermediate/periods/int_entity_periods__ranked.sql",
        "case when named.level = 'creative' then named.conversion_revenue end desc nulls last",
        "case when named.level = 'creative' then named.conversion_revenue end desc",
        "Creatives without any revenue lead the list of the best.",
    ),
    _sql(
        "cost-per-action-of-the-platform",
        f"{MODELS}/marts/daily_campaign_metrics.sql",
        "{{ cpa('spend', 'conversions') }} as cpa",
        "{{ cpa('reported_spend', 'conversions') }} as cpa",
        "The cost per conversion is worked out from the platform's cost, which no client may learn.",
    ),
    _sql(
        "published-in-spite-of-failed-tests",
        f"{MACROS}/publishing/publish.sql",
        "result.status in ['fail', 'error', 'runtime error']",
        "result.status in ['error', 'runtime error']",
        "Numbers that a data test has refused are published.",
    ),
)

PYTHON = (
    Fault(
        "closed-months-repriced",
        "warehouse/billing/rates.py",
        "wanted = kept.at(day) if month_of(day) in closed else what",
        "wanted = what",
        "A new rate with a past date changes what a closed month was billed at.",
        ("tests/warehouse/test_closed_prices.py", "tests/warehouse", "tests/dbt_project/test_closed_months.py"),
    ),
    Fault(
        "sessions-outlive-disabling",
        "warehouse/access/users.py",
        "        accounts.end_sessions(current, user.user_id)\n    user.is_active, user.disabled_at",
        "    user.is_active, user.disabled_at",
        "The open session of a disabled person is good again as soon as the account is.",
        ("tests/warehouse/test_accounts.py", "tests/warehouse", "tests/streamlit_app/test_app_door.py"),
    ),
    Fault(
        "bi-logins-see-one-client",
        "warehouse/migrations/versions/0012_give_clients_views_that_tell_of_nobody_else.py",
        "from access.bi_logins where bi_logins.login = current_user::text\n",
        "from access.bi_logins where bi_logins.login <> current_user::text\n",
        "A client's BI login reads every client that has one but its own.",
        ("tests/warehouse/test_bi_logins.py", "tests/warehouse", "tests/isolation"),
    ),
    Fault(
        "alerts-sent-twice",
        "warehouse/alerts/outbox.py",
        "        .with_for_update(skip_locked=True)\n",
        "",
        "Two processes that empty the outbox at once send each alert twice.",
        ("tests/warehouse/test_alert_outbox.py", "tests/warehouse"),
    ),
    Fault(
        "a-hot-month-too-few",
        "warehouse/retention/cutoffs.py",
        "months_before(today, settings.retention_hot_months)",
        "months_before(today, settings.retention_hot_months - 1)",
        "The same month of last year is archived a month too early.",
        ("tests/warehouse/test_retention_dates.py", "tests/warehouse", "tests/orchestration/test_retention.py"),
    ),
    Fault(
        "backup-checksum-unchecked",
        "warehouse/backup/taking.py",
        'if not is_there or _sha256(path) != entry["Checksum"]:',
        "if not is_there:",
        "A backup with a damaged file is called whole and fails on the day that it is needed.",
        ("tests/warehouse/backup/test_the_store.py", "tests/warehouse/backup"),
    ),
    Fault(
        "a-secret-in-the-log",
        "warehouse/secrets/redaction.py",
        "        settings.oidc_client_secret,\n",
        "",
        "The provider's client secret stands in log lines and alerts.",
        ("tests/warehouse/test_logs.py", "tests/warehouse", "tests/orchestration/test_no_secret_is_left.py"),
    ),
    Fault(
        "one-day-read-again",
        "warehouse/settings.py",
        'default=3, ge=1, description="Days that a daily run reads again',
        'default=1, ge=1, description="Days that a daily run reads again',
        "What platforms restate on the second and third day never arrives.",
        ("tests/loaders/test_reread_window.py", "tests/orchestration/test_schedules.py", "tests/warehouse"),
    ),
    Fault(
        "same-bytes-loaded-again",
        "loaders/ledger/entries.py",
        "        if always or not newer:",
        "        if always:",
        "The same file is taken in as a new delivery every time that it comes.",
        ("tests/loaders/test_delivery_ledger.py", "tests/loaders"),
    ),
    Fault(
        "half-packages-in-the-ledger",
        "warehouse/migrations/versions/0018_unite_the_ledgers_of_all_sources.py",
        "load_id from %s._dlt_loads where status = 0",
        "_dlt_load_id as load_id from %s.deliveries",
        "A load that was killed half way is taken for a delivery, and gives its days.",
        ("tests/warehouse/test_ledger.py", "tests/warehouse"),
    ),
    Fault(
        "one-report-over-the-budget",
        "loaders/transports/report_api/requests.py",
        "    if needed < 0:",
        "    if needed <= 0:",
        "Vibe locks the account out, because it is asked for sixteen reports an hour.",
        ("tests/loaders/test_vibe_budget.py", "tests/loaders"),
    ),
    Fault(
        "transient-trouble-not-retried",
        "loaders/transports/report_api/trouble.py",
        "retry_if_exception_type((Transient, RateLimited))",
        "retry_if_exception_type(RateLimited)",
        "One answer of 502 costs a client the day's numbers.",
        ("tests/loaders/test_vibe_bad_days.py", "tests/loaders"),
    ),
    Fault(
        "a-lock-that-two-hold",
        "warehouse/postgres/locks.py",
        "in share update exclusive mode",
        "in access share mode",
        "Two loads of a client write at once, and two builds publish over each other.",
        ("tests/loaders/test_locks.py", "tests/loaders"),
    ),
    Fault(
        "the-threshold-inverted",
        "expectations/suites/common.py",
        "or reported_spend * 1000 <= {limit} * impressions",
        "or reported_spend * 1000 >= {limit} * impressions",
        "Every delivery at an ordinary price is held, and one with its cost in millionths passes.",
        ("tests/expectations",),
    ),
    Fault(
        "every-currency-in-dollars",
        "expectations/suites/common.py",
        "coalesce(currency, client_currency) not in {DOLLAR_LIKE_CURRENCIES}",
        "coalesce(currency, 'USD') not in {DOLLAR_LIKE_CURRENCIES}",
        "Good deliveries of a client that bills in yen are held for their price.",
        ("tests/expectations",),
    ),
    Fault(
        "the-doctor-overlooks-silence",
        "orchestration/doctor/dagster_checks.py",
        "if not status.healthy:",
        "if not status.required:",
        "The doctor calls a daemon alive that has not been heard of, while nothing is loaded.",
        ("tests/orchestration/test_doctor.py", "tests/orchestration"),
    ),
    Fault(
        "schedules-in-new-york",
        "orchestration/defs/automation.py",
        'cron_schedule=cron,\n        execution_timezone="UTC"',
        'cron_schedule=cron,\n        execution_timezone="America/New_York"',
        "The morning's loads run after the summaries, which lack a day when people arrive.",
        ("tests/orchestration/test_schedules.py", "tests/orchestration"),
    ),
    Fault(
        "a-failing-check-told-twice",
        "orchestration/lib/run_findings.py",
        " or run.run_id in of_checks:",
        ":",
        "People are woken for a failing check and once more for its run.",
        ("tests/orchestration/test_alerts_of_runs.py", "tests/orchestration"),
    ),
    Fault(
        "only-the-campaign-filter-counts",
        "serving/queries/measures.py",
        "for name in scope.narrowed]\n    conditions += _within",
        'for name in scope.narrowed if name == "campaign"]\n    conditions += _within',
        "A page that is filtered by strategy or creative shows the numbers of all of them.",
        ("tests/serving/test_queries.py", "tests/serving"),
    ),
    Fault(
        "formulas-in-exports",
        "serving/reports/to_csv.py",
        "*map(harmless, line.names)",
        "*line.names",
        "A campaign named =HYPERLINK(…) runs when a client opens the export.",
        ("tests/serving/test_reports.py", "tests/serving"),
    ),
    Fault(
        "rounded-to-even",
        "serving/format.py",
        "rounding=ROUND_HALF_UP",
        'rounding="ROUND_HALF_EVEN"',
        "A half cent is shown otherwise in the app than in SQL.",
        ("tests/serving/test_format.py", "tests/serving"),
    ),
    Fault(
        "answers-kept-for-everybody",
        "streamlit_app/cached.py",
        "show_spinner=False",
        'show_spinner=False, hash_funcs={"serving.scope.Reading": lambda reading: reading.data_version}',
        "A client gets the answer that was kept of another's question.",
        ("tests/streamlit_app/test_app_cache.py", "tests/streamlit_app"),
    ),
)

FAULTS = SQL + PYTHON
