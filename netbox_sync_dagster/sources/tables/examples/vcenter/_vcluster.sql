-- The sheet vCluster: one row per cluster.
from read_csv($export || '/RVTools_tabvCluster.csv', all_varchar = true, normalize_names = false)
