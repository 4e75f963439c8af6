"""`mx.npx.image`: operators on images (height, width, channels) and on batches of them.

What they draw comes from `mx.random`. Integer images stay integer: values are cut to the type's range and their
whole part is taken.
"""

from __future__ import annotations

from mxnet import operators  # noqa: F401  (enters every operator)
from mxnet.ndarray._register import function_of
from mxnet.operators.catalogue import find

_NAMES = (
    "adjust_lighting",
    "crop",
    "flip_left_right",
    "flip_top_bottom",
    "normalize",
    "random_brightness",
    "random_color_jitter",
    "random_contrast",
    "random_crop",
    "random_flip_left_right",
    "random_flip_top_bottom",
    "random_hue",
    "random_lighting",
    "random_resized_crop",
    "random_saturation",
    "resize",
    "to_tensor",
)

__all__ = sorted(_NAMES)

for _name in _NAMES:
    globals()[_name] = function_of(find(f"_image_{_name}"), _name, "mxnet.numpy_extension.image")
