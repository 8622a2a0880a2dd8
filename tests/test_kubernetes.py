"""deploy/kubernetes: manifests and values for Dagster's Helm chart, checked without a cluster."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from dagster import DagsterRun
from dagster._serdes import ConfigurableClassData
from kubernetes.client import ApiClient
from ruamel.yaml import YAML

from netbox_sync_dagster.config import load_config
from tests.kubernetes_schema import faults, faults_of
from tests.test_deploy import DEPLOY, ROOT, compose, guide

FOLDER = DEPLOY / "kubernetes"
MANIFESTS = (
    "namespace.yaml",
    "access.yaml",
    "code.yaml",
    "daemon.yaml",
    "web.yaml",
    "review.yaml",
    "dagster-ingress.yaml",
)
PROGRAMS = ("code", "daemon", "web", "review")
# Made by hand: docs/kubernetes.md.
SECRETS = {"netbox-sync-secrets", "netbox-sync-postgres", "netbox-sync-tls", "netbox-sync-dagster-tls"}


def read(file: str) -> Any:
    return YAML(typ="safe").load((FOLDER / file).read_text(encoding="utf-8"))


def manifests(*files: str) -> list[dict[str, Any]]:
    return [item for file in files for item in YAML(typ="safe").load_all((FOLDER / file).read_text("utf-8"))]


def pod(name: str) -> dict[str, Any]:
    """The pod of a program."""
    [deployment] = [item for item in manifests(f"{name}.yaml") if item["kind"] == "Deployment"]
    return deployment["spec"]["template"]["spec"]


def container(name: str) -> dict[str, Any]:
    [found] = pod(name)["containers"]
    return found


def instance() -> dict[str, Any]:
    return read("dagster.yaml")


def of_all(node: Any, key: str) -> list[Any]:
    """Every value under this key, at any depth."""
    if isinstance(node, dict):
        return [value for name, value in node.items() if name == key] + [
            found for value in node.values() for found in of_all(value, key)
        ]
    return [found for item in node for found in of_all(item, key)] if isinstance(node, list) else []


@pytest.mark.parametrize("file", MANIFESTS)
def test_kubernetes_takes_the_manifests(file: str) -> None:
    assert [fault for manifest in manifests(file) for fault in faults(manifest)] == []


def test_the_folder_has_no_other_manifests() -> None:
    others = {"kustomization.yaml", "dagster.yaml", "netbox_sync.yaml", "helm-values.yaml"}
    assert {file.name for file in FOLDER.glob("*.yaml")} == {*MANIFESTS, *others}
    # Dagster's page has no login, so it is not reachable unless someone decides so.
    assert set(read("kustomization.yaml")["resources"]) == set(MANIFESTS) - {"dagster-ingress.yaml"}


def test_mistakes_in_manifests_are_found() -> None:
    [deployment] = [item for item in manifests("web.yaml") if item["kind"] == "Deployment"]
    spec = deployment["spec"]["template"]["spec"]
    spec["containers"][0]["readynessProbe"] = {}
    spec["containers"][0]["ports"][0]["containerPort"] = "3000"
    spec["terminationGracePeriodSeconds"] = True
    del deployment["spec"]["selector"]
    assert faults(deployment) == [
        "Deployment.spec.template.spec.containers[0].ports[0].containerPort is not int",
        "Deployment.spec.template.spec.containers[0] has no readynessProbe",
        "Deployment.spec.template.spec.terminationGracePeriodSeconds is not int",
        "Deployment.spec: Invalid value for `selector`, must not be `None`",
    ]
    assert faults({"apiVersion": "extensions/v1beta1", "kind": "Ingress"}) == [
        "apiVersion extensions/v1beta1"
    ]


def test_pods_run_the_same_programs_as_compose() -> None:
    for name in PROGRAMS:
        there = shlex.split(compose()["services"][name]["command"])
        # The host of the review page is in the configuration.
        assert container(name)["args"] == [
            word for word in there if name != "review" or word not in ("--host", "0.0.0.0")
        ]
    assert read("netbox_sync.yaml")["web"]["host"] == "0.0.0.0"


@pytest.mark.parametrize("name", PROGRAMS)
def test_pods_have_probes_limits_and_no_rights(name: str) -> None:
    spec, only = pod(name), container(name)
    assert {"startupProbe", "livenessProbe"} <= set(only)
    assert ("readinessProbe" in only) == ("ports" in only)
    assert only["resources"]["limits"]["memory"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert only["securityContext"] == {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    # Only who starts runs may talk to the cluster.
    starts_runs = name in ("daemon", "web")
    assert spec.get("serviceAccountName") == ("netbox-sync-launcher" if starts_runs else None)
    assert spec.get("automountServiceAccountToken") is (None if starts_runs else False)


def test_tokens_are_only_where_they_are_needed() -> None:
    with_tokens = [
        name
        for name in PROGRAMS
        if {"secretRef": {"name": "netbox-sync-secrets"}} in container(name)["envFrom"]
    ]
    assert with_tokens == ["code", "review"]
    assert of_all([pod(name) for name in PROGRAMS], "env") == [
        [{"name": "DAGSTER_CURRENT_IMAGE", "value": "netbox-sync"}]
    ]


def test_everything_that_is_named_exists() -> None:
    everything = manifests(*MANIFESTS)
    kustomization = read("kustomization.yaml")
    config_maps = {item["name"] for item in kustomization["configMapGenerator"]}
    made = [
        item
        for generator in kustomization["configMapGenerator"]
        for item in generator.get("files", []) + generator.get("envs", [])
    ]
    assert all((FOLDER / name).is_file() for name in made)
    launcher = instance()["run_launcher"]["config"]
    named = {
        item["name"]
        for item in of_all([everything, launcher], "configMap") + of_all(everything, "configMapRef")
    }
    assert named | {launcher["instance_config_map"], *launcher["env_config_maps"]} == config_maps
    secrets = {item["name"] for item in of_all(everything, "secretRef")} | set(
        of_all(everything, "secretName")
    )
    assert secrets | set(launcher["env_secrets"]) == SECRETS
    accounts = {item["metadata"]["name"] for item in everything if item["kind"] == "ServiceAccount"}
    assert accounts == {"netbox-sync-launcher", launcher["service_account_name"]}
    assert launcher["job_namespace"] == kustomization["namespace"] == "netbox-sync"
    services = {item["metadata"]["name"]: item["spec"] for item in everything if item["kind"] == "Service"}
    for item in everything:
        if item["kind"] == "Ingress":
            [backend] = of_all(item, "service")
            assert backend["port"]["name"] in {port["name"] for port in services[backend["name"]]["ports"]}
    # What the image takes for the code server, and how the review page starts runs.
    assert "DAGSTER_CODE_HOST=code" in (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    assert services["code"]["ports"][0]["port"] == 4000
    assert (
        read("netbox_sync.yaml")["web"]["dagster_url"] == f"http://web:{services['web']['ports'][0]['port']}"
    )


def test_the_configuration_is_valid() -> None:
    config = load_config(FOLDER / "netbox_sync.yaml")
    assert [endpoint.name for endpoint in config.endpoints] == ["librenms", "pve-paris"]
    settings = dict(re.findall(r"^(\w+)=(.*)$", (FOLDER / "settings.env").read_text("utf-8"), re.MULTILINE))
    assert settings["NETBOX_SYNC_CACHE"] == "/data"
    assert settings["NETBOX_SYNC_HOME"].startswith("s3://")
    used = {
        item["env"]
        for item in instance()["storage"]["postgres"]["postgres_db"].values()
        if isinstance(item, dict)
    }
    assert used - set(settings) == {"DAGSTER_PG_PASSWORD"}


def test_dagsters_settings_are_those_of_the_repository() -> None:
    shipped = YAML(typ="safe").load((ROOT / "dagster.yaml").read_text(encoding="utf-8"))
    there = instance()
    assert {name: there.pop(name) for name in ("storage", "run_launcher")}.keys()
    assert there == shipped
    assert instance()["storage"] == guide("storage:")["storage"]


def job(launcher: dict[str, Any]) -> dict[str, Any]:
    """The Kubernetes job of a run, as Dagster's launcher makes it from its settings."""
    from dagster_k8s.container_context import K8sContainerContext
    from dagster_k8s.job import construct_dagster_k8s_job

    settings = YAML(typ="safe")
    text = Path(launcher["_file"])
    settings.dump(launcher["config"], text)
    data = ConfigurableClassData(launcher["module"], launcher["class"], text.read_text(encoding="utf-8"))
    with patch("kubernetes.config.load_incluster_config"):
        made = data.rehydrate(as_type=object)
    context = K8sContainerContext.create_for_run(
        DagsterRun(job_name="sync_group"), made, include_run_tags=True
    )
    config = context.get_k8s_job_config(job_image="netbox-sync", run_launcher=made)
    found = construct_dagster_k8s_job(
        config, ["dagster", "api", "execute_run"], "run", context.run_k8s_config
    )
    return ApiClient().sanitize_for_serialization(found)


def test_the_launcher_makes_jobs_that_kubernetes_takes(tmp_path: Path) -> None:
    made = job({**instance()["run_launcher"], "_file": str(tmp_path / "launcher.yaml")})
    assert faults(made) == []
    assert made["spec"]["ttlSecondsAfterFinished"] == 86400
    spec = made["spec"]["template"]["spec"]
    assert (spec["serviceAccountName"], spec["automountServiceAccountToken"]) == ("netbox-sync-runs", False)
    assert spec["securityContext"] == pod("code")["securityContext"]
    assert spec["terminationGracePeriodSeconds"] == 60
    [only] = spec["containers"]
    code = container("code")
    assert only["image"] == "netbox-sync"
    assert only["envFrom"] == code["envFrom"]
    assert only["securityContext"] == code["securityContext"]
    assert only["volumeMounts"] == code["volumeMounts"]
    assert spec["volumes"] == pod("code")["volumes"]


HELM_PARTS = {
    "volumes": "list[V1Volume]",
    "volumeMounts": "list[V1VolumeMount]",
    "envSecrets": "list[V1SecretEnvSource]",
    "envConfigMaps": "list[V1ConfigMapEnvSource]",
    "resources": "V1ResourceRequirements",
    "podSecurityContext": "V1PodSecurityContext",
    "securityContext": "V1SecurityContext",
    "podSpecConfig": "V1PodSpec",
    "jobSpecConfig": "V1JobSpec",
    "readinessProbe": "V1Probe",
}


def test_the_values_for_the_chart_have_parts_that_kubernetes_takes() -> None:
    values = read("helm-values.yaml")
    for key, kind in HELM_PARTS.items():
        # What is below podSpecConfig is checked with it.
        found = [part for part in of_all(values, key) if key != "securityContext" or "runAsUser" not in part]
        assert found, key
        for part in found:
            # Of the chart itself, beside the fields of a probe.
            plain = (
                {name: item for name, item in part.items() if name != "enabled"}
                if key == "readinessProbe"
                else part
            )
            assert [fault for fault in faults_of(plain, kind, key) if "must not be `None`" not in fault] == []


def test_the_values_for_the_chart_say_the_same_as_the_manifests() -> None:
    values, shipped = read("helm-values.yaml"), instance()
    [deployment] = values["dagster-user-deployments"]["deployments"]
    assert of_all(values, "image") == [deployment["image"]] * 3
    assert ["dagster", "code-server", "start", *deployment["codeServerArgs"]] == container("code")["args"][:5]
    # The chart's runs get Dagster's settings as an argument.
    for key in ("volumes", "volumeMounts"):
        there = pod("code")["volumes"] if key == "volumes" else container("code")["volumeMounts"]
        assert deployment[key] == [item for item in there if item["name"] != "dagster"]
    [run] = of_all(values, "podSpecConfig")
    assert run["securityContext"] == deployment["podSecurityContext"] == pod("code")["securityContext"]
    runs, pools = values["concurrency"]["runs"], values["concurrency"]["pools"]
    assert runs["maxConcurrentRuns"] == shipped["concurrency"]["runs"]["max_concurrent_runs"]
    assert runs["tagConcurrencyLimits"] == shipped["concurrency"]["runs"]["tag_concurrency_limits"]
    assert pools == {
        "granularity": shipped["concurrency"]["pools"]["granularity"],
        "defaultLimit": shipped["concurrency"]["pools"]["default_limit"],
    }
    assert values["additionalInstanceConfig"] == {"freshness": shipped["freshness"], "nux": shipped["nux"]}
    for kind in ("schedule", "sensor"):
        days = dict(values["retention"][kind]["purgeAfterDays"])
        assert days.pop("started") == -1
        assert days == shipped["retention"][kind]["purge_after_days"]
    daemon, retries = values["dagsterDaemon"], shipped["run_retries"]
    assert daemon["runRetries"] == {
        "enabled": True,
        "maxRetries": retries["max_retries"],
        "retryOnAssetOrOpFailure": retries["retry_on_asset_or_op_failure"],
    }
    assert (
        daemon["runMonitoring"]["startTimeoutSeconds"] == shipped["run_monitoring"]["start_timeout_seconds"]
    )
    assert values["ingress"]["enabled"] is False
    postgres = shipped["storage"]["postgres"]["postgres_db"]
    assert values["postgresql"]["postgresqlScheme"] == postgres["scheme"]
    assert values["postgresql"]["postgresqlDatabase"] == postgres["db_name"]


def test_kustomize_puts_one_image_everywhere() -> None:
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("kubectl is not installed")
    done = subprocess.run(
        [kubectl, "kustomize", str(FOLDER)], capture_output=True, text=True, timeout=60, check=True
    )
    made = list(YAML(typ="safe").load_all(done.stdout))
    assert [fault for manifest in made for fault in faults(manifest)] == []
    images = {*of_all(made, "image"), *(item["value"] for env in of_all(made, "env") for item in env)}
    assert images == {"registry.example.com/netbox-sync:0.1.0"}
