"""Functions of `mx.npx` that are an operator as it stands, made from the catalogue."""

from __future__ import annotations

from mxnet import operators  # noqa: F401  (enters every operator)
from mxnet.ndarray._register import function_of
from mxnet.operators.catalogue import find

_MODULE = "mxnet.numpy_extension"

# Public name: operator.
_OPERATORS = {
    "add_n": "add_n",
    "batch_flatten": "_npx_batch_flatten",
    "batch_norm_with_relu": "_npx_batch_norm_with_relu",
    "bipartite_matching": "_contrib_bipartite_matching",
    "box_decode": "_contrib_box_decode",
    "box_encode": "_contrib_box_encode",
    "box_iou": "_contrib_box_iou",
    "box_nms": "_contrib_box_nms",
    "broadcast_greater": "broadcast_greater",
    "cast": "Cast",
    "ctc_loss": "CTCLoss",
    "deformable_convolution": "_npx_deformable_convolution",
    "digamma": "digamma",
    "erf": "erf",
    "erfinv": "erfinv",
    "gamma": "_npx_gamma",
    "gammaln": "gammaln",
    "gather_nd": "gather_nd",
    "instance_norm": "InstanceNorm",
    "interleaved_matmul_encdec_qk": "_contrib_interleaved_matmul_encdec_qk",
    "interleaved_matmul_encdec_valatt": "_contrib_interleaved_matmul_encdec_valatt",
    "interleaved_matmul_selfatt_qk": "_contrib_interleaved_matmul_selfatt_qk",
    "interleaved_matmul_selfatt_valatt": "_contrib_interleaved_matmul_selfatt_valatt",
    "modulated_deformable_convolution": "_npx_modulated_deformable_convolution",
    "multibox_detection": "_contrib_MultiBoxDetection",
    "multibox_prior": "_contrib_MultiBoxPrior",
    "multibox_target": "_contrib_MultiBoxTarget",
    "norm": "norm",
    "pad": "Pad",
    "relu": "relu",
    "reshape_like": "reshape_like",
    "roi_pooling": "ROIPooling",
    "round_ste": "_contrib_round_ste",
    "sequence_last": "SequenceLast",
    "sequence_mask": "SequenceMask",
    "sequence_reverse": "SequenceReverse",
    "shape_array": "shape_array",
    "sigmoid": "sigmoid",
    "sign_ste": "_contrib_sign_ste",
    "slice": "slice",
    "slice_channel": "SliceChannel",
    "slice_like": "slice_like",
    "smooth_l1": "smooth_l1",
    "softsign": "softsign",
    "stop_gradient": "BlockGrad",
    "sync_batch_norm": "_contrib_SyncBatchNorm",
}

__all__ = sorted(_OPERATORS)

for _name, _operator in _OPERATORS.items():
    globals()[_name] = function_of(find(_operator), _name, _MODULE)
