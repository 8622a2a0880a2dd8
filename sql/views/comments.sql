-- Comments on the views, for DuckDB clients that show them. With units if the name does not imply them.

-- netbox: the current snapshot of the target.
comment on view netbox.status is 'Version and plugins of NetBox';
comment on view netbox.choices is 'Values that this NetBox accepts per model and field';
comment on view netbox.sites is 'Sites';
comment on view netbox.regions is 'Regions';
comment on view netbox.site_groups is 'Site groups';
comment on view netbox.locations is 'Locations within sites';
comment on view netbox.racks is 'Racks';
comment on view netbox.manufacturers is 'Manufacturers';
comment on view netbox.device_types is 'Device types';
comment on view netbox.device_roles is 'Device roles, also of virtual machines';
comment on view netbox.platforms is 'Platforms';
comment on view netbox.tags is 'Tags';
comment on view netbox.custom_fields is 'Custom fields';
comment on view netbox.tenants is 'Tenants';
comment on view netbox.vrfs is 'VRFs';
comment on view netbox.vlan_groups is 'VLAN groups with their scope';
comment on view netbox.cluster_types is 'Cluster types';
comment on view netbox.cluster_groups is 'Cluster groups';
comment on view netbox.clusters is 'Clusters';
comment on view netbox.virtual_chassis is 'Virtual chassis';
comment on view netbox.devices is 'Devices';
comment on column netbox.devices.cf is 'custom fields as JSON text';
comment on view netbox.virtual_machine_types is 'Virtual machine types (NetBox 4.6 and newer)';
comment on view netbox.contacts is 'Contacts; read only if a rule names contacts';
comment on view netbox.contact_roles is 'Contact roles; read only if a rule names contacts';
comment on view netbox.contact_assignments is 'Contacts of objects; read only if a rule names contacts';
comment on column netbox.contact_assignments.object_type is 'for example dcim.device';
comment on view netbox.virtual_machines is 'Virtual machines';
comment on column netbox.virtual_machines.memory is 'MB as NetBox shows it; this product writes MiB';
comment on column netbox.virtual_machines.disk is 'MB as NetBox shows it; this product writes MiB';
comment on column netbox.virtual_machines.cf is 'custom fields as JSON text';
comment on view netbox.interfaces is 'Interfaces of devices';
comment on column netbox.interfaces.speed is 'kbit/s';
comment on column netbox.interfaces.cf is 'custom fields as JSON text';
comment on view netbox.vm_interfaces is 'Interfaces of virtual machines';
comment on view netbox.mac_addresses is 'MAC address objects and what they are assigned to';
comment on view netbox.vlans is 'VLANs';
comment on view netbox.ip_addresses is 'IP addresses and what they are assigned to';
comment on column netbox.ip_addresses.host is 'canonical host address, without the prefix length';
comment on view netbox.virtual_disks is 'Virtual disks';
comment on column netbox.virtual_disks.size is 'MB as NetBox shows it; this product writes MiB';
comment on view netbox.proxbox_storages is 'Proxmox storages in the plugin netbox-proxbox';
comment on view netbox.proxbox_backups is 'Backups of guests in the plugin netbox-proxbox';
comment on view netbox.proxbox_snapshots is 'Snapshots of guests in the plugin netbox-proxbox';
comment on view netbox.proxbox_tasks is 'Tasks of guests in the plugin netbox-proxbox';
comment on view netbox.proxbox_replications is 'Replication jobs in the plugin netbox-proxbox';
comment on view netbox.cables is 'Cables between two ends';
comment on view netbox.dependents is
    'Dependents of objects that policies allow to delete: they would be deleted too, or lose the reference';
comment on view netbox.module_types is 'Module types';
comment on view netbox.module_bays is 'Module bays of devices';
comment on view netbox.modules is 'Modules in module bays';
comment on view netbox.scopes is 'Tables of NetBox that could not be read completely';
comment on view netbox.rejected is 'Rows from NetBox that could not be taken, with the reason';

-- diff: the current diff of every endpoint.
comment on view diff.changes is 'Current differences of all resources, one row per object';
comment on column diff.changes.change_id is
    'hash of the change''s content, what approvals name; empty: no change that can be approved';
comment on column diff.changes.field_needs is
    'JSON: fields of the update that NetBox accepts only together with others of it; they are approved together';
comment on column diff.changes.questions is
    'JSON with hashes of what the row and its fields ask, what answers (ledger.resolutions) name; NULL: nothing';
comment on column diff.changes.action is
    'create, update, delete: can be approved; conflict, blocked, drifted: see reason; acknowledged: a person leaves it';
comment on column diff.changes.parent is 'the device, virtual machine or cluster that the object belongs to';
comment on column diff.changes.target is 'the change that creates the object, where it does not exist yet';
comment on column diff.changes.last_updated is
    'of the NetBox object as compared; if it has another one by then, the change is not applied';
comment on column diff.changes.cause is 'code of the reason, see sync.causes';
comment on column diff.changes.subject is 'what the cause is about, as JSON';
comment on column diff.changes.fields is 'see diff.fields';
comment on column diff.changes.depends_on is 'change ids that have to be applied before';
comment on column diff.changes.first_diff is
    'the diff that had this row first, without interruption since; equal to diff_id: the row is new';
comment on column diff.changes.decision is
    'waiting, approved, approval expired, rejected, applied; NULL: no change that can be approved';
comment on column diff.changes.verdict is
    'of the last apply that took the change up, also before this diff: applied, stale, failed, blocked, uncertain; NULL: none';
comment on column diff.changes.decided_by is 'who approved or rejected the change';
comment on column diff.changes.expires is 'end of the approval';
comment on column diff.changes.first_seen is 'when first_diff was made';
comment on column diff.changes.link is
    'page of the object in NetBox; NULL: it does not exist yet, or belongs to a plugin';
comment on view diff.parts is 'diff.changes with the object to which each row belongs: the port of a MAC address';
comment on column diff.parts.object is
    'name of the object: the row''s own key, or that of its port, device or guest; two objects can share a name';
comment on column diff.parts.object_id is 'id of the object in NetBox; NULL: the diff creates it';
comment on column diff.parts.own is 'the row is about the object itself; false: about what is attached to it';
comment on view diff.objects is 'Changes of the current diffs, one row per object with what is attached to it';
comment on column diff.objects.netbox_id is 'id of the object in NetBox; NULL: it is created';
comment on column diff.objects.differs is 'fields of an update, without the ids by which sources know the object';
comment on column diff.objects.attached is 'MAC addresses, IP addresses and others that it gets or loses';
comment on column diff.objects.decisions is 'number of changes by decision';
comment on view diff.summary is 'Objects of the current diffs that change alike, one row with their number';
comment on column diff.summary.fields is
    'fields that all of them get, with the number of different values, and one of them';
comment on column diff.summary.example is 'key of one of the objects';
comment on column diff.summary.example_id is 'its id in NetBox; NULL: it is created';
comment on column diff.summary.parents is 'number of objects by device, guest or cluster';
comment on column diff.summary.with_attached is 'number of objects that get or lose something, by its resource';
comment on view diff.fields is 'Current differences, one row per object and field';
comment on column diff.fields.before is 'NetBox''s value';
comment on column diff.fields.after is 'the endpoint''s value';
comment on column diff.fields.decision is 'update: written when applied; drifted, conflict: not written, see reason';

-- sync: the status of syncs.
comment on view sync.status is 'One row per endpoint and for NetBox: last reads, completeness, what waits';
comment on column sync.status.state is
    'the first that holds: not configured, disabled, unreachable, error (see error), never synced, running, stale, changes waiting (to be decided on), changes approved (and not applied), questions (rows that ask something), in sync; NetBox: ok';
comment on column sync.status.every is 'seconds from sync to sync, by interval or schedule; 0: by hand only';
comment on column sync.status.seconds is 'the last sync, from the start of the read to the end of the comparison';
comment on column sync.status.failures is 'failed tries since the last good sync';
comment on column sync.status.deletes is 'of the waiting changes, the deletes';
comment on column sync.status.rows is 'rows in the current snapshot';
comment on column sync.status.gates is 'why nothing of the current diff can be approved';
comment on column sync.status.shows_only is
    'the only device, guest or container that the current diff shows, and how old the rest is; null: it shows everything';
comment on column sync.status.waiting is 'changes that nobody decided on, or whose approval has expired';
comment on column sync.status.questions is 'rows that ask something: conflicts, blocked and drifted rows';
comment on column sync.status.approved is 'changes that are approved and not applied yet';
comment on column sync.status.applied is 'changes of the current diff that were applied since';
comment on view sync.snapshots is 'Every kept snapshot: completeness, reasons, row counts; read, read_reason: whether the server was read completely, and why';
comment on view sync.diffs is
    'Every kept diff: its snapshots, counts, what blocks its approval, and the diff whose rows it carried over because nothing had changed for the endpoint';
comment on column sync.diffs.lapsed is
    'ids of the answers (ledger.resolutions) to questions that this diff asks otherwise';
comment on view sync.facts is 'What the status is computed from';
comment on view sync.comparisons is 'Every attempt to compare an endpoint with NetBox, failed ones included';
comment on column sync.comparisons.who is 'who started the sync, as in sync.attempts';
comment on column sync.comparisons.part is
    'the only device, guest or container that was read before; null: everything; empty: nothing was read';
comment on view sync.running is 'Endpoints that a process is syncing at this moment, and who';
comment on view sync.attempts is 'Every attempt to read an endpoint or NetBox, failed ones included';
comment on column sync.attempts.who is
    'who started the sync: a person with the interface, a run of Dagster, or netbox-sync hook';
comment on column sync.attempts.part is 'the only device, guest or container that was read; null: everything';
comment on view sync.plans is 'The current diffs: when they were made, and when NetBox was read for them';
comment on view sync.change_states is 'How far every row of the current diffs is: waiting, approved, rejected, applied';
comment on view sync.last_verdicts is
    'The last verdict on each change, and the number of its last apply in the sequence';
comment on view sync.applied_since is 'Changes that were applied since NetBox was read for the current diff';
comment on view sync.decisions is 'The valid decision of each change: approved, expired, rejected';
comment on view sync.parts is
    'Decisions on some fields of an update: approved, approval expired, rejected, applied';
comment on column sync.parts.part_of is 'change id of the whole update';
comment on column sync.parts.change_id is 'change id of the part';
comment on view sync.scopes is 'Parts of the current snapshots that could not be read completely';
comment on view sync.rejected is 'Rows of the current snapshots that could not be taken, with the reason';
comment on view sync.shared_devices is 'NetBox devices that more than one endpoint shows, by what each calls it';
comment on view sync.skipped is 'What the comparison leaves out, with the reason';
comment on column sync.skipped.cause is 'code of the reason, see sync.causes';
comment on view sync.causes is 'Every cause: code, action, sentence, what helps, how it may be answered';
comment on view diff.causes is 'Open questions of the current diffs: rows that the same answer settles, counted';
comment on column diff.causes.missing is 'what the cause is about: a word and its section, a name, an endpoint';
comment on column diff.causes.example is 'key of one of the rows, and its reason';

-- ledger: decisions and applies.
comment on view ledger.approvals is 'Every decision, one row per change';
comment on column ledger.approvals.part_of is 'of a decision on some fields of an update: the change id of the whole';
comment on column ledger.approvals.fields is 'these fields; NULL: the whole change';
comment on column ledger.approvals.netbox is
    'URL of the NetBox with which the diff was made: the decision counts there only';
comment on view ledger.verdicts is 'The result of every change that an apply took up';
comment on view ledger.resolutions is 'What people have answered to questions, one row per answered row, field or name';
comment on column ledger.resolutions.always is
    'true: NetBox''s value is kept from now on, whatever the source says; a keep without it counts until the row changes';
comment on view ledger.applies is 'Every apply with its counts';
comment on view ledger.operations is 'Every change applied or refused, one row per field';
comment on view ledger.last_written is 'The value that this product wrote last, per object and field';
comment on column ledger.last_written.restored is
    'true: an undo brought back a value that this product had not written';
comment on view ledger.created is 'Objects that this product created';
comment on view ledger.deleted is 'Objects that this product deleted';
comment on view ledger.made_again is 'Objects that an undo created again, with the ids that they had before';
comment on view ledger.applied is 'Changes that applies carried out';
comment on view ledger.writes is 'Fields that applied changes set, one row per object, field and change';
comment on view ledger.tag_lists is 'Lists of tags before and after each change of them';
comment on view ledger.journal is 'Journal entries that applies wrote into NetBox, with their ids there';
comment on view ledger.object_changes is 'The entries of NetBox''s own changelog that belong to applied changes';

-- Names of the previous version.
comment on view desired.unproven is 'Old name of desired.incomplete_scopes, until the next minor version';
comment on view desired.left_out is 'Old name of desired.skipped, until the next minor version';
comment on view desired.members is 'Old name of desired.stack_members, until the next minor version';
comment on view desired.vrf_words is 'Old name of desired.unresolved_vrfs, until the next minor version';
comment on view desired.wanted is 'Old name of desired.references, until the next minor version';
comment on view sync.left_out is 'Old name of sync.skipped, until the next minor version';
