-- The sheet vNetwork: one row per network adapter.
from read_csv($export || '/RVTools_tabvNetwork.csv', all_varchar = true, normalize_names = false)
