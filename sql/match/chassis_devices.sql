-- Other NetBox devices that may have a device's interfaces: those of its stack and of NetBox's virtual chassis.
-- Key: device + NetBox device. Without those that match another device of the source.
-- Only with rows of match.devices WHERE netbox_id IS NOT NULL.
with families as (
    select d.key, coalesce(m.device, d.key) as stack
    from desired.devices d left join desired.stack_members m using (key)
),
anchors as (
    select f.key, f.stack, m.netbox_id from families f join match.devices m using (key) where m.netbox_id is not null
),
houses as (
    select stack, netbox_id as id from anchors
    union
    select a.stack, other.id
    from anchors a
    join netbox.devices d on d.id = a.netbox_id
    join netbox.devices other on other.virtual_chassis_id = d.virtual_chassis_id
)
select f.key, h.id as netbox_id, d.name
from houses h
join families f using (stack)
join match.devices m on m.key = f.key
join netbox.devices d on d.id = h.id
where h.id is distinct from m.netbox_id
  and h.id not in (select a.netbox_id from anchors a where a.stack <> h.stack)
