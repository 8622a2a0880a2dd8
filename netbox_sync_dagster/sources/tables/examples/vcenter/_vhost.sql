-- The sheet vHost: one row per host.
from read_csv($export || '/RVTools_tabvHost.csv', all_varchar = true, normalize_names = false)
