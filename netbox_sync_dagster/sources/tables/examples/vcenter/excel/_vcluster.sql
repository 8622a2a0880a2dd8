-- The sheet vCluster of the Excel file.
from read_xlsx($export, sheet = 'vCluster', all_varchar = true)
