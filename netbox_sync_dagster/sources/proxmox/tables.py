"""The tables of a snapshot: what is read, in the source's own words and units."""

from netbox_sync_dagster.columns import Table, tables_of

_PROXMOX = {
    # name is the cluster's name, or the node's own for a standalone node; quorate NULL when standalone.
    # fingerprint: that of the cluster's certificate authority, which distinguishes it from a cluster with the same name.
    "cluster": "name standalone:BOOLEAN quorate:BOOLEAN version release fingerprint",
    "nodes": """node online:BOOLEAN ip maxcpu:INTEGER maxmem:BIGINT maxdisk:BIGINT uptime:BIGINT cpu_model
        cpu_sockets:INTEGER pveversion dmi_product dmi_manufacturer dmi_serial""",
    # ports are bridge_ports, bond slaves or OVS ports, as a list; method/method6 say static, dhcp, manual.
    "node_interfaces": """node iface type active:BOOLEAN autostart:BOOLEAN method method6 cidr cidr6 gateway gateway6
        mtu:INTEGER mac ports:VARCHAR[] bond_mode vlan_raw_device vlan_id:INTEGER bridge_vlan_aware:BOOLEAN
        comments""",
    # One row per guest; type is qemu or lxc. Values NULL when the guest's node is offline (unknown).
    # name_given is what Proxmox says, empty where the guest has none. agent_enabled from the config.
    "guests": """vmid:BIGINT type node name_given status template:BOOLEAN maxcpu:DOUBLE maxmem:BIGINT
        maxdisk:BIGINT uptime:BIGINT pool lock ostype onboot:BOOLEAN description tags:VARCHAR[]
        agent_enabled:BOOLEAN hostname config_read:BOOLEAN""",
    # Every current config line, for ad-hoc SQL and so that unknown keys are kept. Secrets (cipassword,
    # sshkeys) are left out.
    "guest_config": "vmid:BIGINT key value",
    # One row per netN. tag is the VLAN, trunks the list of VIDs with ranges expanded, trunk_ranges those
    # that only a range names; mac upper-case with
    # colons; position is N. gateway and gateway6: those of its configured addresses (gw, gw6; cloud-init's for QEMU).
    "guest_interfaces": """vmid:BIGINT key position:INTEGER name model mac bridge tag:INTEGER
        trunks:INTEGER[] trunk_ranges:INTEGER[] mtu:INTEGER link_down:BOOLEAN firewall:BOOLEAN rate:DOUBLE
        gateway gateway6""",
    # What the guest agent (qemu) or the container says: its interface names by MAC, as far as they belong to a
    # netN (key). Several names on one MAC (VLANs, bridges in the guest) are in the guest's order: position 0
    # is the interface itself. Without a key: a network card of the node that the guest uses (hostpciN, usbN).
    "guest_agent_interfaces": "vmid:BIGINT key position:INTEGER name mac",
    # canonical as in librenms.ip_addresses. source: agent, lxc, static, cloudinit. key is the netN it
    # belongs to (joined by MAC), position its order on that interface. configured: the configuration names it (ip,
    # ip6, ipconfigN), whoever shows it.
    "guest_addresses": """vmid:BIGINT key family:INTEGER address prefixlen:INTEGER canonical source
        position:INTEGER configured:BOOLEAN""",
    # size_mib: MiB, rounded up to 1; NULL = size unknown. bus is scsi, virtio, rootfs, mp, efidisk, ...
    "disks": """vmid:BIGINT key bus position:INTEGER storage volume size_mib:BIGINT counted:BOOLEAN
        reason""",
    "storages": """storage node type shared:BOOLEAN content:VARCHAR[] enabled:BOOLEAN active:BOOLEAN
        total:BIGINT used:BIGINT avail:BIGINT path""",
    "backups": """storage node volid vmid:BIGINT subtype ctime:TIMESTAMP size:BIGINT format notes
        protected:BOOLEAN verification""",
    "snapshots": "vmid:BIGINT name parent description snaptime:TIMESTAMP vmstate:BOOLEAN",
    "tasks": """upid node type id user status starttime:TIMESTAMP endtime:TIMESTAMP""",
    "replications": """id guest:BIGINT source target type schedule comment disable:BOOLEAN rate:DOUBLE""",
    "backup_jobs": "id schedule storage mode enabled:BOOLEAN vmids:VARCHAR[] all_guests:BOOLEAN comment",
    "sdn_zones": "zone type nodes:VARCHAR[] mtu:INTEGER",
    "sdn_vnets": "vnet zone tag:INTEGER alias vlanaware:BOOLEAN",
    "pools": "poolid comment",
    "tag_styles": "tag color",
}

TABLES: dict[str, Table] = tables_of("proxmox", _PROXMOX)
