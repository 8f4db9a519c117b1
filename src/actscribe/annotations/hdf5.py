"""What an HDF5 file may point to, looked at before a library follows it: a file of annotations is one file (ours)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from actscribe.errors import ActScribeError


def check_alone(path: Path) -> None:
    """Prove that an HDF5 file holds all of its data itself; no link is followed.

    Raises:
        ActScribeError: it points to another file: by a link, by storage outside, or by a dataset made of others. Such a
            file would be opened in the user's name, whatever it is.
        OSError: it is not an HDF5 file, or a damaged one.
    """
    import h5py

    with h5py.File(path, "r") as file:
        addresses: set[int] = set()
        waiting: list[Any] = [file]
        while waiting:
            group = waiting.pop()
            for name in group:
                where = f"{group.name.rstrip('/')}/{name}"
                link = group.get(name, getlink=True)
                if isinstance(link, h5py.ExternalLink):
                    raise _elsewhere(path, where)
                if not isinstance(link, h5py.HardLink):
                    continue
                one = group[name]
                if isinstance(one, h5py.Dataset) and (one.external or one.is_virtual):
                    raise _elsewhere(path, where)
                address = h5py.h5o.get_info(one.id).addr
                if isinstance(one, h5py.Group) and address not in addresses:
                    addresses.add(address)
                    waiting.append(one)


def _elsewhere(path: Path, where: str) -> ActScribeError:
    return ActScribeError(
        f"{path}: {where} lies in another file, and no other file is opened.",
        "Save it as one file that holds all of its data (in Python: pynwb's NWBHDF5IO.export).",
    )
