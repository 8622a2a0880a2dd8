-- Snapshots, diffs and skipped objects of all kinds of endpoints. {home} is the warehouse directory.

create or replace view sync.snapshots as
select
    system, endpoint, snapshot_id, started, finished, source_version, complete, reasons, row_counts, shrunken,
    read, read_reason
from read_json(
    '{home}/snapshots/*/*/[0-9]*/manifest.json',
    format = 'unstructured',
    columns = {
        system: 'VARCHAR', endpoint: 'VARCHAR', snapshot_id: 'VARCHAR', started: 'TIMESTAMPTZ',
        finished: 'TIMESTAMPTZ', source_version: 'VARCHAR', complete: 'BOOLEAN', reasons: 'VARCHAR[]',
        row_counts: 'MAP(VARCHAR, BIGINT)', shrunken: 'MAP(VARCHAR, VARCHAR)',
        read: 'VARCHAR', read_reason: 'VARCHAR'
    }
);

create or replace view sync.diffs as
select
    endpoint, kind, diff_id, finished, source_snapshot, source_complete, target_snapshot, counts, existing, gates,
    carried_over_from, lapsed
from read_json(
    '{home}/diffs/*/[0-9]*/manifest.json',
    format = 'unstructured',
    columns = {
        endpoint: 'VARCHAR', kind: 'VARCHAR', diff_id: 'VARCHAR', finished: 'TIMESTAMPTZ',
        source_snapshot: 'VARCHAR', source_complete: 'BOOLEAN', target_snapshot: 'VARCHAR',
        counts: 'MAP(VARCHAR, MAP(VARCHAR, BIGINT))', existing: 'MAP(VARCHAR, BIGINT)', gates: 'VARCHAR[]',
        carried_over_from: 'VARCHAR', lapsed: 'VARCHAR[]'
    }
);

create or replace view sync.skipped as
select endpoint, resource, key, reason, cause, subject from desired.skipped
union all
select endpoint, resource, key, reason, cause, subject from desired.skipped_addresses;

create or replace view sync.shared_devices as
select
    netbox_id, any_value(name) as name, list(endpoint order by endpoint) as endpoints,
    list(key order by endpoint) as keys, list(source_id order by endpoint) as source_ids
from desired.matched_devices
group by netbox_id
having count(distinct endpoint) > 1;

-- Names of the previous version, until the next one.
create or replace view desired.unproven as from desired.incomplete_scopes;
create or replace view desired.left_out as from desired.skipped;
create or replace view desired.members as from desired.stack_members;
create or replace view desired.vrf_words as from desired.unresolved_vrfs;
create or replace view desired.wanted as 
select endpoint, owner_resource, owner_key, field, resource, mapped_name as mapped, source_name as own_word,
    default_name as fallback, create_name as new_name, manufacturer, required, hint as advice
from desired.references;
create or replace view sync.left_out as from sync.skipped;
