"""What tests of all folders share."""

from tests.fake_clock import clock

__all__ = ["clock"]
