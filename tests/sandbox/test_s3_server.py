"""The S3 stand-in: its own world, its own keys, settable times."""

from datetime import UTC, date, datetime

import httpx
import pytest

from sandbox import s3
from sandbox.plan import MediaPlan
from sandbox.surfside import write_world


def test_an_object_appears_when_surfside_would_have_delivered_it() -> None:
    plan = MediaPlan.generate(clients=1, days=4, last_day=date(2025, 6, 27))
    with s3.s3_server() as endpoint:
        client = s3.s3_client(endpoint)
        keys = write_world(plan, client, "reports")
        found = client.head_object(Bucket="reports", Key=keys[0])
        assert keys[0].startswith(f"harbor-pine/media-report-{plan.first_day}.")
        assert found["LastModified"] == datetime(2025, 6, 25, 4, 30, tzinfo=UTC)
        assert write_world(plan, client, "reports") == keys  # the bucket may exist


def test_another_access_key_than_the_server_knows_is_refused() -> None:
    with s3.s3_server(access_key="known") as endpoint:
        s3.s3_client(endpoint, "known").create_bucket(Bucket="reports")
        answer = httpx.get(f"{endpoint}/reports", headers={"Authorization": "AWS4-HMAC-SHA256 Credential=other/x"})
        assert answer.status_code == 403
        assert "InvalidAccessKeyId" in answer.text


def test_two_s3_servers_of_one_process_share_nothing() -> None:
    with s3.s3_server() as first, s3.s3_server() as second:
        for endpoint in (first, second):
            s3.s3_client(endpoint).create_bucket(Bucket="reports")
        s3.put_object(s3.s3_client(first), "reports", "a.csv", b"x")
        assert s3.s3_client(second).list_objects_v2(Bucket="reports")["KeyCount"] == 0
        with s3.s3_server() as third:
            s3.s3_client(third).create_bucket(Bucket="reports")
        assert s3.s3_client(first).get_object(Bucket="reports", Key="a.csv")["Body"].read() == b"x"


def test_times_of_a_foreign_endpoint_cannot_be_set() -> None:
    with pytest.raises(LookupError, match="no S3 server of this process"):
        s3.set_last_modified(s3.s3_client("http://127.0.0.1:9"), "reports", "a.csv", datetime.now(UTC))
