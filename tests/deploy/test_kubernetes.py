"""deploy/kubernetes and the values of the Dagster chart: Kubernetes' own schemas, and what a pod owes its cluster."""

import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from dagster_k8s import K8sRunLauncher
from dagster_k8s.container_context import K8sContainerContext

from warehouse.settings import PROJECT_ROOT, Settings

FOLDER = PROJECT_ROOT / "deploy" / "kubernetes"
FILES = sorted(path for path in FOLDER.glob("*.yaml") if path.name != "kustomization.yaml")
VERSIONS = ("1.30", "1.34")  # the oldest and the newest that it was written for
VALUES: dict[str, Any] = yaml.safe_load((PROJECT_ROOT / "deploy" / "helm" / "dagster-values.yaml").read_text())


def resources(path: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(path.read_text()))


def every(kind: str) -> list[dict[str, Any]]:
    return [each for path in FILES for each in resources(path) if each["kind"] == kind]


PODS = {each["metadata"]["name"]: each["spec"]["template"]["spec"] for each in every("Deployment") + every("Job")}
CHART = {
    "webserver": VALUES["dagsterWebserver"],
    "daemon": VALUES["dagsterDaemon"],
    "code": VALUES["dagster-user-deployments"]["deployments"][0],
}


@pytest.mark.parametrize("release", VERSIONS)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_each_resource_is_as_kubernetes_wants_it(path: Path, release: str) -> None:
    for each in resources(path):
        kubernetes_validate.validate(each, release, strict=True)


def test_kustomize_takes_every_file_but_the_example() -> None:
    listed = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())["resources"]
    assert sorted(listed) == [path.name for path in FILES if path.name != "secrets.example.yaml"]


@pytest.mark.parametrize("name", PODS)
def test_a_pod_is_no_root_writes_nowhere_else_and_has_limits(name: str) -> None:
    pod = PODS[name]
    (container,) = pod["containers"]
    assert is_safe(pod["securityContext"], container["securityContext"])
    assert pod["automountServiceAccountToken"] is False
    assert set(container["resources"]["limits"]) == {"cpu", "memory"}
    assert {mount["mountPath"] for mount in container["volumeMounts"]} == {"/data", "/tmp", "/run/secrets"}
    probes = {probe for probe in container if probe.endswith("Probe")}
    assert probes == (set() if name == "migrate" else {"startupProbe", "readinessProbe", "livenessProbe"})


@pytest.mark.parametrize("name", CHART)
def test_a_pod_of_the_chart_is_the_same(name: str) -> None:
    values = CHART[name]
    assert is_safe(values["podSecurityContext"], values["securityContext"])
    assert set(values["resources"]["limits"]) == {"cpu", "memory"}
    assert {mount["mountPath"] for mount in values["volumeMounts"]} == {"/data", "/tmp", "/run/secrets"}
    assert re.fullmatch(r"\d+\.\d+\.\d+", values["image"]["tag"])


def is_safe(pod: dict[str, Any], container: dict[str, Any]) -> bool:
    """Whether it is no root, writes to its volumes only and can become nothing more."""
    return (
        pod["runAsNonRoot"]
        and pod["runAsUser"] == 10001
        and pod["seccompProfile"] == {"type": "RuntimeDefault"}
        and container
        == {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
    )


def test_the_image_has_one_exact_tag() -> None:
    (image,) = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())["images"]
    assert {pod["containers"][0]["image"] for pod in PODS.values()} == {image["name"]}
    tags = {f"{values['image']['repository']}:{values['image']['tag']}" for values in CHART.values()}
    assert tags == {f"{image['newName']}:{image['newTag']}"}


def test_every_setting_is_one_and_every_file_is_a_key_of_the_secret() -> None:
    (settings,) = every("ConfigMap")
    secret = next(each for each in every("Secret") if each["metadata"]["name"] == "paid-media")
    named = {value for name, value in settings["data"].items() if name.endswith("_FILE")}
    assert named == {f"/run/secrets/{key}" for key in secret["stringData"]}
    known = {name.upper() for name in Settings.model_fields} | {"HOME"}
    assert {name.removesuffix("_FILE") for name in settings["data"]} <= known


def test_a_service_leads_to_a_port_of_its_pods() -> None:
    for service in every("Service"):
        (container,) = PODS[service["metadata"]["name"]]["containers"]
        assert service["spec"]["selector"] == {"app.kubernetes.io/name": service["metadata"]["name"]}
        assert [port["name"] for port in container["ports"]] == [
            port["targetPort"] for port in service["spec"]["ports"]
        ]


def test_the_chart_sets_dagster_up_as_on_a_laptop() -> None:
    laptop = yaml.safe_load((PROJECT_ROOT / "dagster.yaml").read_text())
    daemon, monitoring = VALUES["dagsterDaemon"], dict(VALUES["dagsterDaemon"]["runMonitoring"])
    assert monitoring.pop("maxResumeRunAttempts") == 0
    assert snake(monitoring) == laptop["run_monitoring"]
    assert snake(daemon["runRetries"]) == laptop["run_retries"]
    assert daemon["runCoordinator"]["config"]["customRunCoordinator"] == laptop["run_coordinator"]
    assert VALUES["scheduler"]["config"]["customScheduler"] == laptop["scheduler"]
    concurrency = dict(VALUES["concurrency"])
    assert concurrency.pop("enabled")
    assert snake(concurrency) == laptop["concurrency"]
    retention = dict(VALUES["retention"])
    assert retention.pop("enabled")
    assert snake(retention) == laptop["retention"]
    assert VALUES["telemetry"] == laptop["telemetry"]


def snake(values: Any) -> Any:
    """The chart's names as Dagster's own."""
    if not isinstance(values, dict):
        return values
    return {re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", key): snake(value) for key, value in values.items()}


def test_the_chart_is_named_in_the_version_of_dagster_that_is_installed() -> None:
    text = (PROJECT_ROOT / "deploy" / "helm" / "dagster-values.yaml").read_text()
    assert re.findall(r"--version (\S+)", text) == [version("dagster")]


def test_the_run_launcher_takes_what_it_is_given() -> None:
    given = VALUES["runLauncher"]["config"]["k8sRunLauncher"]
    context = K8sContainerContext.create_from_config(
        {"k8s": {"resources": given["resources"], "run_k8s_config": snake_top(given["runK8sConfig"])}}
    )
    job = context.run_k8s_config.job_spec_config
    assert job["ttl_seconds_after_finished"] == 86400
    assert VALUES["runLauncher"]["type"] == K8sRunLauncher.__name__


def snake_top(values: dict[str, Any]) -> dict[str, Any]:
    return {re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", key): value for key, value in values.items()}
