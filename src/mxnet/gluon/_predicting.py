"""What a block can do beside single calls: predict for many inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from mxnet.device import Device

__all__ = ["Predicting"]


class Predicting:
    """The methods of `Block` that run it over many inputs."""

    def predict(
        self,
        data: Any,
        batch_size: int | None = None,
        device: Device | list[Device] | None = None,
        transform: Callable[[Any], Any] | None = None,
        num_workers: int | None = None,
        progress: bool | Callable[[int, int | None], Any] | None = None,
    ) -> Any:
        """The outputs for many inputs, computed batch by batch in predict mode while the next ones are read.

        Of several processes that torchrun has started, each computes its share of the batches, and gets all outputs.

        Parameters
        ----------
        data : DataLoader, Dataset, array, path or iterable of batches
            A path leads to a folder of images, taken in the order of their paths, or to a ``.rec`` file with its
            ``.idx``. Of samples and batches that are tuples or lists only the first part is used. NumPy arrays come
            to the network as `mx.np.array` makes them, float32.
        batch_size : int, optional
            Samples in a batch, default 32; not where `data` has batches. A smaller batch than the first is filled up
            to it if the block is hybridized, rather than compiled for; what that adds to the outputs is cut off.
        device : Device or list of Device, optional
            Where to compute, batches in turn; default where the parameters are.
        transform : callable, optional
            A function of every sample; not where `data` has batches. Default for paths: the shorter side resized to
            256, the middle 224 x 224 of it, `ToTensor`, and `Normalize` for ImageNet.
        num_workers : int, optional
            Threads that read and transform ahead, default at most 4; 0 reads each batch when it is its turn. Batches
            of an iterable are read by one; a DataLoader's own workers stay as they are.
        progress : bool or callable, optional
            Whether to draw a bar, default if standard error is a terminal; or ``progress(done, total)``, in samples.

        Returns
        -------
        array or nested arrays
            As the block returns them, joined along the first axis, in the memory of the CPU.

        Raises
        ------
        TypeError, ValueError
            If an argument is none of these, or there is nothing to predict.
        MXNetError
            If a file is no image, parameters are not on `device`, or outputs cannot be joined.

        Examples
        --------
        >>> net = mx.gluon.nn.Dense(2)
        >>> net.initialize()
        >>> net.predict(mx.np.ones((100, 3))).shape
        (100, 2)
        """
        from mxnet.gluon import _predict

        return _predict.predict(self, data, batch_size, device, transform, num_workers, progress)

    def predict_batches(
        self,
        data: Any,
        batch_size: int | None = None,
        device: Device | list[Device] | None = None,
        transform: Callable[[Any], Any] | None = None,
        num_workers: int | None = None,
        progress: bool | Callable[[int, int | None], Any] | None = None,
    ) -> Iterator[Any]:
        """As `predict`, giving the outputs of one batch after the other: they need never be in memory together.

        In several processes each gives those of its own batches: of number r, r + n, ... in process r of n.

        Examples
        --------
        >>> net = mx.gluon.nn.Dense(2)
        >>> net.initialize()
        >>> [out.shape for out in net.predict_batches(mx.np.ones((5, 3)), batch_size=2)]
        [(2, 2), (2, 2), (1, 2)]
        """
        from mxnet.gluon import _predict

        return _predict.predict_batches(self, data, batch_size, device, transform, num_workers, progress)
