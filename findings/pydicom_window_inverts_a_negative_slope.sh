#!/usr/bin/env bash
# pydicom 3.0.2: after a RescaleSlope below 0, `apply_voi_lut` gives black and white the wrong way round.
#
# DICOM (PS3.3, C.11.2.1.2) says of a window: values below it are shown darkest, values above it brightest. pydicom first
# carries the ends of its output range through slope and intercept, so that with a slope below 0 the darkest becomes the
# larger number; what lies below the window gets that one. The picture comes out inverted, with no warning, although
# slope and intercept themselves were applied right. Scanners write such slopes (computed radiography, for instance).
# What helps: after such a slope take the first end of the range as black, or subtract the result from the sum of both ends.
#
# Installs pinned packages into a temporary folder, shows three values through one window, and fails if that has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check pydicom==3.0.2 numpy==2.4.6
cat > "$folder/window.py" <<'PY'
import numpy as np
from pydicom.dataset import Dataset
from pydicom.pixels import apply_modality_lut, apply_voi_lut

for slope, intercept, stored in ((1, 0, [0, 2048, 4095]), (-1, 4095, [4095, 2047, 0])):
    data = Dataset()
    data.BitsStored, data.PixelRepresentation, data.PhotometricInterpretation = 12, 0, "MONOCHROME2"
    data.RescaleSlope, data.RescaleIntercept = slope, intercept
    data.WindowCenter, data.WindowWidth = 2048, 2000
    values = apply_modality_lut(np.array(stored, "uint16"), data)
    shown = apply_voi_lut(values, data)
    print(f"slope {slope:2}: values {values.astype(int).tolist()} are shown as {shown.round().astype(int).tolist()}")
    assert values.tolist() == [0, 2048, 4095]
    assert (shown[0] < shown[2]) == (slope > 0), "this has changed"
PY
"$folder/venv/bin/python" "$folder/window.py"
# Seen:
# slope  1: values [0, 2048, 4095] are shown as [0, 2049, 4095]
# slope -1: values [0, 2048, 4095] are shown as [4095, 2046, 0]
