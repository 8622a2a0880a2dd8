"""What ``init`` asks on a terminal. Every address is tried with one request before it is taken."""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from netbox_sync_dagster.cli.init_draft import Draft, Settings
from netbox_sync_dagster.cli.session import CliError, Session
from netbox_sync_dagster.config.errors import ConfigError
from netbox_sync_dagster.config.secrets import remember
from netbox_sync_dagster.config.template import default_name
from netbox_sync_dagster.errors import UserError
from netbox_sync_dagster.sources.questions import CA_FILE, Question
from netbox_sync_dagster.sources.registry import source_of, sources

NETBOX = (
    Question("url", "URL, e.g. https://netbox.example.com"),
    Question("token_env", "Environment variable with the API token", "NETBOX_TOKEN"),
)

# No answer has this character.
_CLOSED = "\x04"


class _NoSecret(Exception):
    """The person does not give the secret, so nothing is tried."""


@dataclass
class Dialogue:
    """Asks for what the options leave open, into the draft. Raises CliError where the terminal is closed.

    ``typed``: the variables whose secrets were typed; they are set in this process only.
    """

    session: Session
    draft: Draft
    typed: set[str] = field(default_factory=set)

    def run(self, *, ask_netbox: bool, ask_endpoints: bool) -> None:
        """Ask for NetBox and for endpoints."""
        self.session.out.print("Enter takes the value in brackets. Ctrl-C ends without writing anything.")
        if ask_netbox:
            self.session.out.print("The NetBox to keep in sync", style="bold")
            self._ask_until_good(self.draft.netbox, NETBOX, self.draft.try_netbox)
        if ask_endpoints:
            self.draft.endpoints = []
            while kind := self._kind():
                self._ask_endpoint(kind)
            if not self.draft.endpoints:
                self.session.out.print(
                    "  no source: netbox-sync sync needs one; add it to the file, or run this again",
                    style="yellow",
                    soft_wrap=True,
                )

    def _kind(self) -> str:
        """The kind of the next endpoint; empty where there is none."""
        what, end = ("Another source", "no more") if self.draft.endpoints else ("A source to read", "none")
        while True:
            answer = self._ask(f"{what} ({', '.join(sources())}; Enter: {end})", "").lower()
            if not answer or answer in sources():
                return answer
            self.session.out.print(f"  no such kind: {answer}", style="yellow")

    def _ask_endpoint(self, kind: str) -> None:
        source = source_of(kind)
        text = "Name of this endpoint (lower-case letters, digits, - and _)"
        name = Question("name", text, default_name(source, self.draft.names()))
        settings: Settings = {}
        self.draft.add(kind, settings)
        self._ask_until_good(settings, (name, *source.questions), lambda: self.draft.try_endpoint(-1))

    def _ask_until_good(
        self, settings: Settings, questions: tuple[Question, ...], tried: Callable[[], str]
    ) -> None:
        """Ask and try until the answers are right, or the person keeps them."""
        typed: set[str] = set()
        while True:
            before = dict(settings)
            self._ask_all(settings, questions)
            try:
                self.draft.config()
                typed = self._ask_secrets(settings, questions)
                self.session.out.print(f"  {tried()}", style="green", soft_wrap=True)
                return
            except _NoSecret:
                self.session.out.print("  not tried; netbox-sync check does it once the variable is set")
                return
            except ConfigError as error:
                self._print_refused(error.errors)
                _take_back(settings, before, error.errors)
            except UserError as error:
                self.session.out.print(f"  {error}", style="red", soft_wrap=True)
                if self._ask("Ask again, or keep these answers (a, k)?", "a").lower().startswith("k"):
                    return
                self._forget(typed)
                if "TLS" in str(error) and CA_FILE not in questions:
                    questions = (*questions, CA_FILE)

    def _ask_all(self, settings: Settings, questions: Iterable[Question]) -> None:
        for question in questions:
            default = settings.get(question.setting, question.default)
            while True:
                answer = self._ask(question.text, default)
                if self._accepts(settings, question.setting, answer) if answer else default is not None:
                    break

    def _accepts(self, settings: Settings, name: str, answer: str) -> bool:
        """Set the answer. False, with the reason, where the configuration refuses it: its question is asked again."""
        before = dict(settings)
        settings[name] = answer
        try:
            self.draft.config()
        except ConfigError as error:
            refused = [problem for problem in error.errors if f".{name}: " in problem]
            if refused:
                self._print_refused(refused)
                _take_back(settings, before, refused)
                return False
        return True

    def _print_refused(self, errors: Sequence[str]) -> None:
        for problem in errors:
            self.session.out.print(f"  {problem.split(': ', 1)[-1]}", style="red", soft_wrap=True)

    def _ask_secrets(self, settings: Settings, questions: Iterable[Question]) -> set[str]:
        """Ask for the secrets that the environment does not hold; the variables that were set. Raises _NoSecret."""
        typed = set()
        for variable in [settings[one.setting] for one in questions if one.names_secret]:
            if os.environ.get(variable):
                continue
            secret = getpass.getpass(
                f"{variable} is not set. Its value, to try it now; not stored (Enter: do not try): "
            ).strip()
            if not secret:
                raise _NoSecret
            remember(secret)
            os.environ[variable] = secret
            typed.add(variable)
        self.typed |= typed
        return typed

    def _forget(self, typed: set[str]) -> None:
        """Forget secrets that may be wrong, so that they are asked again."""
        for variable in typed:
            os.environ.pop(variable, None)

    def _ask(self, text: str, default: str | None) -> str:
        """The answer, or the default. Raises CliError where the terminal is closed."""
        shown = f" [{default}]" if default else ""
        answer = self.session.answer(f"{text}{shown}: ", closed=_CLOSED)
        if answer == _CLOSED:
            raise CliError("the terminal was closed; nothing was written")
        return answer or default or ""


def _take_back(settings: Settings, before: Settings, errors: Sequence[str]) -> None:
    """Restore the settings that the errors refuse, so that they are not offered again: one may be a secret. Where the errors
    name none of them, all new ones."""
    new = {name for name, value in settings.items() if before.get(name) != value}
    named = {name for name in new if any(f".{name}: " in error for error in errors)}
    for name in named or new:
        settings.pop(name)
        if name in before:
            settings[name] = before[name]
