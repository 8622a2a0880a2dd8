"""What ``netbox-sync init`` writes: a commented configuration and the JSON schema that editors complete from."""

from __future__ import annotations

import json

from netbox_sync_dagster.config.model import Config

SCHEMA_FILE = "netbox_sync.schema.json"

TEMPLATE = f"""\
# yaml-language-server: $schema={SCHEMA_FILE}
# Configuration of netbox-sync. Edit, then run: netbox-sync check
# Completion in editors: netbox-sync init --schema

# The NetBox that is kept (4.2 or newer). Tokens never stand in this file: it names environment variables.
netbox:
  url: https://netbox.example.com
  token_env: NETBOX_TOKEN
  # page_size: 1000        # objects per page when reading, up to NetBox's MAX_PAGE_SIZE
  # batch_size: 200        # objects per write request, at most
  # max_in_flight: 2       # requests at once: the number of NetBox's workers
  # journal: false         # one journal entry per device or VM touched
  # tls:
  #   ca: ca.pem           # your own certificate authority, relative to this file

endpoints:
  - name: librenms         # unique; lower-case letters, digits, - and _
    kind: librenms
    url: https://librenms.example.com
    token_env: LIBRENMS_TOKEN
    # Seconds between syncs in Dagster; 0: by hand only. Or `schedule: "15 3 * * *"` with `timezone: Europe/Paris`.
    interval: 0
    # Which devices that NetBox lacks may be created: none, all, or a filter.
    import_devices: none
    # import_devices:          # every line that is given must match one of its values
    #   location: [Paris, "Paris, Rack 4"]
    #   type: [network]
    #   os: [iosxe, junos]
    #   hardware: ["C9300-48P"]
    #   group: [Core]          # a device group of LibreNMS
    #   hostname: ['.*\\.example\\.com']
    # device_name: sysName     # or hostname: what a new device is called
    # strip_domain: false      # true: sw1 for sw1.example.com
    # interface_name_field: ifName             # or ifDescr
    # interface_name_field_by_os: {{routeros: ifDescr}}
    # ignored_ports: false     # true: take ports that LibreNMS ignores
    # virtual_chassis: true    # stacks: one inventory call for each device that looks like one
    # member_name: "{{name}}-M{{position}}"        # of a new member of a stack
    # inventory: false         # parts and transceivers as modules: two calls more per device
    # oob_interfaces: ['mgmt.*']
    # max_poll_age: 86400      # seconds; a device polled longer ago is no evidence that something is gone
    # fetch_max_concurrency: 8 # requests at once
    # What a new device gets where no mapping below says better: names or slugs of NetBox objects.
    # defaults:
    #   site: Paris
    #   role: Access Switch
    #   vlan_group: Campus
    # From LibreNMS's words (left) to NetBox's (right).
    # mappings:
    #   sites: {{"Paris, Rack 4": Paris}}
    #   locations: {{"Paris, Rack 4": Room 2}}     # within the site
    #   roles: {{fortigate: Firewall}}             # hardware, os or type
    #   device_types: {{"C9300-48P": "Catalyst 9300-48P"}}
    #   manufacturers: {{iosxe: Cisco}}            # of new device types, by os
    #   platforms: {{iosxe: Cisco IOS-XE}}
    #   vrfs: {{MGMT: Management}}                 # VRF name or route distinguisher
    #   interface_types:
    #     - {{ifType: ethernetCsmacd, speed: 1000000, type: 1000base-t}}   # speed in kbit/s
    #   module_types: {{"PWR-C1-715WAC": "715W"}}
    #   module_rules:
    #     - {{manufacturer: Cisco, field: bay, match: '^Switch [0-9]+ - ', replace: ''}}
    # policies:
    #   auto_approve: [interfaces.update.description]   # resource.action or resource.action.field
    #   owns: [interfaces.description]     # written although NetBox has a value
    #   disowns: [interfaces.type]         # never written in updates
    #   delete: []                         # resources whose objects may be deleted if this product made them
    #   missing_interfaces: leave          # or disable, delete: what LibreNMS no longer shows
    #   stale_addresses: leave             # or unassign, delete
    #   move_addresses: false              # true: propose moving an address that is on another object
    #   move_modules: false                # true: propose moving a module to another bay of its device
    #   primary_ip: set_if_empty           # or always, never
    #   site_coordinates: never            # or set_if_empty, always
    #   ungrouped_vlans: false             # true: new VLANs may be without a group, in the device's site
    #   link_local_ipv4: false             # true: keep 169.254.0.0/16
    #   approval_hours: 24
    #   apply_approved: false              # Dagster applies what is approved by itself
    #   max_change_percent: 30

  - name: proxmox
    kind: proxmox
    url: https://pve.example.com:8006
    user: netbox@pve
    token_name: sync           # the part after '!'; or password_env instead of both token lines
    token_env: PROXMOX_TOKEN
    interval: 0
    # cluster_name: paris-2                # where two clusters have the same name
    # cluster_type: Proxmox VE
    # cluster_group: Production
    # platform: Proxmox VE                 # of nodes; the major version is added
    # node_interface_type: other           # NetBox type of physical node interfaces, e.g. 10gbase-x-sfpp
    # include_templates: false
    # use_guest_agent_interface_name: true # false: net0, net1, ...
    # agent_timeout: 5                     # seconds
    # guest_records: auto                  # backups, snapshots, ...: custom_fields, plugin, auto, none
    # guest_bridge: description            # or custom_field, none
    # defaults:
    #   site: Paris
    # mappings:
    #   platforms: {{l26: Linux}}            # ostype -> platform
    #   device_types: {{pve1: PowerEdge R640}}   # node name or CPU model -> device type
    #   sites: {{pve2: Lyon}}                # node name -> site
    #   roles: {{qemu: Virtual Machine, lxc: Container}}
    #   virtual_machine_types: {{qemu: Virtual Machine, lxc: Container}}
    #   vnets: {{vmbr1: 300}}                # bridge or vnet -> VID
    # policies:
    #   missing_guests: delete     # proposed for a guest that is gone: delete, offline, decommissioning, leave
    #   auto_approve: [virtual_machines.update, virtual_disks.*]

  - name: docker1              # one endpoint per Docker host
    kind: docker
    url: unix:///var/run/docker.sock   # or http://, or https:// with tls
    interval: 0
    # tls:
    #   ca: ca.pem
    #   cert: cert.pem         # client certificate and key, where the daemon asks for them
    #   key: key.pem
    # cluster_name: daemon     # the host's own name instead of docker1
    # cluster_type: Docker
    # cluster_group: Production
    # ignored_containers: ['ci-.*']
    # bridge_addresses: true   # false: leave out addresses that only this host knows
    # defaults:
    #   site: Paris
    #   vrf: docker1           # every host has the same 172.17.0.0/16: one VRF each
    # mappings:
    #   platforms: {{postgres: PostgreSQL}}  # image -> platform
    #   roles: {{container: Container}}
    #   virtual_machine_types: {{container: Container}}
    #   vrfs: {{lan: office}}                # network -> VRF

# Who owns the assets in Dagster: e-mail addresses or team:name. An endpoint may have a line of its own.
# owners: ["team:network"]

# Where two endpoints want different values for one field, the first of these wins.
# precedence: [proxmox, librenms]
# field_precedence: {{interfaces.type: [librenms, proxmox]}}   # for one field, before precedence
"""


def json_schema() -> str:
    """The JSON schema of the configuration file, as text."""
    schema = Config.model_json_schema(mode="validation")
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "netbox_sync.yaml",
        **schema,
    }
    return json.dumps(schema, indent=2, sort_keys=False) + "\n"
