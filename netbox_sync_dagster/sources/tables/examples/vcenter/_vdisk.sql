-- The sheet vDisk: one row per disk.
from read_csv($export || '/RVTools_tabvDisk.csv', all_varchar = true, normalize_names = false)
