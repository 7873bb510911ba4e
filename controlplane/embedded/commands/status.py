"""`status`: whether a stack runs on the data folder, and where."""

from collections.abc import Mapping

from controlplane.embedded.data_folder import DataFolder
from controlplane.embedded.options import Options


def status(environ: Mapping[str, str]) -> int:
    """Print the addresses of the running stack and return 0, or return 3 when none runs."""
    folder = DataFolder(Options.read(environ).data)
    if not folder.is_held():
        print(f"no stack runs on {folder.root}")
        return 3
    state = folder.read_state()
    print(f"a stack runs on {folder.root}" + ("" if state.get("is_ready") else " (it is still starting)"))
    for label, address in state.get("addresses", {}).items():
        print(f"  {label:<14} {address}")
    return 0
