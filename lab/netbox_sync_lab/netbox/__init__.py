"""A NetBox for the demo and the tests: in memory, over real HTTP, with NetBox's rules and error messages."""

from .faults import Faults
from .server import LabNetBox

__all__ = ["Faults", "LabNetBox"]
