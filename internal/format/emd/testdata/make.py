"""Makes the files of this folder, by h5py 3.7 and numpy. Values count up from 0 along rows of each image."""

import json

import h5py
import numpy as np


def count(*shape, dtype):
    return np.arange(np.prod(shape)).reshape(shape).astype(dtype)


with h5py.File("velox.emd", "w") as f:
    for name, detector in ("0a", "HAADF"), ("0b", "BF"):
        group = f.create_group(f"Data/Image/{name}")
        group.create_dataset("Data", data=np.moveaxis(count(2, 3, 4, dtype="<u2"), 0, 2), chunks=(3, 4, 1))
        text = json.dumps({
            "BinaryResult": {"PixelSize": {"width": "2.5e-11", "height": "5e-11"}, "PixelUnitX": "m", "PixelUnitY": "m", "Detector": "0"},
            "Detectors": {"Detector-0": {"DetectorName": detector}},
        }).encode()
        metadata = np.zeros((400, 2), "u1")
        metadata[: len(text)] = np.frombuffer(text, "u1")[:, None]
        group.create_dataset("Metadata", data=metadata, chunks=(400, 1))
    f.create_group("Data/Image/0c")["Data"] = np.zeros((3, 4, 1), "c8")

with h5py.File("ncem.emd", "w") as f:
    group = f.create_group("data/image")
    group.attrs["emd_group_type"] = 1
    group["data"] = count(3, 4, dtype=">f4")
    for i, n in enumerate((3, 4), 1):
        group[f"dim{i}"] = np.arange(n) * 0.5 * i
        group[f"dim{i}"].attrs["units"] = np.bytes_("[n_m]")
    group = f.create_group("data/detectors")  # as Prismatic: places first
    group.attrs["emd_group_type"] = 1
    group["realslice"] = np.moveaxis(count(2, 3, 4, dtype="<f4"), 0, 2)
    for i, (n, unit) in enumerate(((3, "[n_m]"), (4, "[n_m]"), (2, "[mrad]")), 1):
        group[f"dim{i}"] = np.arange(n) * 1.0
        group[f"dim{i}"].attrs["units"] = np.bytes_(unit)

with h5py.File("hyperspy.hspy", "w") as f:
    f.attrs["file_format"] = "HyperSpy"
    for title, shape, navigates in ("stack", (2, 3, 4), (True, False, False)), ("spectra", (2, 3, 4), (True, True, False)):
        group = f.create_group("Experiments/" + title)
        group.create_dataset("data", data=count(*shape, dtype="<i4"), chunks=(1, 3, 4), compression="gzip", shuffle=True)
        for i, navigate in enumerate(navigates):
            axis = group.create_group(f"axis-{i}")
            axis.attrs["scale"] = 0.2
            axis.attrs["units"] = "1/nm"
            axis.attrs["navigate"] = navigate

with h5py.File("other.h5", "w") as f:
    f["some/array"] = count(3, 4, dtype="<f4")

with h5py.File("4d.emd", "w") as f:
    group = f.create_group("experiment/patterns")
    group.attrs["emd_group_type"] = 1
    group["data"] = count(1, 2, 3, 4, dtype="<f4")

with h5py.File("scan.h5", "w") as f:  # as NeXus: deep, with a mask and other arrays beside
    f["entry/data/intensity"] = count(3, 4, dtype="<f4")
    f["entry/data/mask"] = np.array([[1, 0, 0, 1]] * 3, "u1")
    f["entry/data/time"] = np.arange(3.0)

with h5py.File("several.h5", "w") as f:
    f["a"] = count(3, 4, dtype="<f4")
    f["b"] = count(2, 3, 6, dtype="<i2")
    f["last"] = count(3, 4, dtype="<f4")[..., None]
    f["colours"] = np.zeros((2, 4, 3), "u1")

with h5py.File("deep.h5", "w") as f:  # as Delmic: dimensions of length 1, and a preview in colours
    f["Acquisition0/ImageData/Image"] = count(1, 1, 1, 3, 4, dtype="<u2")
    f["Acquisition1/Image"] = np.zeros((2, 2, 2, 2), "u1")
    f["Acquisition0/PhysicalData/PolePosition"] = np.zeros((1, 2))
    f["Preview/Image"] = np.zeros((3, 4, 3), "u1")
