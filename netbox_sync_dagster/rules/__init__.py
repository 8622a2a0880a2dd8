"""The user's rules: SQL that adds values to what a source shows, or leaves objects out. See docs/rules.md."""

from netbox_sync_dagster.rules.fields import FIELDS, SKIPPABLE
from netbox_sync_dagster.rules.files import Rule, RuleError, rules_of
from netbox_sync_dagster.rules.sandbox import Sandbox

__all__ = ["FIELDS", "SKIPPABLE", "Rule", "RuleError", "Sandbox", "rules_of"]
