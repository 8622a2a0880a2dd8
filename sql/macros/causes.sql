-- Macros that make and read the cause of a row.

-- The cause of a row: one text with its code, its action and its parameters, which sql/causes.sql
-- lists and netbox_sync_dagster/compare/causes.py reads. Decided once: action_of() takes the action from it.
-- A parameter that holds such a text is called because.
create or replace macro cause_text(code, action) as '{"cause":"' || code || '","action":"' || action || '"}';
create or replace macro cause_with(code, action, subject) as
    '{"cause":"' || code || '","action":"' || action || '",' || substr(to_json(subject)::varchar, 2);
-- The row is shown and not written: something is missing, or two rows of the source cannot both be right.
create or replace macro blocked(code) as cause_text(code, 'blocked'),
    (code, subject) as cause_with(code, 'blocked', subject);
-- Several NetBox objects could be it, or NetBox and the source say what cannot both be kept.
create or replace macro conflict(code) as cause_text(code, 'conflict'),
    (code, subject) as cause_with(code, 'conflict', subject);
-- NetBox differs, and is not changed.
create or replace macro drifted(code) as cause_text(code, 'drifted'),
    (code, subject) as cause_with(code, 'drifted', subject);
-- Skipped in the comparison.
create or replace macro skipped(code) as cause_text(code, 'skipped'),
    (code, subject) as cause_with(code, 'skipped', subject);
-- A change, with its reason.
create or replace macro noted(code) as cause_text(code, 'noted'), (code, subject) as cause_with(code, 'noted', subject);
-- A part of another cause: a scope that could not be read, an object that a row may be.
create or replace macro because(code) as cause_text(code, 'because'),
    (code, subject) as cause_with(code, 'because', subject);
-- A text without a code blocks the row.
create or replace macro action_of(cause) as
    coalesce(nullif(regexp_extract(cause, '^\{"cause":"[a-z0-9_]+","action":"([a-z]+)"', 1), ''),
        if(cause is null, null, 'blocked'));
-- Whether NetBox has an object that people have switched off in the source. What the user's rules leave out is listed
-- as skipped, and what the source does not show at the moment in desired.incomplete_scopes.
create or replace macro is_dormant(netbox_id, inactive, cause) as
    netbox_id is not null and coalesce(inactive, false)
    and regexp_extract(coalesce(cause, ''), '^\{"cause":"([a-z_]+)"', 1) in ('device_disabled', 'device_ignored');
-- A cause as a parameter in long chains of causes: as JSON, without the escapes of a text.
create or replace macro nested(reason) as
    case when starts_with(reason, '{"cause":') and json_valid(reason) then reason::json else to_json(reason) end;
