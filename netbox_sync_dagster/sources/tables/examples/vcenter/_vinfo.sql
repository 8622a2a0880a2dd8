-- The sheet vInfo: one row per virtual machine.
from read_csv($export || '/RVTools_tabvInfo.csv', all_varchar = true, normalize_names = false)
