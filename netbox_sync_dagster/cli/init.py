"""``init``: the first configuration file, and Dagster's files beside it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Annotated

import typer

from netbox_sync_dagster.cli.console import write_data
from netbox_sync_dagster.cli.init_draft import Draft, given_endpoint
from netbox_sync_dagster.cli.init_questions import NETBOX, Dialogue
from netbox_sync_dagster.cli.session import CliError, Session, session_of
from netbox_sync_dagster.config.template import (
    DAGSTER_FILES,
    SCHEMA_FILE,
    dagster_file,
    json_schema,
    missing_ignores,
)
from netbox_sync_dagster.sources.registry import sources
from netbox_sync_dagster.storage.files import rewrite


def init(
    context: typer.Context,
    path: Annotated[
        Path | None, typer.Argument(help="The file to write; default: the file of --config.")
    ] = None,
    *,
    netbox_url: Annotated[str | None, typer.Option("--netbox-url", help="URL of NetBox.")] = None,
    netbox_token_env: Annotated[
        str | None,
        typer.Option("--netbox-token-env", help="Environment variable with NetBox's token."),
    ] = None,
    netbox_ca: Annotated[
        str | None,
        typer.Option("--netbox-ca", help="PEM file of the certificate authority of NetBox."),
    ] = None,
    endpoint: Annotated[
        list[str] | None,
        typer.Option(
            "--endpoint",
            metavar="KIND,SETTING=VALUE,...",
            help="An endpoint with its settings, e.g. librenms,url=https://librenms.example.com. Repeat it for more.",
        ),
    ] = None,
    no_input: Annotated[bool, typer.Option("--no-input", help="Ask nothing, on a terminal too.")] = False,
    try_servers: Annotated[
        bool,
        typer.Option(
            "--try", help="Send one request to each server of the options; write nothing if one fails."
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the configuration instead of writing files.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
    schema: Annotated[
        bool,
        typer.Option(
            "--schema", help=f"Only write {SCHEMA_FILE} again beside an existing file, e.g. after an upgrade."
        ),
    ] = False,
    example: Annotated[
        str | None,
        typer.Option("--example", help="Copy an example of a source beside the file, e.g. ansible-facts."),
    ] = None,
    custom_links: Annotated[
        bool,
        typer.Option(
            "--custom-links", help="Print NetBox custom links to the review page, and write nothing."
        ),
    ] = False,
) -> None:
    """Write a commented configuration to start from, with its JSON schema for editors, dagster.yaml, workspace.yaml and
    .gitignore beside it.

    On a terminal it asks for the servers and tries each with one request. Otherwise it takes them from the options;
    without --endpoint the file has an example of each kind. Existing files are kept: only the configuration and its
    schema are replaced with --force, and .gitignore gets the lines that it lacks.

    With --schema beside an existing configuration, only the schema is written; with --example only the example.
    """
    session = session_of(context)
    if custom_links:
        _print_custom_link(session)
        return
    file = path or session.config_path
    if file.is_dir():
        file = file / "netbox_sync.yaml"
    if example is not None:
        _copy_example(session, example, file.parent, force=force, dry_run=dry_run)
        return
    # The configuration names it in its first line.
    its_schema = {SCHEMA_FILE: json_schema().encode()}
    if file.exists() and not force and not dry_run:
        if not schema:
            raise CliError(f"{file} already exists; use --force to replace it")
        _write(session, file.parent, its_schema)
        return
    draft = _draft(file, netbox_url, netbox_token_env, netbox_ca, endpoint or [])
    dialogue = Dialogue(session, draft)
    if session.interactive and not no_input and not (netbox_url and endpoint):
        # Wrong options are errors at once: no answer could mend them.
        draft.config()
        dialogue.run(ask_netbox=netbox_url is None, ask_endpoints=not endpoint)
    if try_servers:
        _try_all(session, draft)
    # Wrong settings are errors before anything is written.
    missing = [name for name in draft.variables() if not os.environ.get(name) or name in dialogue.typed]
    text = draft.text()
    files = {file.name: text.encode(), **its_schema, **_beside(file.parent)}
    if dry_run:
        session.err.print(f"would write in {file.parent}: {', '.join(files)}", soft_wrap=True)
        write_data(session.out, text)
        return
    _write(session, file.parent, files)
    edit = None
    if draft.endpoints is None:
        edit = f"edit {file}"
    elif not draft.endpoints:
        edit = f"add an endpoint below `endpoints:` in {file}"
    _print_next(session, file, missing, edit)


def _draft(file: Path, url: str | None, token_env: str | None, ca: str | None, endpoints: list[str]) -> Draft:
    """What the options say. Raises CliError."""
    netbox = {question.setting: question.default for question in NETBOX if question.default}
    given = {"url": url, "token_env": token_env, "tls.ca": ca}
    draft = Draft(file, netbox | {name: value for name, value in given.items() if value})
    for text in endpoints:
        draft.add(*given_endpoint(text, draft.names()))
    return draft


def _try_all(session: Session, draft: Draft) -> None:
    """Try NetBox and every endpoint of the options. Raises UserError for the first that does not answer."""
    session.err.print(draft.try_netbox(), soft_wrap=True)
    for number in range(len(draft.endpoints or [])):
        session.err.print(draft.try_endpoint(number), soft_wrap=True)


def _beside(folder: Path) -> dict[str, bytes]:
    """The files that belong beside the configuration and are not there, or not complete."""
    files = {name: dagster_file(name).encode() for name in DAGSTER_FILES if not (folder / name).exists()}
    ignore = folder / ".gitignore"
    before = ignore.read_bytes() if ignore.exists() else b""
    more = missing_ignores(before)
    return files | ({".gitignore": before + more} if more else {})


def _write(session: Session, folder: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        # A link may lead to a file that does not exist yet.
        (folder / name).resolve().parent.mkdir(parents=True, exist_ok=True)
        rewrite(folder / name, content)
        session.out.print(f"wrote {folder / name}", soft_wrap=True)


def _print_next(session: Session, file: Path, missing: list[str], edit: str | None) -> None:
    session.out.print("next:")
    if edit:
        session.out.print(f"  {edit}", soft_wrap=True)
    if missing:
        session.out.print(f"  export {' '.join(f'{name}=...' for name in missing)}", soft_wrap=True)
    option = "" if file == Path("netbox_sync.yaml") else f"--config {file} "
    session.out.print(f"  netbox-sync {option}check", soft_wrap=True)


def _copy_example(session: Session, name: str, folder: Path, *, force: bool, dry_run: bool) -> None:
    """Copy the example into ``folder``. Raises CliError where there is none of that name, or its folder exists."""
    known = {key: path for source in sources().values() for key, path in source.examples().items()}
    if name not in known:
        raise CliError(f"no example '{name}'; there are: {', '.join(known)}")
    place = folder / name
    if place.exists() and not force:
        raise CliError(f"{place} already exists; use --force to replace its files")
    if dry_run:
        names = sorted(str(one.relative_to(known[name])) for one in known[name].rglob("*") if one.is_file())
        session.out.print(f"would write in {place}: {', '.join(names)}", soft_wrap=True)
        return
    shutil.copytree(known[name], place, dirs_exist_ok=True)
    session.out.print(f"wrote {place}; its README.md says how to use it")


def _print_custom_link(session: Session) -> None:
    """A custom link that NetBox shows on devices and virtual machines. Raises CliError without web.public_url."""
    address = session.config.web.link("object")
    if address is None:
        raise CliError(
            f"{session.config_path}: set web.public_url to the address of the review page; the links lead there"
        )
    session.out.print("In NetBox, under Customization > Custom Links, add:")
    for name, value in (
        ("Name", "netbox-sync"),
        ("Object types", "DCIM > Device, Virtualization > Virtual Machine"),
        ("Link text", "Review sync"),
        ("Link URL", f"{address}?name={{{{ object.name|urlencode }}}}"),
    ):
        session.out.print(f"  {name:12}  {value}", soft_wrap=True)
