"""In which type operators compute where 16 bits are allowed: the one table of it.

Two readers decide with it where casts go. Automatic mixed precision (`mxnet.amp`), which also trains, follows MXNet's
lists for float16, but for four operators of several arrays that take one type only. It casts for `PRODUCT`, `WIDE` and
the three kinds that bring types together, and leaves all other operators what they are given. Engines that predict in
16 bits (`mxnet.engines._precision`) have no network to keep learning: they also compute `MEETING_PRODUCT` in 16 bits,
and in float32 what the table does not call sound.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from mxnet.operators.catalogue import CATALOGUE

__all__ = ["CONDITIONS", "LOSS_OUTPUTS", "STATED", "Conditions", "Kind", "kinds", "meets"]


class Kind(Enum):
    """What an operator of 16 bits and float32 is like; those that are not in the table are none of these."""

    PRODUCT = "products, sound and fast in 16 bits"
    MEETING_PRODUCT = "products that mixed precision computes in the widest type they are given"
    MEETING = "of several arrays, sound in 16 bits, in the widest type they are given"
    MEETING_WIDE = "of several arrays, in the widest type they are given"
    FOLLOWING = "of values that are moved, compared or little changed, sound in the type they are given"
    WIDE = "sums, powers, logarithms and the like: float32"


_TABLE = {
    Kind.PRODUCT: "Convolution Deconvolution FullyConnected RNN _linalg_gemm _linalg_gemm2 _npi_einsum _npi_matmul",
    Kind.MEETING_PRODUCT: "dot batch_dot _npi_dot _npi_tensordot _npi_tensordot_int_axes",
    Kind.MEETING: """
        Concat stack add_n elemwise_add elemwise_sub elemwise_mul broadcast_add broadcast_sub broadcast_mul
        broadcast_maximum broadcast_minimum
    """,
    Kind.MEETING_WIDE: """
        Correlation _contrib_MultiProposal _contrib_PSROIPooling _contrib_Proposal _contrib_ROIAlign
        _contrib_RROIAlign _contrib_box_decode _contrib_box_encode _contrib_box_iou _contrib_box_nms
        _contrib_interleaved_matmul_encdec_qk _contrib_interleaved_matmul_encdec_valatt
        _contrib_interleaved_matmul_selfatt_qk _contrib_interleaved_matmul_selfatt_valatt
        elemwise_div broadcast_div broadcast_mod broadcast_hypot _maximum _minimum _mod _hypot _npi_hypot
        _npi_copysign _npi_fmax _npi_fmin _npi_fmod
        _equal _not_equal _greater _greater_equal _lesser _lesser_equal _logical_and _logical_or _logical_xor
        broadcast_equal broadcast_not_equal broadcast_greater broadcast_greater_equal broadcast_lesser
        broadcast_lesser_equal broadcast_logical_and broadcast_logical_or broadcast_logical_xor
        _npi_equal _npi_not_equal _npi_greater _npi_greater_equal _npi_less _npi_less_equal
        _npi_logical_and _npi_logical_or _npi_logical_xor
        where _npi_where _npx_index_add _npx_index_update _npi_column_stack _npi_dstack _npi_hstack _npi_vstack
        _npi_cross _npi_kron _npi_ediff1d
        BilinearSampler SpatialTransformer ROIPooling _contrib_index_copy
        _random_pdf_dirichlet _random_pdf_exponential _random_pdf_gamma _random_pdf_generalized_negative_binomial
        _random_pdf_negative_binomial _random_pdf_normal _random_pdf_poisson _random_pdf_uniform
    """,
    Kind.FOLLOWING: """
        Activation LeakyReLU relu sigmoid tanh clip hard_sigmoid Dropout Pooling UpSampling Pad
        Flatten Reshape _npi_reshape _npx_reshape reshape_like transpose _npi_transpose SwapAxis expand_dims squeeze
        _npi_squeeze SliceChannel slice slice_axis identity _npi_copy BlockGrad space_to_depth depth_to_space
        _npi_add _npi_subtract _npi_multiply
        _plus_scalar _minus_scalar _mul_scalar _div_scalar _maximum_scalar _minimum_scalar _npi_add_scalar
        _npi_subtract_scalar _npi_multiply_scalar _npi_true_divide_scalar
    """,
    Kind.WIDE: """
        softmax softmin log_softmax masked_softmax masked_log_softmax SoftmaxActivation
        BatchNorm_v1 _contrib_SyncBatchNorm LayerNorm GroupNorm InstanceNorm L2Normalization LRN
        CTCLoss softmax_cross_entropy smooth_l1 MakeLoss make_loss SVMOutput SoftmaxOutput LinearRegressionOutput
        LogisticRegressionOutput MAERegressionOutput IdentityAttachKLSparseReg
        sum mean prod nansum nanprod norm moments _square_sum topk argsort
        _npi_sum _npi_mean _npi_prod _npi_norm _npi_average _npi_std _npi_var _npi_cumsum _npi_cumprod _npi_trace
        exp expm1 log log10 log1p log2 square rsqrt rcbrt reciprocal tan sinh cosh arccos arcsin arctanh gamma
        gammaln digamma erfinv
        _npi_exp _npi_expm1 _npi_log _npi_log10 _npi_log1p _npi_log2 _npi_square _npi_reciprocal _npi_tan _npi_sinh
        _npi_cosh _npi_arccos _npi_arcsin _npi_arctanh
        broadcast_power _power _power_scalar _rpower_scalar _rdiv_scalar _npi_power _npi_power_scalar
        _npi_rpower_scalar _npi_ldexp _npi_ldexp_scalar _npi_rldexp_scalar _npi_logaddexp _npi_logaddexp_scalar
        _npi_polyval
        _contrib_MultiBoxPrior _contrib_MultiBoxTarget _contrib_MultiBoxDetection _contrib_DeformablePSROIPooling
        _npx_deformable_convolution _npx_modulated_deformable_convolution
        khatri_rao _linalg_det _linalg_extractdiag _linalg_extracttrian _linalg_gelqf _linalg_inverse
        _linalg_makediag _linalg_maketrian _linalg_potrf _linalg_potri _linalg_slogdet _linalg_sumlogdiag
        _linalg_syevd _linalg_syrk _linalg_trmm _linalg_trsm
        _npi_cholesky _npi_eig _npi_eigh _npi_eigvals _npi_eigvalsh _npi_lstsq _npi_matrix_rank
        _npi_matrix_rank_none_tol _npi_pinv _npi_pinv_scalar_rcond _npi_qr _npi_solve _npi_svd _npi_tensorinv
        _npi_tensorsolve
    """,
}
_MEETING = (Kind.MEETING_PRODUCT, Kind.MEETING, Kind.MEETING_WIDE)

STATED: dict[str, Kind] = {name: kind for kind, names in _TABLE.items() for name in names.split()}
"""The table, by names of operators; some of them may not be in the catalogue yet."""

Conditions = Mapping[str, tuple[tuple[str, frozenset[Any]], ...]]

CONDITIONS: Conditions = {
    "Activation": (("act_type", frozenset({"softrelu"})),),
    "LeakyReLU": (("act_type", frozenset({"elu", "selu"})),),
}
"""Operators that compute in float32 if an attribute has one of some values."""

LOSS_OUTPUTS = ("SoftmaxOutput", "LinearRegressionOutput", "LogisticRegressionOutput", "MAERegressionOutput")
"""Operators that make their gradient themselves, times ``grad_scale``, whatever gradient they are given."""


def kinds() -> dict[str, Kind]:
    """The table by the names that operators have in graphs."""
    return {CATALOGUE[name].name: kind for name, kind in STATED.items() if name in CATALOGUE}


def meets(kind: Kind | None) -> bool:
    """Whether an operator of that kind brings the arrays it is given to one type, the widest."""
    return kind in _MEETING
