"""``python -m netbox_sync_lab.netbox --port 8000``"""

from __future__ import annotations

import argparse
import threading

from .server import LabNetBox


def main() -> None:
    """Run a lab NetBox on the loopback interface until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m netbox_sync_lab.netbox", description=__doc__)
    parser.add_argument("--port", type=int, default=8000, help="port on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--version", default="4.6.8", help="the NetBox version to behave as")
    parser.add_argument("--token", default="lab-token", help="the admin's API token")
    parser.add_argument("--no-graphql", action="store_true", help="behave as with GRAPHQL_ENABLED = False")
    options = parser.parse_args()
    lab = LabNetBox(options.port, options.version, options.token, not options.no_graphql)
    with lab:
        print(f"NetBox {lab.version} at {lab.url}, Authorization: Token {lab.token}", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print("stopped")


if __name__ == "__main__":
    main()
