"""What a build that failed says, in one line."""

from orchestration.lib.dbt_errors import explained
from warehouse.errors import PaidMediaError

REFUSED = (
    "Database Error in test unique_dim_clients_client_id (models/marts/dim_clients.yml)\n"
    '  connection to server at "127.0.0.1", port 5432 failed: Connection refused\n'
    "\tIs the server running on that host and accepting TCP/IP connections?"
)
ERROR = RuntimeError("dbt ended with code 2")


def result(unique_id: str, status: str, message: str | None) -> dict[str, str | None]:
    return {"unique_id": unique_id, "status": status, "message": message}


def test_a_lost_database_is_told_once_however_much_it_broke() -> None:
    results = [result(f"test.paid_media.number_{number}.0", "error", REFUSED) for number in range(50)]
    assert str(explained(ERROR, results)) == (
        'the database was lost in the middle of it (connection to server at "127.0.0.1", port 5432 failed:'
        " Connection refused): build again"
    )


def test_a_database_that_is_lost_before_dbt_has_results_is_told_too() -> None:
    error = RuntimeError(
        "Errors parsed from dbt logs:\n\n  server closed the connection unexpectedly\n\tThis probably …"
    )
    assert "(server closed the connection unexpectedly)" in str(explained(error, []))


def test_a_broken_model_is_named_with_its_message() -> None:
    results = [
        result("model.paid_media.stg_ledger__deliveries", "success", "CREATE VIEW"),
        result("model.paid_media.daily_metrics", "error", 'Database Error\n  column "x" does not exist'),
        result("model.paid_media.weekly_summaries", "error", "Database Error"),
        result("test.paid_media.unique.0", "skipped", None),
    ]
    found = explained(ERROR, results)
    assert isinstance(found, PaidMediaError)
    assert str(found) == 'model daily_metrics and 1 more failed (Database Error column "x" does not exist)'


def test_what_keeps_a_build_from_publishing_is_told() -> None:
    said = (
        "paid_media.on-run-end.1 failed, error:\n an open transaction holds it (process 4711 of x)\n"
        "CONTEXT:  PL/pgSQL function access.expect_nobody(text) line 4 at RAISE"
    )
    found = explained(ERROR, [result("operation.paid_media.paid_media-on-run-end-1", "error", said)])
    assert isinstance(found, PaidMediaError)
    assert str(found) == "the build could not publish (an open transaction holds it (process 4711 of x))"


def test_failing_tests_are_left_to_their_checks() -> None:
    results = [result("test.paid_media.unique.0", "fail", "Got 1 result, configured to fail if != 0")]
    assert explained(ERROR, results) is ERROR
