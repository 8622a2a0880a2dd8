-- The sheet vNetwork of the Excel file.
from read_xlsx($export, sheet = 'vNetwork', all_varchar = true)
