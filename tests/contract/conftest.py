"""The fixtures of the lab's contract suite, for what the product itself says of NetBox."""

from contract.conftest import lab, netbox

__all__ = ["lab", "netbox"]
