"""The REST API: lists, objects, bulk operations, and the small endpoints around them."""

from __future__ import annotations

import platform
import re
from collections.abc import Callable
from typing import Any

from . import filters, options
from .auth import ACTIONS, Denied, Token
from .bulk import Bulk, BulkByObject
from .models_users import V2_SINCE
from .paging import MAX_PAGE_SIZE, Pages
from .registry import endpoints, parse_version
from .render import Renderer
from .schema import Field, Model, Row, ValidationFailed
from .session import Protected, Session
from .store import IntegrityError, Store
from .system import SystemApi
from .users import PROVISION, provision
from .wire import Answer, Refusal, Request, body_of, not_found_page, under_one_key
from .write import Checked, Crash, check, store_checked

FORBIDDEN = {"detail": "You do not have permission to perform this action."}
_ABSENT_WITHOUT_CONFIG = {"config_context"}


class RestApi:
    """Answers requests below ``/api/``. One instance per server; stateless between requests."""

    def __init__(self, store: Store, version: str, plugins: dict[str, str], *, peppers: bool = True) -> None:
        self.store = store
        self.version_text = version
        self.version = parse_version(version)
        self.endpoints = endpoints(self.version, plugins)
        self.system = SystemApi(store, version, plugins, list(self.endpoints))
        self.peppers = peppers
        self.max_page_size = MAX_PAGE_SIZE

    # Routing

    def answer(self, request: Request, authenticate: Callable[[], Token], request_id: str) -> Answer:
        answer = self._answer(request, authenticate, request_id)
        if answer.status >= 400 and self.version >= (4, 7):
            answer.body = under_one_key(answer.body)
        return answer

    def _answer(self, request: Request, authenticate: Callable[[], Token], request_id: str) -> Answer:
        parts = [p for p in request.path.removeprefix("/api").split("/") if p]
        if parts == PROVISION and request.path.endswith("/"):
            return provision(self.store, self.version, request, authenticate, peppers=self.peppers)
        # A plugin's models stand one step deeper: plugins/<plugin>/<model>.
        depth = 3 if parts[:1] == ["plugins"] else 2
        model = self.endpoints.get("/".join(parts[:depth]))
        if (model is None or len(parts) > depth + 1) and not self.system.knows(parts):
            return not_found_page(self.version_text)
        if not request.path.endswith("/"):
            if request.method not in ("GET", "HEAD"):
                return not_found_page(self.version_text)
            location = request.path + "/" + (f"?{request.query_string}" if request.query_string else "")
            return Answer(301, "", {"Location": location}, content_type="text/html; charset=utf-8")
        try:
            token = authenticate()
        except Denied as denied:
            return Answer(403, {"detail": str(denied)})
        if model is not None:
            return self._model(request, model, parts[depth:], token, request_id)
        return self.system.answer(request, parts, token)

    # One model

    def _model(
        self, request: Request, model: Model, rest: list[str], token: Token, request_id: str
    ) -> Answer:
        methods = (
            ["GET", "HEAD", "OPTIONS"]
            if model.read_only
            else ["GET", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
        )
        if not rest and not model.read_only:
            methods.insert(1, "POST")
        allow = {"Allow": ", ".join(methods)}
        session = Session(
            self.store,
            token.user,
            request_id,
            version=self.version,
            may_view=lambda label, row: token.sees(self.store, label, row),
            may=token.allows,
        )
        self.store.begin()
        try:
            if request.method not in methods:
                raise Refusal(405, {"detail": f'Method "{request.method}" not allowed.'})
            self._authorize(request, model, token)
            handler = Handler(
                self, session, request, model, Renderer(self.store, request.base, self.version), token
            )
            answer = handler.one(rest[0]) if rest else handler.many()
        except Refusal as refusal:
            answer = refusal.answer
        except ValidationFailed as failed:
            answer = Answer(400, failed.detail)
        except Protected as protected:
            answer = Answer(409, {"detail": str(protected)})
        except filters.Unsupported as unsupported:
            answer = Answer(501, {"detail": str(unsupported)})
        except (IntegrityError, Crash) as error:
            answer = Answer(500, self._crash(error))
        if answer.status >= 400:
            self.store.rollback()
        answer.headers = {**allow, **answer.headers}
        return answer

    def _crash(self, error: Exception) -> dict[str, str]:
        return {
            "error": str(error),
            "exception": error.name if isinstance(error, Crash) else type(error).__name__,
            "netbox_version": self.version_text,
            "python_version": platform.python_version(),
        }

    @staticmethod
    def _authorize(request: Request, model: Model, token: Token) -> None:
        action = ACTIONS.get(request.method)
        if action is None:
            return
        if (action != "view" and not token.write_enabled) or not token.allows(model.label, action):
            raise Refusal(403, FORBIDDEN)


class Handler:
    """One request to one model's endpoint."""

    def __init__(
        self, api: RestApi, session: Session, request: Request, model: Model, renderer: Renderer, token: Token
    ) -> None:
        self.api = api
        self.session = session
        self.request = request
        self.model = model
        self.renderer = renderer
        self.token = token
        self.store = api.store
        self.bulk = BulkByObject(self) if api.version >= (4, 7) else Bulk(self)

    # Reading

    def plan(self) -> list[tuple[str, Callable[[Row], Any]]]:
        """Which fields the request asked for: ``fields``, ``omit`` or ``brief``, in that precedence."""
        request, model = self.request, self.model
        if names := request.param("fields"):
            return self.renderer.plan(model, set(names.split(",")))
        if (names := request.param("omit")) and self.api.version >= (4, 5):
            return self.renderer.plan(model, None, set(names.split(",")))
        if request.method == "GET" and request.param("brief") and model.brief:
            return self.renderer.plan(model, set(model.brief))
        if request.param("exclude") == "config_context" and self.api.version < (4, 7):
            return self.renderer.plan(model, None, _ABSENT_WITHOUT_CONFIG)
        return self.renderer.plan(model)

    def permits(self, row: Row) -> bool:
        """Whether the user's constraints for what the request does let this object through."""
        return self.token.sees(self.store, self.model.label, row, ACTIONS[self.request.method])

    def get(self, pk: str) -> Row:
        if not re.fullmatch(r"\d+", pk):
            raise Refusal(404, {"detail": "Not found."})
        row = self.store.get(self.model.label, int(pk))
        if row is None or not self.permits(row):
            raise Refusal(404, {"detail": f"No {self._class_name()} matches the given query."})
        return row

    def _class_name(self) -> str:
        return CLASS_NAMES.get(self.model.label, self.model.title.replace(" ", ""))

    def etag(self, row: Row) -> dict[str, str]:
        columns = self.model.stamps
        stamp = next((row[c] for c in columns if row[c] is not None), None)
        if self.api.version < (4, 6) or stamp is None:
            return {}
        return {"ETag": f'W/"{stamp.isoformat()}"'}

    def check_etag(self, row: Row) -> None:
        header = self.request.headers.get("if-match")
        if not header or header == "*":
            return
        current = self.etag(row)
        if current and current["ETag"] not in [tag.strip() for tag in header.split(",")]:
            raise Refusal(412, {"detail": "Precondition failed."}, **current)

    def described(self, *, detail: bool = False) -> Row:
        fields = self.renderer.fields(self.model)
        return options.describe(
            self.store, self.model, fields, self.token, version=self.api.version, detail=detail
        )

    def one(self, pk: str) -> Answer:
        method = self.request.method
        if method == "OPTIONS":
            return Answer(200, self.described(detail=True))
        row = self.get(pk)
        if method in ("GET", "HEAD"):
            return Answer(200, self.renderer.apply(self.plan(), row), self.etag(row))
        self.check_etag(row)
        if method == "DELETE":
            self.session.delete(self.model.label, row["id"], self.delete_message(self.json()))
            return Answer(204)
        body = self.json()
        if isinstance(body, list):
            raise Crash(
                "NotImplementedError", "Serializers with many=True do not support multiple update by default."
            )
        saved = self.permitted(self.save(self.check(body, row, partial=method == "PATCH")))
        return Answer(200, self.renderer.apply(self.plan(), saved), self.etag(saved))

    def many(self) -> Answer:
        match self.request.method:
            case "OPTIONS":
                return Answer(200, self.described())
            case "GET" | "HEAD":
                return self.listing()
            case "POST":
                return self.create()
            case "DELETE":
                return self.bulk.delete(self.json())
            case method:
                return self.bulk.update(self.json(), partial=method == "PATCH")

    def listing(self) -> Answer:
        known = {f.name for f in self.renderer.fields(self.model)}
        pages = Pages(self.request, keyset=self.api.version >= (4, 6), most=self.api.max_page_size)
        ordering = ("id",) if pages.start is not None else pages.ordering(known) or self.model.ordering
        rows = self.store.ordered(self.model.label, ordering)
        if self.token.limited(self.model.label):
            rows = [row for row in rows if self.permits(row)]
        rows = filters.select(self.store, self.model, self.request.query, rows)
        plan = self.plan()
        return pages.answer(rows, lambda row: self.renderer.apply(plan, row))

    # Writing

    def json(self) -> Any:
        return body_of(self.request)

    def delete_message(self, body: Any) -> str:
        return str(body.get("changelog_message") or "") if isinstance(body, dict) else ""

    def writable(self) -> tuple[Field, ...]:
        return self.renderer.fields(self.model)

    def check(self, body: Any, old: Row | None, *, partial: bool = False) -> Checked:
        return check(
            self.session,
            self.model,
            self.writable(),
            body,
            old,
            partial=partial,
            tag_changes=self.api.version >= (4, 6) and "tags" in self.model.by_name,
        )

    def save(self, checked: Checked) -> Row:
        return store_checked(self.session, self.model, checked)

    def permitted(self, row: Row) -> Row:
        """A saved row that fits the constraints. Raises Refusal for one that does not, as NetBox does after saving."""
        if not self.permits(row):
            raise Refusal(403, FORBIDDEN)
        return row

    def create(self) -> Answer:
        body = self.json()
        if isinstance(body, list):
            return self.bulk.create(body)
        row = self.permitted(self.save(self.check(body, None)))
        shown = self.renderer.apply(self.plan(), row)
        if self.session.plaintext is not None:
            name = "token" if self.api.version >= V2_SINCE else "key"
            if name in shown:
                shown[name] = self.session.plaintext
        return Answer(201, shown, self.etag(row))


CLASS_NAMES = {
    "dcim.modulebaytype": "ModuleBayType",
    "dcim.sitegroup": "SiteGroup",
    "dcim.devicetype": "DeviceType",
    "dcim.devicerole": "DeviceRole",
    "dcim.virtualchassis": "VirtualChassis",
    "dcim.moduletype": "ModuleType",
    "dcim.modulebay": "ModuleBay",
    "dcim.macaddress": "MACAddress",
    "ipam.routetarget": "RouteTarget",
    "ipam.vlangroup": "VLANGroup",
    "ipam.ipaddress": "IPAddress",
    "tenancy.tenantgroup": "TenantGroup",
    "extras.customfield": "CustomField",
    "extras.customfieldchoiceset": "CustomFieldChoiceSet",
    "extras.journalentry": "JournalEntry",
    "core.objectchange": "ObjectChange",
    "virtualization.clustertype": "ClusterType",
    "virtualization.clustergroup": "ClusterGroup",
    "virtualization.virtualmachinetype": "VirtualMachineType",
    "virtualization.virtualmachine": "VirtualMachine",
    "virtualization.vminterface": "VMInterface",
    "virtualization.virtualdisk": "VirtualDisk",
}
