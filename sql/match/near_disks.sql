-- New disks of virtual machines that NetBox may have under another name: a disk that nobody wrote but a person, of the
-- same size, or with the name in another case. Key: desired disk. ids: those disks. problem: NULL where a person has
-- said that it is a new one.
-- Only with rows of netbox.virtual_disks, desired.virtual_disks.
with held as (
    select v.key as virtual_machine, v.name as guest, d.id, d.name, d.size
    from netbox.virtual_disks d join match.live_virtual_machines v on v.netbox_id = d.virtual_machine_id
),
unknown as (
    from held
    where (virtual_machine, name) not in (select (virtual_machine, name) from desired.virtual_disks)
      and id not in (select netbox_id from ledger.created where object_type = 'virtualization/virtual-disks')
),
asked as (
    select w.key, list(u.id order by u.id) as ids, conflict('may_be_disk', {guest: any_value(u.guest),
        disks: list(u.name order by u.id)}) as cause
    from desired.virtual_disks w
    join unknown u on u.virtual_machine = w.virtual_machine and (u.size = w.size or lower(u.name) = lower(w.name))
    where w.problem is null and (w.virtual_machine, w.name) not in (select (virtual_machine, name) from held)
    group by w.key
)
select s.key, s.ids, if(a.answer is null, s.cause, null) as problem
from asked s
left join config.answers a on a.resource = 'virtual_disks' and a.key = s.key and a.question = question(s.cause)
    and a.answer = 'create'
