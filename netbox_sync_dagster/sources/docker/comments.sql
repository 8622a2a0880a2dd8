-- docker: the current snapshot of every Docker host.
comment on view docker.host is 'The daemon behind each endpoint';
comment on column docker.host.memtotal is 'bytes';
comment on column docker.host.swarm is 'the state of the host in a swarm, e.g. inactive or active';
comment on view docker.containers is
    'Containers, stopped ones included; environment, command and labels are never stored';
comment on column docker.containers.cpus is 'limit in CPUs; 0: none';
comment on column docker.containers.memory is 'limit in bytes; 0: none';
comment on column docker.containers.inspected is 'false: only the list of containers is known, not the configuration';
comment on view docker.container_interfaces is 'Networks of containers';
comment on column docker.container_interfaces.position is '0: the network that the container was started with';
comment on column docker.container_interfaces.attached is
    'false: the container does not run, so it has neither MAC nor address there';
comment on view docker.container_addresses is 'Addresses of running containers';
comment on view docker.networks is 'Networks of the host';
comment on view docker.scopes is
    'Parts of the snapshot that could not be read completely: no evidence that something is gone';
comment on view docker.rejected is 'Rows from the server that could not be taken, with the reason';
comment on view docker.row_counts is
    'How many rows each owner has, and had in the last good snapshot: what a fall is measured by';
