-- The names of the sites. From Excel: from read_xlsx('inventory.xlsx', sheet = 'Sites', all_varchar = true)
from read_csv('sites.csv', all_varchar = true)
