"""Credentials that are easy to find again, and pauses too short to wait for."""

from __future__ import annotations

import pytest

from netbox_sync_lab.certs import LabCertificates, make_certificates
from tests.hostile.clients import SECRETS


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> LabCertificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("netbox_sync_dagster.http._FIRST_PAUSE", 0.001)
    monkeypatch.setattr("netbox_sync_dagster.http._LONGEST_PAUSE", 0.01)
