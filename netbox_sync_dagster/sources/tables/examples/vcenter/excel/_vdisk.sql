-- The sheet vDisk of the Excel file.
from read_xlsx($export, sheet = 'vDisk', all_varchar = true)
