-- The NetBox interface of each desired interface. Key: desired interface (device + name). same_values: all its values
-- are equal; see sql/match/interface_pairs.sql.
-- A view: it joins large tables of which each reader needs few columns or rows.
select key, device, name, mac, netbox_id, null::bigint as candidate_id, null::bigint[] as candidate_ids,
       null::varchar as problem, same_values, linked
from match.interface_pairs
where settled and netbox_id not in (select previous_id from match.interface_exceptions where previous_id is not null)
union all
select key, device, name, mac, netbox_id, candidate_id, candidate_ids, problem, false as same_values, false as linked
from match.interface_exceptions
