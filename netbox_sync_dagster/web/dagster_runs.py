"""Starts an apply as a Dagster run, and follows it: over the GraphQL API of Dagster's web server."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from typing import Any

from netbox_sync_dagster.apply import Verdict
from netbox_sync_dagster.config import Endpoint
from netbox_sync_dagster.config.servers import Server
from netbox_sync_dagster.errors import UserError
from netbox_sync_dagster.http import JsonClient, decode
from netbox_sync_dagster.server_errors import ServerError
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.ledger import applies_folder, ledger_files, read_lines

WHO = "dagster"
_FIELDS = tuple(Verdict.__dataclass_fields__)
_ENDED = ("SUCCESS", "FAILURE", "CANCELED")

_JOBS = """query { repositoriesOrError { __typename
  ... on RepositoryConnection { nodes { name location { name } jobs { name } } }
  ... on PythonError { message } } }"""
_LAUNCH = """mutation ($params: ExecutionParams!) { launchRun(executionParams: $params) { __typename
  ... on LaunchRunSuccess { run { runId } }
  ... on PythonError { message } ... on UnauthorizedError { message } ... on InvalidSubsetError { message }
  ... on PresetNotFoundError { message } ... on ConflictingExecutionParamsError { message }
  ... on RunConfigValidationInvalid { errors { message } } } }"""
_STATUS = "query ($id: ID!) { runOrError(runId: $id) { __typename ... on Run { status } } }"
_STOP = "mutation ($id: String!) { terminateRun(runId: $id) { __typename } }"


class DagsterError(UserError):
    """Dagster did not start the run; the sentence says why."""


class Dagster:
    """Dagster's web server at ``url``. Methods raise ServerError where it cannot be asked."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")

    def page(self, run_id: str) -> str:
        """The address of a run, for people."""
        return f"{self.url}/runs/{run_id}"

    def launch_apply(self, endpoint: Endpoint, change_ids: Collection[str], who: str) -> str:
        """Start the apply job of the endpoint for these approved changes; returns the run's id. Raises DagsterError."""
        job = f"apply_{endpoint.kind}"
        config = {"who": who, "only": sorted(change_ids)}
        params = {
            "selector": {**self._place_of(job), "pipelineName": job},
            "runConfigData": {"ops": {f"apply_{endpoint.kind}_changes": {"config": config}}},
            "executionMetadata": {
                "tags": [
                    {"key": "dagster/partition", "value": endpoint.name},
                    {"key": "netbox_sync/endpoint", "value": endpoint.name},
                ]
            },
            "mode": "default",
        }
        answer = self._ask(_LAUNCH, {"params": params})["launchRun"]
        if answer["__typename"] != "LaunchRunSuccess":
            why = answer.get("message") or "; ".join(item["message"] for item in answer.get("errors") or ())
            raise DagsterError(f"Dagster did not start the apply: {why or answer['__typename']}")
        return str(answer["run"]["runId"])

    def status(self, run_id: str) -> str:
        """``QUEUED``, ``STARTED``, ``SUCCESS``, ``FAILURE``, ...; empty if Dagster does not know the run."""
        return str(self._ask(_STATUS, {"id": run_id})["runOrError"].get("status") or "")

    def is_over(self, run_id: str) -> bool:
        """Whether the run has ended, or is no longer known."""
        return self.status(run_id) in (*_ENDED, "")

    def stop(self, run_id: str) -> None:
        """Ask Dagster to end the run."""
        self._ask(_STOP, {"id": run_id})

    def _place_of(self, job: str) -> dict[str, str]:
        """Where Dagster has the job. Raises DagsterError."""
        answer = self._ask(_JOBS, {})["repositoriesOrError"]
        for node in answer.get("nodes") or ():
            if any(item["name"] == job for item in node["jobs"]):
                return {
                    "repositoryLocationName": node["location"]["name"],
                    "repositoryName": node["name"],
                }
        raise DagsterError(f"the Dagster at {self.url} has no job {job}; check web.dagster_url")

    def _ask(self, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        server = Server.model_validate({"url": self.url})
        body = {"query": query, "variables": variables}
        client = JsonClient(WHO, server, base_url=self.url, concurrency=1, attempts=1, snapshot=False)
        with client as dagster:
            answer = decode(WHO, dagster.send("POST", "/graphql", attempts=1, json=body))
        errors = answer.get("errors") if isinstance(answer, dict) else None
        if errors or not isinstance(answer, dict) or not isinstance(answer.get("data"), dict):
            why = errors[0].get("message") if errors else "no data"
            raise ServerError(WHO, f"POST {self.url}/graphql answered: {why}")
        data: dict[str, Any] = answer["data"]
        return data


def verdicts_of_run(
    warehouse: Warehouse, endpoint: str, run_id: str
) -> tuple[str | None, list[Verdict], bool]:
    """(apply id, verdicts so far, whether it has ended) of the apply that a Dagster run has recorded."""
    for path in reversed(ledger_files(warehouse, applies_folder(warehouse, endpoint))):
        found: list[Verdict] = []
        apply_id: str | None = None
        ended = False
        with suppress(FileNotFoundError):
            for line in read_lines(path):
                if apply_id is None:
                    if (line.get("by") or {}).get("run") != run_id:
                        break
                    apply_id = str(line["apply_id"])
                elif line["kind"] == "verdict":
                    found.append(Verdict(**{name: line[name] for name in _FIELDS if name in line}))
                ended = ended or line["kind"] == "end"
        if apply_id is not None:
            return apply_id, found, ended
    return None, [], False
