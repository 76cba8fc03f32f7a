"""The brush regions of Label Studio's JSON.

They are run lengths of thi-ng's rle-pack (https://github.com/thi-ng/umbrella, ``rle-pack``), as
HumanSignal/label-studio-sdk reads them too (``label_studio_sdk/converter/brush.py``).
Taught in ``07_your_own_data``.
"""

import numpy as np

from bisenet_lib.data.image_io import Size

_WORD_BITS = 8


def brush_pixels(data: bytes, size: Size) -> np.ndarray:
    """Where a brush painted.

    Of the picture's four channels only alpha counts. The bits are: 32 for the number of values, 5
    for the bits of a value less 1, four times 4 for the bits of a count less 1; then blocks: 1 for
    a run, 2 for the count's size, the count less 1, and one value for a run, else as many values.

    Args:
        data: the run lengths.
        size: (width, height) of the image.

    Returns:
        (H, W) bool.

    Raises:
        ValueError: they are cut off, or for another size.
    """
    position = 0

    def read(bits: int) -> int:
        nonlocal position
        position += bits
        end = (position + 7) // 8
        if end > len(data):
            raise ValueError("they are cut off")
        number = int.from_bytes(data[(position - bits) // 8 : end])
        return number >> (8 * end - position) & ((1 << bits) - 1)

    number = read(32)
    if number != 4 * size[0] * size[1]:
        raise ValueError(f"{number} values, and {size[0]}x{size[1]} pixels have 4 each")
    if (bits := read(5) + 1) != _WORD_BITS:
        raise ValueError(f"values of {bits} bits instead of {_WORD_BITS}")
    count_bits = [read(4) + 1 for _ in range(4)]
    alpha = np.zeros(number // 4, np.uint8)
    start = 0
    while start < number:
        is_run = read(1)
        end = start + 1 + read(count_bits[read(2)])
        if end > number:
            raise ValueError(f"more than {number} values")
        if is_run:
            alpha[start // 4 : end // 4] = read(_WORD_BITS)
        else:
            first = position
            read(_WORD_BITS * (end - start))
            bytes_read = np.frombuffer(data[first // 8 : (position + 7) // 8], np.uint8)
            block = np.unpackbits(bytes_read)[first % 8 :][: position - first]
            alpha[start // 4 : end // 4] = np.packbits(block)[(3 - start) % 4 :: 4]
        start = end
    return (alpha > 0).reshape(size[::-1])
