{
 "ansible_facts": {
  "ansible_all_ipv4_addresses": [
   "192.168.0.34"
  ],
  "ansible_architecture": "x86_64",
  "ansible_bios_vendor": "innotek GmbH",
  "ansible_board_name": "VirtualBox",
  "ansible_default_ipv4": {
   "address": "192.168.0.34",
   "alias": "enp0s3",
   "broadcast": "192.168.0.255",
   "gateway": "192.168.0.1",
   "interface": "enp0s3",
   "macaddress": "08:00:27:00:00:34",
   "mtu": 1500,
   "netmask": "255.255.255.0",
   "network": "192.168.0.0",
   "type": "ether"
  },
  "ansible_default_ipv6": {
   "address": "2001:db8:39:9d7d:a00:27ff:fe00:34",
   "gateway": "fe80::1",
   "interface": "enp0s3",
   "macaddress": "08:00:27:00:00:34",
   "mtu": 1500,
   "prefix": "64",
   "scope": "global",
   "type": "ether"
  },
  "ansible_devices": {
   "sda": {
    "holders": [],
    "model": "VBOX HARDDISK",
    "removable": "0",
    "sectors": "16777216",
    "sectorsize": "512",
    "size": "8.00 GB",
    "vendor": "ATA",
    "virtual": 1
   },
   "sr0": {
    "holders": [],
    "model": "CD-ROM",
    "removable": "1",
    "sectors": "2097151",
    "sectorsize": "512",
    "size": "1024.00 MB",
    "vendor": "VBOX",
    "virtual": 1
   }
  },
  "ansible_distribution": "Debian",
  "ansible_distribution_file_variety": "Debian",
  "ansible_distribution_major_version": "10",
  "ansible_distribution_release": "buster",
  "ansible_distribution_version": "10",
  "ansible_domain": "",
  "ansible_enp0s3": {
   "active": true,
   "device": "enp0s3",
   "ipv4": {
    "address": "192.168.0.34",
    "broadcast": "192.168.0.255",
    "netmask": "255.255.255.0",
    "network": "192.168.0.0"
   },
   "ipv6": [
    {
     "address": "2001:db8:39:9d7d:a00:27ff:fe00:34",
     "prefix": "64",
     "scope": "global"
    },
    {
     "address": "fe80::a00:27ff:fe00:34",
     "prefix": "64",
     "scope": "link"
    }
   ],
   "macaddress": "08:00:27:00:00:34",
   "module": "e1000",
   "mtu": 1500,
   "pciid": "0000:00:03.0",
   "promisc": false,
   "speed": 1000,
   "type": "ether"
  },
  "ansible_fqdn": "debian",
  "ansible_hostname": "debian",
  "ansible_interfaces": [
   "lo",
   "enp0s3"
  ],
  "ansible_lo": {
   "active": true,
   "device": "lo",
   "ipv4": {
    "address": "127.0.0.1",
    "broadcast": "host",
    "netmask": "255.0.0.0",
    "network": "127.0.0.0"
   },
   "ipv6": [
    {
     "address": "::1",
     "prefix": "128",
     "scope": "host"
    }
   ],
   "mtu": 65536,
   "promisc": false,
   "type": "loopback"
  },
  "ansible_local": {},
  "ansible_memtotal_mb": 987,
  "ansible_nodename": "debian",
  "ansible_os_family": "Debian",
  "ansible_processor_cores": 1,
  "ansible_processor_count": 1,
  "ansible_processor_vcpus": 1,
  "ansible_product_name": "VirtualBox",
  "ansible_product_serial": "NA",
  "ansible_product_uuid": "NA",
  "ansible_product_version": "1.2",
  "ansible_system": "Linux",
  "ansible_system_vendor": "innotek GmbH",
  "ansible_virtualization_role": "guest",
  "ansible_virtualization_tech_guest": [
   "virtualbox"
  ],
  "ansible_virtualization_tech_host": [],
  "ansible_virtualization_type": "virtualbox",
  "gather_subset": [
   "all"
  ],
  "module_setup": true
 },
 "changed": false
}