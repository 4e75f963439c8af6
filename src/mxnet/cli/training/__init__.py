"""What `mxzoo train` and `mxzoo evaluate` do.

    _settings     what to train, and how; which of it may change when a run is resumed
    _data         finds the images and their classes in folders, record files and named datasets; reports bad ones
    _named        datasets that have a name
    _sources      reads one image
    _augment      changes it at random
    _batches      batches of images, in an order and with changes that follow from seed, epoch and number alone
    _network      a network of the zoo with a new head
    _session      one step, one validation; everything that a checkpoint holds
    _checkpoint   checkpoints on disk
    _run          a whole run: events of `gluon.contrib.estimator`, handled by _handlers
    _evaluate     a trained network over a set of images
    _log, _picture, _report    what is left for people to read

Whatever is drawn at random is a function of the seed and of where in the training it is drawn, not of who draws it:
so a run that was cut off goes on as if it had not been.
"""

from mxnet.cli.training._settings import Settings

__all__ = ["Settings"]
