"""docker-compose.yml, without an engine: its schema, and what each service owes whoever runs it unattended."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.compose import PROFILES, compose, is_kept, services
from warehouse.postgres.server_rights import DAGSTER_NEEDS, LIMIT_LOGINS, WAREHOUSE_NEEDS
from warehouse.settings import PROJECT_ROOT, Settings

EVERY = compose()["services"]
IN_PRODUCTION = services("production")


def program(name: str) -> str:
    return str(Path(sys.executable).with_name(name))


def test_the_file_is_as_the_compose_specification_says() -> None:
    command = [program("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", "docker-compose.yml"]
    done = subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", EVERY)
def test_a_service_is_watched_limited_and_holds_no_right_that_it_needs_not(name: str) -> None:
    service = EVERY[name]
    assert "healthcheck" in service or not is_kept(service)
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}
    assert service["logging"]["options"] == {"max-size": "10m", "max-file": "5"}
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service.get("cap_add", []) == (["NET_BIND_SERVICE"] if name.startswith("proxy") else [])


@pytest.mark.parametrize("name", IN_PRODUCTION)
def test_no_service_of_production_is_root(name: str) -> None:
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", IN_PRODUCTION[name]["user"])


def test_every_image_from_elsewhere_has_an_exact_tag() -> None:
    images = [each["image"] for each in EVERY.values() if "build" not in each]
    images += re.findall(r"FROM (\S+)", EVERY["proxy"]["build"]["dockerfile_inline"])
    images += re.findall(r"^FROM (\S+)", (PROJECT_ROOT / "Dockerfile").read_text(), re.MULTILINE)
    for image in images:
        assert re.search(r":(\d+\.\d+(\.\d+)?-[a-z]+|\d+\.\d+\.\d+-[a-z-]+|RELEASE\.[\dTZ-]+)$", image), image
        assert not re.search(r":\d+(\.\d+)?-", image) or image.startswith("postgres:")  # which has no third number


def test_the_proxy_is_the_caddy_that_its_files_were_checked_with() -> None:
    version = subprocess.run([program("caddy"), "version"], capture_output=True, text=True, check=True).stdout
    assert f"caddy:{version.split()[0][1:]}-alpine" in EVERY["proxy"]["build"]["dockerfile_inline"]


def test_production_publishes_the_ports_of_the_proxy_only() -> None:
    published = {name: each["ports"] for name, each in IN_PRODUCTION.items() if "ports" in each}
    assert published == {"proxy": ["80:80", "443:443"]}


def test_development_publishes_on_this_machine_only() -> None:
    ports = [port for each in services("development").values() for port in each.get("ports", [])]
    assert ports
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


def test_the_database_is_reached_from_inside_only() -> None:
    assert compose()["networks"]["inside"] == {"internal": True}
    assert EVERY["postgres"]["networks"] == ["inside"]
    outsiders = [name for name, each in EVERY.items() if "inside" not in each["networks"]]
    assert sorted(outsiders) == ["bucket", "minio", "proxy", "proxy-development"]


@pytest.mark.parametrize("profile", PROFILES)
def test_what_a_service_waits_for_is_started_with_it(profile: str) -> None:
    started = services(profile)
    for each in started.values():
        for name, needed in each.get("depends_on", {}).items():
            kept = is_kept(started[name])
            assert needed == {"condition": "service_healthy" if kept else "service_completed_successfully"}


def test_every_variable_of_the_file_is_in_the_example() -> None:
    used = set(re.findall(r"\$\{([A-Z0-9_]+)", (PROJECT_ROOT / "docker-compose.yml").read_text()))
    named = set(re.findall(r"^#?([A-Z0-9_]+)=", (PROJECT_ROOT / ".env.example").read_text(), re.MULTILINE))
    assert used
    assert used <= named


def test_no_service_is_told_a_secret_but_the_name_of_its_file() -> None:
    for name, each in EVERY.items():
        for variable, value in (each.get("environment") or {}).items():
            path = str(value)
            if variable.endswith("_FILE"):
                assert path.removeprefix("/run/secrets/") in each["secrets"], f"{name}: {variable}"
                known = variable.removesuffix("_FILE").lower() in Settings.model_fields
                assert known or variable.startswith(("POSTGRES_", "MINIO_")), f"{name}: {variable}"
            else:
                assert not re.search("PASSWORD|SECRET|API_KEY|TOKEN", variable), f"{name}: {variable}"


def test_every_file_that_is_mounted_is_there() -> None:
    volumes = [volume for each in EVERY.values() for volume in each.get("volumes", [])]
    files = [volume.split(":")[0] for volume in volumes if volume.startswith("./")]
    assert files
    assert [file for file in files if not (PROJECT_ROOT / file).is_file()] == []
    assert {volume.split(":")[0] for volume in volumes if not volume.startswith("./")} == set(compose()["volumes"])


def test_the_secrets_are_made_once_and_never_changed(tmp_path: Path) -> None:
    (tmp_path / "deploy").mkdir()
    script = shutil.copy(PROJECT_ROOT / "deploy" / "make-secrets.sh", tmp_path / "deploy")
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "secret_key").write_text("the key of before")

    def made() -> dict[str, str]:
        subprocess.run([script], check=True)
        return {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}

    secrets = made()
    assert {f"./secrets/{name}" for name in secrets} == {each["file"] for each in compose()["secrets"].values()}
    assert secrets["secret_key"] == "the key of before"
    assert re.fullmatch(r"[A-Za-z0-9]{40}", secrets["database_password"])
    assert secrets["database_password"] != secrets["dagster_database_password"]
    assert made() == secrets
    assert (tmp_path / "secrets").stat().st_mode & 0o77 == 0


def test_the_doors_lead_to_services_of_their_profile() -> None:
    for profile, file in (("production", "Caddyfile"), ("development", "Caddyfile.development")):
        doors = re.findall(r"reverse_proxy (\w+):(\d+)", (PROJECT_ROOT / "deploy" / file).read_text())
        wanted = {("docs", "8080"), ("streamlit", "8501"), ("webserver", "3000")}
        assert set(doors) == wanted | ({("metrics", "9108")} if profile == "development" else set())
        for name, port in doors:
            service = services(profile)[name]
            assert port in words(service) or f":{port}/" in service["environment"]["HEALTH"]


def words(service: dict[str, Any]) -> str:
    return " ".join(service["command"])


def test_the_server_keeps_the_connections_that_the_product_and_dagster_need() -> None:
    assert f"reserved_connections={WAREHOUSE_NEEDS + DAGSTER_NEEDS}" in EVERY["postgres"]["command"]


def test_the_first_start_gives_the_rights_by_which_logins_are_limited() -> None:
    script = (PROJECT_ROOT / "deploy" / "first-start.sh").read_text()
    assert LIMIT_LOGINS.format(owner="paidmedia") + ";" in script
