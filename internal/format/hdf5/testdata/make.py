"""Makes the files of this folder, by h5py 3.7 and numpy. Values count up from 0 along rows."""

import h5py
import numpy as np


def count(*shape, dtype):
    return np.arange(np.prod(shape)).reshape(shape).astype(dtype)


for name, libver in ("old.h5", "earliest"), ("new.h5", "latest"):
    with h5py.File(name, "w", libver=libver) as f:
        f.attrs["text"] = "variable"
        f.attrs["fixed"] = np.bytes_("fixed")
        f.attrs["number"] = np.float32(1.5)
        f.attrs["true"] = True
        f["contiguous"] = count(3, 4, 5, dtype=">i4")
        f["half"] = count(2, 3, dtype="<f2")
        f["double"] = count(2, 3, dtype=">f8")
        f["words"] = np.array(["one", "two"], dtype=h5py.string_dtype())
        f["complex"] = np.zeros((2, 2), "c8")
        f.create_dataset("single", data=count(4, 3, dtype="<u2"), chunks=(4, 3), compression="gzip", shuffle=True)
        if libver == "earliest":
            f.create_dataset("chunks", data=count(5, 7, dtype="<i2"), chunks=(2, 3), compression="gzip", shuffle=True, fletcher32=True)
            f.create_dataset("plain", data=count(5, 7, 3, dtype="u1"), chunks=(5, 7, 1))
            f.create_dataset("many", data=count(40, 40, dtype="<u2"), chunks=(2, 2))
            f.create_dataset("lzf", data=count(5, 7, dtype="<i2"), chunks=(5, 7), compression="lzf")
            partly = f.create_dataset("partly", shape=(4, 4), chunks=(2, 2), dtype="<f4", fillvalue=-1)
            partly[:2] = count(2, 4, dtype="<f4")
        group = f.create_group("group")
        for i in range(8 if libver == "latest" else 20):
            group.create_group(f"{i:02}")
        f["group/00/value"] = np.int64(7)

with h5py.File("userblock.h5", "w", userblock_size=512) as f:
    f["contiguous"] = count(3, 4, 5, dtype="<i4")
