-- The sheet vInfo of the Excel file.
from read_xlsx($export, sheet = 'vInfo', all_varchar = true)
