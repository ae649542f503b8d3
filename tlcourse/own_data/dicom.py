"""A radiograph from a DICOM file, as the person at the scanner meant it to be seen."""

import numpy as np

COLOURS = "PhotometricInterpretation"


def read_dicom(path):
    """Read a grey DICOM picture as 0 … 255, black to white.

    Slope and intercept are applied, then the lookup table of the file or its first window. What has neither is
    stretched from its own smallest to its own largest value, as viewers do. MONOCHROME1, where small values are bright,
    is inverted.

    Args:
        path: of the file.

    Returns:
        uint8 ``(height, width)``, and whether the file says by a table or a window what is black and white.

    Raises:
        ValueError: if the file is broken, has no picture, several, or colour, or is compressed in a way for which no
            decoder is installed.
        ModuleNotFoundError: if pydicom is not installed.

    Source:
        DICOM PS3.3, C.7.6.3.1.2 (photometric interpretation), C.11.1 (modality LUT), C.11.2 (VOI LUT).

    Example:
        ``read_dicom("thorax.dcm")[0]`` is as high and wide as the picture.
    """
    try:
        import pydicom
        from pydicom.pixels import apply_modality_lut, apply_voi_lut
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("it is of DICOM; to read it: pip install pydicom") from error
    try:
        data = pydicom.dcmread(path)
    except Exception as error:  # of many kinds, for a file that is cut or damaged
        raise ValueError(f"it can't be read as DICOM: {error}") from error
    _refuse(data)
    try:
        shown = apply_voi_lut(apply_modality_lut(data.pixel_array, data), data, prefer_lut=True).astype("float64")
    except Exception as error:
        raise ValueError(f"its picture can't be decoded: {error}") from error
    windowed = bool(data.get("VOILUTSequence")) or data.get("WindowWidth") is not None
    low, high = _range(data) if windowed else (shown.min(), shown.max())
    grey = np.rint(255 * np.clip((shown - low) / ((high - low) or 1), 0, 1)).astype("uint8")
    return 255 - grey if data.PhotometricInterpretation == "MONOCHROME1" else grey, windowed


def _refuse(data):
    if "Rows" not in data or "PixelData" not in data:
        raise ValueError("it is of DICOM but has no picture in it")
    if int(data.get("NumberOfFrames") or 1) > 1:
        raise ValueError(f"it holds {data.NumberOfFrames} pictures; write them as single files")
    if data.get("SamplesPerPixel", 1) != 1 or data.get(COLOURS) not in ("MONOCHROME1", "MONOCHROME2"):
        raise ValueError(f"it is not said to be grey ({data.get(COLOURS) or 'nothing'}); export it as a PNG")


def _range(data):
    """Return what means black and white after the tables of the file; below a slope of 0 black is the larger."""
    table = data.get("VOILUTSequence")
    if table:
        return 0, 2 ** int(table[0].LUTDescriptor[2]) - 1
    if data.get("ModalityLUTSequence"):
        return 0, 2 ** int(data.ModalityLUTSequence[0].LUTDescriptor[2]) - 1
    bits, signed = int(data.BitsStored), int(data.PixelRepresentation)
    ends = np.array([-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] if signed else [0, 2**bits - 1], "float64")
    return tuple(ends * float(data.get("RescaleSlope") or 1) + float(data.get("RescaleIntercept") or 0))
