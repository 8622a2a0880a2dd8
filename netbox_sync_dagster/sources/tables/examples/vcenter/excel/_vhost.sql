-- The sheet vHost of the Excel file.
from read_xlsx($export, sheet = 'vHost', all_varchar = true)
