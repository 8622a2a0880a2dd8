"""The configuration that ``init`` writes, with everything in it switched on, and its JSON schema."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from netbox_sync_dagster.config import ConfigError, load_config
from netbox_sync_dagster.config.template import json_schema, template
from netbox_sync_dagster.sources.docker.config import DockerEndpoint
from netbox_sync_dagster.sources.librenms.config import ImportFilter, LibreNMSEndpoint
from netbox_sync_dagster.sources.proxmox.config import ProxmoxEndpoint
from netbox_sync_dagster.sources.tables.config import TablesEndpoint


def _docker(settings: str) -> str:
    """A configuration with one Docker host; its settings are in line 3."""
    start = "netbox: {url: 'https://n.example.com'}\nendpoints:\n"
    return f"{start}  - {{name: d, kind: docker, {settings}}}\n"


def uncommented() -> str:
    """The template with every commented setting switched on, and the setting that it replaces off."""
    lines = []
    for line in template().splitlines():
        setting = re.match(r"^( *)# ((  )*(- )?[a-z{\[\"].*)$", line)
        is_setting = setting and re.match(r" *(- )?\{?[a-z_A-Z]+:( |$)", setting[2]) and "`" not in line
        lines.append(setting[1] + setting[2] if setting and is_setting else line)
    text = "\n".join(lines)
    return text.replace("    import_devices: none\n", "").replace("# precedence", "precedence")


def test_the_template_is_valid_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "netbox_sync.yaml"
    file.write_text(template(), encoding="utf-8")

    config = load_config(file)

    assert str(config.netbox.url) == "https://netbox.example.com/"
    assert [endpoint.interval for endpoint in config.endpoints] == [0, 0, 0, 0]


def test_every_commented_setting_of_the_template_is_valid_too(tmp_path: Path) -> None:
    file = tmp_path / "netbox_sync.yaml"
    for name in ("ca.pem", "cert.pem", "key.pem"):
        (tmp_path / name).touch()
    file.write_text(uncommented(), encoding="utf-8")

    config = load_config(file)

    docker, librenms, proxmox, machines = config.endpoints
    assert isinstance(librenms, LibreNMSEndpoint) and isinstance(proxmox, ProxmoxEndpoint)
    assert isinstance(docker, DockerEndpoint)
    assert config.netbox.tls.ca == tmp_path / "ca.pem"
    assert config.precedence == ["docker1", "machines"]
    assert isinstance(machines, TablesEndpoint)
    assert machines.sql == tmp_path / "machines"
    assert [one.name for one in machines.attach] == ["inventory", "netdisco"]
    assert config.owners == ["team:network"]
    assert librenms.defaults.site == "Paris"
    assert librenms.mappings.interface_types[0].speed == 1000000
    assert librenms.policies.auto_approve == ["interfaces.update.description"]
    assert not isinstance(librenms.import_devices, str)
    assert librenms.import_devices.hostname == [r".*\.example\.com"]
    assert proxmox.mappings.platforms == {"l26": "Linux"}
    assert proxmox.policies.missing_guests == "delete"
    assert docker.socket == "/var/run/docker.sock"
    assert docker.tls.cert == tmp_path / "cert.pem"
    assert (docker.cluster_name, docker.ignored_containers) == ("daemon", ["ci-.*"])


def test_the_template_speaks_of_everything_that_librenms_has(tmp_path: Path) -> None:
    file = tmp_path / "netbox_sync.yaml"
    for name in ("ca.pem", "cert.pem", "key.pem"):
        (tmp_path / name).touch()
    file.write_text(uncommented(), encoding="utf-8")
    librenms = load_config(file).endpoints[1]
    assert isinstance(librenms, LibreNMSEndpoint) and isinstance(librenms.import_devices, ImportFilter)
    of_its_own = set(LibreNMSEndpoint.model_fields) - set(ProxmoxEndpoint.model_fields)
    assert of_its_own - librenms.model_fields_set == set()
    for part in (librenms.mappings, librenms.import_devices):
        assert set(type(part).model_fields) - part.model_fields_set == set()


def test_the_template_speaks_of_everything_that_the_other_sources_have(tmp_path: Path) -> None:
    file = tmp_path / "netbox_sync.yaml"
    for name in ("ca.pem", "cert.pem", "key.pem"):
        (tmp_path / name).touch()
    file.write_text(uncommented(), encoding="utf-8")
    docker, _, proxmox, machines = load_config(file).endpoints
    assert isinstance(machines, TablesEndpoint)
    assert isinstance(proxmox, ProxmoxEndpoint) and isinstance(docker, DockerEndpoint)
    general = set(LibreNMSEndpoint.model_fields)
    # A password replaces the token that is there.
    assert set(ProxmoxEndpoint.model_fields) - general - proxmox.model_fields_set == {"password_env"}
    assert set(DockerEndpoint.model_fields) - general - docker.model_fields_set == set()
    assert set(TablesEndpoint.model_fields) - general - machines.model_fields_set == set()
    for part in (proxmox.mappings, docker.mappings):
        assert set(type(part).model_fields) - part.model_fields_set == set()


def test_the_schema_describes_the_fields_that_editors_complete() -> None:
    schema = json.loads(json_schema())

    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert list(schema["properties"]) == [
        "netbox",
        "endpoints",
        "notifications",
        "retention",
        "rules",
        "web",
        "hooks",
        "precedence",
        "field_precedence",
        "owners",
    ]
    librenms = schema["$defs"]["LibreNMSEndpoint"]["properties"]
    assert librenms["max_poll_age"]["description"].startswith("Seconds since the last poll ")
    assert schema["$defs"]["LibreNMSEndpoint"]["additionalProperties"] is False


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("netbox: [", "file.yaml:1: not valid YAML: "),
        ("- a\n", "file.yaml:1: expected a mapping with the keys netbox and endpoints"),
        ("endpoints: []\n", "file.yaml:1: netbox: is required"),
        (
            "netbox: {url: 'https://n.example.com'}\nprecedence: [nms]\n",
            "file.yaml:2: precedence: precedence names unknown endpoints: nms",
        ),
        (
            "netbox:\n  url: https://n.example.com\n  page_size: 5000\n",
            "file.yaml:3: netbox.page_size: Input should be less than or equal to 1000 (found: 5000)",
        ),
        (
            _docker("url: tcp://10.0.0.1:2375"),
            "file.yaml:3: endpoints.0.url: use http://10.0.0.1:2375, "
            "or https://10.0.0.1:2375 if the daemon requires TLS",
        ),
        (
            _docker("url: unix://docker.sock"),
            "file.yaml:3: endpoints.0.url: must be the address of a Docker daemon, "
            "which begins with unix:///, http:// or https://",
        ),
        (
            _docker("url: 'https://'"),
            "file.yaml:3: endpoints.0.url: must be the address of a Docker daemon, "
            "which begins with unix:///, http:// or https://",
        ),
        (
            _docker("url: https://d.example.com, tls: {cert: file.yaml}"),
            "file.yaml:3: endpoints.0.tls: cert and key belong together: give both",
        ),
        (
            _docker("url: https://d.example.com, tls: {cert: none.pem, key: file.yaml}"),
            "file.yaml:3: endpoints.0.tls.cert: no such file: ",
        ),
        (
            _docker("url: https://d.example.com, cluster_name: whale"),
            "file.yaml:3: endpoints.0.cluster_name: Input should be 'endpoint' or 'daemon' (found: 'whale')",
        ),
        (
            _docker("url: https://d.example.com, ignored_containers: ['[']"),
            "file.yaml:3: endpoints.0.ignored_containers: '[' is not a regular expression: ",
        ),
        (
            _docker("url: https://d.example.com, token_env: DOCKER_TOKEN"),
            "file.yaml:3: endpoints.0.token_env: unknown field; ",
        ),
        (
            _docker("url: https://d.example.com, intervall: 60"),
            "file.yaml:3: endpoints.0.intervall: unknown field; did you mean 'interval'?",
        ),
        # Sections of which nothing is left but the name.
        *(
            (
                f"netbox: {{url: 'https://n.example.com'}}\n{section}:\n",
                f"file.yaml:2: {section}: is empty; give it a value, or remove the line",
            )
            for section in (
                "endpoints",
                "notifications",
                "retention",
                "rules",
                "web",
                "hooks",
                "precedence",
                "owners",
            )
        ),
        *(
            (
                _docker(f"url: https://d.example.com, {section}: ~"),
                f"file.yaml:3: endpoints.0.{section}: is empty; give it a value, or remove the line",
            )
            for section in ("mappings", "defaults", "policies", "limits")
        ),
        (
            _docker("url: https://d.example.com, policies: {create: }"),
            "file.yaml:3: endpoints.0.policies.create: is empty; give it a value, or remove the line",
        ),
        (
            # A setting of other kinds.
            _docker("url: https://d.example.com, mappings: {sites: {a: b}}"),
            "file.yaml:3: endpoints.0.mappings.sites: unknown field; see the JSON schema",
        ),
        (
            _docker("url: https://d.example.com").replace("kind: docker", "kind: doker"),
            "file.yaml:3: endpoints.0: kind must be one of 'docker', 'librenms', 'proxmox', 'tables' (found: 'doker')",
        ),
        (
            "netbox: {url: 'https://n.example.com'}\nnotifications: [{name: chat}]\n",
            "file.yaml:2: notifications.0: kind is missing",
        ),
    ],
)
def test_an_error_names_file_line_and_field(tmp_path: Path, text: str, sentence: str) -> None:
    file = tmp_path / "file.yaml"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(ConfigError) as caught:
        load_config(file)

    assert len(caught.value.errors) == 1
    assert caught.value.errors[0].removeprefix(f"{tmp_path}/").startswith(sentence)


def test_a_certificate_that_is_gone_is_told_of_a_file_that_was_read_before(tmp_path: Path) -> None:
    file = tmp_path / "netbox_sync.yaml"
    (tmp_path / "ca.pem").touch()
    file.write_text(_docker("url: 'https://d.example.com', tls: {ca: ca.pem}"), encoding="utf-8")
    assert load_config(file).endpoints[0].tls.ca == tmp_path / "ca.pem"
    assert load_config(file).endpoints[0].tls.ca == tmp_path / "ca.pem"
    (tmp_path / "ca.pem").unlink()

    with pytest.raises(ConfigError, match=r"netbox_sync.yaml:3: endpoints.0.tls.ca: .*ca.pem"):
        load_config(file)
