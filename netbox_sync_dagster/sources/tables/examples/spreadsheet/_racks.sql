-- Where each rack is. From Excel: from read_xlsx('inventory.xlsx', sheet = 'Racks', all_varchar = true)
from read_csv('racks.csv', all_varchar = true)
