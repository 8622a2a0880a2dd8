-- docker: the current snapshot of every Docker host.
COMMENT ON VIEW docker.host IS 'The daemon behind each endpoint';
COMMENT ON COLUMN docker.host.memtotal IS 'bytes';
COMMENT ON COLUMN docker.host.swarm IS 'the state of the host in a swarm, e.g. inactive or active';
COMMENT ON VIEW docker.containers IS 'Containers, stopped ones included; environment, command and labels are never stored';
COMMENT ON COLUMN docker.containers.cpus IS 'limit in CPUs; 0: none';
COMMENT ON COLUMN docker.containers.memory IS 'limit in bytes; 0: none';
COMMENT ON COLUMN docker.containers.inspected IS 'false: only the list of containers is known, not the configuration';
COMMENT ON VIEW docker.container_interfaces IS 'Networks of containers';
COMMENT ON COLUMN docker.container_interfaces.position IS '0: the network that the container was started with';
COMMENT ON COLUMN docker.container_interfaces.attached IS 'false: the container does not run, so it has neither MAC nor address there';
COMMENT ON VIEW docker.container_addresses IS 'Addresses of running containers';
COMMENT ON VIEW docker.networks IS 'Networks of the host';
COMMENT ON VIEW docker.scopes IS 'Parts of the snapshot that could not be read completely: no evidence that something is gone';
COMMENT ON VIEW docker.rejected IS 'Rows from the server that could not be taken, with the reason';
COMMENT ON VIEW docker.row_counts IS 'How many rows each owner has, and had in the last good snapshot: what a fall is measured by';
