-- Every guest that Proxmox lists, templates included: what is not here may be gone. Key: the vmid.
select distinct vmid::varchar as source_id from proxmox.guests
union
-- A row that could not be read was listed all the same.
select row_key from proxmox.rejected where source_table = 'guests'
