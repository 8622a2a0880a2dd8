-- The rows of the sheet of devices. From Excel: from read_xlsx('inventory.xlsx', sheet = 'Devices', all_varchar = true)
from read_csv('devices.csv', all_varchar = true)
