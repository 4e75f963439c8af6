"""`Estimator` and its handlers: as recorded of MXNet 2.0.0b1, and against a training that is written out."""

import json
import logging
import re
import warnings

import numpy as onp
import pytest
from references import load

import mxnet as mx
from mxnet import amp, autograd, gluon
from mxnet.gluon import nn
from mxnet.gluon.contrib.estimator import (
    BatchBegin,
    BatchEnd,
    BatchProcessor,
    CheckpointHandler,
    EarlyStoppingHandler,
    EpochBegin,
    EpochEnd,
    Estimator,
    EventHandler,
    LoggingHandler,
    StoppingHandler,
    TrainBegin,
    ValidationHandler,
)
from mxnet.gluon.metric import Accuracy, Loss

import make_estimator as reference  # isort: skip  (found through `references`)

RECORDED = load("estimator.json")
CE = gluon.loss.SoftmaxCrossEntropyLoss


def lines(log):
    return re.sub(r"\d+(\.\d+)?s\b", "Ts", log.getvalue()).split("\n")


# As recorded


@pytest.mark.parametrize("name", reference.SEQUENCES)
def test_handlers_are_told_in_the_order_of_mxnet(name):
    assert reference.sequence(name) == RECORDED["sequences"][name]


def test_handlers_of_an_evaluation_are_told_in_the_order_of_mxnet():
    assert reference.evaluation() == RECORDED["evaluation"]


@pytest.mark.parametrize("name", reference.CHECKPOINTS)
def test_checkpoints_are_those_of_mxnet_and_what_a_training_goes_on_from(name):
    found, recorded = reference.checkpoint_files(name), RECORDED["checkpoints"][name]
    progress = [file for file in found["files"] if file.endswith(".progress")]
    assert found["listed"] == recorded["listed"]
    assert sorted(set(found["files"]) - set(progress)) == recorded["files"]
    states = [file for file in recorded["files"] if file.endswith(".states")]
    assert progress == [file.replace(".states", ".progress") for file in states]


@pytest.mark.parametrize("name", reference.SERIES)
def test_early_stopping_counts_as_mxnet(name):
    assert reference.early_stop(name) == RECORDED["early_stops"][name]


@pytest.mark.parametrize("name", reference.METRICS)
def test_metrics_are_named_as_by_mxnet(name):
    assert list(reference.metric_names(name)) == RECORDED["metric_names"][name]


@pytest.mark.parametrize("name", reference.LINES)
def test_log_is_that_of_mxnet(name):
    assert reference.log_lines(name) == RECORDED["log_lines"][name]


@pytest.mark.parametrize("name", reference.MISTAKES)
def test_mistakes_raise_what_mxnet_raises(name):
    assert reference.mistake(name) == RECORDED["mistakes"][name]


def test_training_gives_the_numbers_of_mxnet():
    found, recorded = reference.training(), RECORDED["training"]
    onp.testing.assert_allclose(found["epochs"], recorded["epochs"], rtol=1e-5)
    assert found["parameters"].keys() == recorded["parameters"].keys()
    for name, values in recorded["parameters"].items():
        onp.testing.assert_allclose(found["parameters"][name], values, rtol=1e-5, atol=1e-6)


def test_signatures_begin_with_those_of_mxnet():
    found = reference.signatures()
    for name, recorded in RECORDED["signatures"].items():
        assert found[name][: len(recorded)] == recorded, name


# Training


def test_training_is_that_of_a_loop_written_out():
    estimator, _ = reference.made()
    estimator.fit(reference.loader(), epochs=3)
    net = reference.network()
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.25, "momentum": 0.875})
    for _ in range(3):
        accuracy, mean_loss = Accuracy(), Loss()
        for data, label in reference.loader():
            with autograd.record():
                scores = net(data)
                loss = CE()(scores, label)
            loss.backward()
            trainer.step(len(data))
            accuracy.update(label, scores)
            mean_loss.update(None, loss)
    assert [metric.get()[1] for metric in estimator.train_metrics] == [accuracy.get()[1], mean_loss.get()[1]]
    for name, parameter in net.collect_params().items():
        assert (estimator.net.collect_params()[name].data() == parameter.data()).all(), name


@pytest.mark.parametrize("count", [8, 7])
def test_training_on_two_devices_is_that_on_one(count):
    devices = [mx.cpu(0), mx.cpu(1)]
    parameters = []
    for device in (devices, [mx.cpu(0)]):
        net = nn.Dense(2, in_units=3)
        net.initialize(mx.init.Constant(0.1), device=device)
        trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.5})
        estimator, _ = reference.made()
        estimator = Estimator(net, CE(), trainer=trainer, device=device, logger=estimator.logger)
        estimator.fit(reference.loader(count), epochs=2)  # a last batch of three samples, with seven in all
        assert estimator.train_metrics[0].num_inst == count
        parameters.append(net.weight.data(device[0]).asnumpy())
    onp.testing.assert_allclose(*parameters, rtol=1e-5)


def test_evaluation_is_of_val_net_with_val_loss():
    net, other = reference.network(), reference.network()
    other.share_parameters(net.collect_params())
    halved = CE(weight=0.5)
    estimator, _ = reference.made(val_net=other, val_loss=halved)
    estimator.evaluate(reference.loader())
    whole, _ = reference.made()
    whole.evaluate(reference.loader())
    assert estimator.val_metrics[1].get()[1] == pytest.approx(whole.val_metrics[1].get()[1] / 2)
    assert estimator.val_metrics[1].name == "validation SoftmaxCrossEntropyLoss"


def test_network_is_initialized_where_it_is_to_be():
    net = nn.Dense(2)
    with pytest.warns(UserWarning, match="No trainer specified, default SGD optimizer with learning rate 0.001"):
        estimator = Estimator(net, CE(), initializer=mx.init.One(), device=mx.cpu(1))
    assert (estimator.device, net.weight.list_device()) == ([mx.cpu(1)], [mx.cpu(1)])
    assert estimator.context is estimator.device
    assert type(estimator.trainer.optimizer).__name__ == "SGD"
    net(mx.np.ones((1, 3)))
    assert (net.weight.data() == 1).all()


def test_device_is_that_of_the_network():
    net = reference.network()
    net.reset_device([mx.cpu(1)])
    with pytest.warns(UserWarning, match="No trainer"):
        assert Estimator(net, CE()).device == [mx.cpu(1)]
    with pytest.warns(UserWarning, match="No trainer"):
        Estimator(net, CE(), context=mx.cpu(2))
    assert net[0].weight.list_device() == [mx.cpu(2)]


def test_trainer_of_another_device_is_refused():
    net = reference.network()
    trainer = gluon.Trainer(net.collect_params(), "sgd")
    with pytest.raises(ValueError, match=r"the network is on \[cpu\(0\)\], but device=\[cpu\(1\)\]: .*before the Tr"):
        Estimator(net, CE(), trainer=trainer, device=mx.cpu(1))
    assert net[0].weight.list_device() == [mx.cpu(0)]


def test_initializer_for_an_initialized_network_is_passed_over_with_a_warning():
    net = reference.network()
    before = net[0].weight.data().copy()
    trainer = gluon.Trainer(net.collect_params(), "sgd")
    with pytest.warns(UserWarning, match="already fully initialized, skipping initialization"):
        Estimator(net, CE(), initializer="ones", trainer=trainer)
    assert (net[0].weight.data() == before).all()


def test_parts_that_are_initialized_stay():
    net = nn.HybridSequential()
    net.add(nn.Dense(3, in_units=2), nn.Dense(2, in_units=3))
    net[0].initialize(mx.init.One())
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        Estimator(net, CE(), initializer=mx.init.Zero())
    assert [str(each.message)[:10] for each in seen] == ["No trainer"]
    assert (net[0].weight.data() == 1).all() and (net[1].weight.data() == 0).all()


def test_batches_of_other_forms_take_a_processor():
    class OfDicts(BatchProcessor):
        def split(self, batch, devices, batch_axis=0):
            return [batch["points"]], [batch["sides"]]

    batches = [{"points": x, "sides": y} for x, y in reference.loader()]
    estimator, log = reference.made(Accuracy(), batch_processor=OfDicts())
    estimator.fit(batches, val_data=batches, epochs=2, event_handlers=LoggingHandler(3, estimator.train_metrics))
    expected, _ = reference.made(Accuracy())
    expected.fit(reference.loader(), epochs=2)
    assert estimator.train_metrics[0].get() == expected.train_metrics[0].get()
    assert "[Epoch 1][Batch 3][Samples 16]" in log.getvalue()


@pytest.mark.parametrize(
    ("batch", "what"), [(mx.np.ones((4, 3)), "a ndarray"), ([mx.np.ones((4, 3))], "a list of 1"), ({}, "a dict")]
)
def test_batches_of_other_forms_say_what_to_do(batch, what):
    estimator, _ = reference.made()
    with pytest.raises(ValueError, match=f"must be a list or tuple of data and label, not {what}: .*BatchProcessor"):
        estimator.fit([batch], epochs=1)


def test_processor_may_change_a_step():
    class Doubled(BatchProcessor):
        def forward(self, net, loss, data, label):
            pred = net(data)
            return pred, 2 * loss(pred, label)

    doubled, _ = reference.made(batch_processor=Doubled())
    plain, _ = reference.made()
    for estimator in (doubled, plain):
        estimator.fit(reference.loader(4), batches=1)
    assert doubled.train_metrics[1].get()[1] == pytest.approx(2 * plain.train_metrics[1].get()[1])
    data, label = next(iter(reference.loader()))
    parts = doubled.batch_processor._get_data_and_label((data, label), [mx.cpu(0)])
    assert [[part.shape for part in each] for each in parts] == [[(4, 3)], [(4,)]]


def test_loss_may_be_one_number():
    class Mean(CE):
        def forward(self, *args):
            return super().forward(*args).mean()

    mean, _ = reference.made(loss=Mean())
    plain, _ = reference.made()
    for estimator in (mean, plain):
        estimator.fit(reference.loader(), epochs=1)
    for one, other in zip(*(each.net.collect_params().values() for each in (mean, plain)), strict=True):
        onp.testing.assert_allclose(one.data().asnumpy(), other.data().asnumpy(), rtol=1e-5, atol=1e-7)


def test_losses_are_scaled_where_amp_does():
    estimator, _ = reference.made()
    with amp.autocast("float16"):
        amp.init_trainer(estimator.trainer, amp.loss_scaler.LossScaler(init_scale=8))
        scaler = estimator.trainer._amp_loss_scaler
        estimator.fit(reference.loader(), batches=5)
    assert scaler.loss_scale == 8 and scaler.state_dict()["unskipped"] == 5
    plain, _ = reference.made()
    plain.fit(reference.loader(), batches=5)
    found, expected = (each.net[0].weight.data().asnumpy() for each in (estimator, plain))
    onp.testing.assert_allclose(found, expected, atol=2e-2)


# Beginning and end


def told_batches(estimator, **arguments):
    """The batches, by their first number, and the places in the training at which they come."""
    seen = []

    class Note(BatchBegin):
        def batch_begin(self, estimator, *args, **kwargs):
            seen.append((tuple(estimator.position), float(kwargs["batch"][0][0, 0])))

    estimator.fit(reference.loader(12), event_handlers=Note(), **arguments)
    return seen


def test_training_may_begin_anywhere():
    estimator, log = reference.made()
    whole = told_batches(estimator, epochs=3)
    estimator, log = reference.made()
    assert told_batches(estimator, epochs=3, begin_epoch=1, begin_batch=2) == whole[5:]
    assert lines(log)[1] == "Train for 2 epochs." and "[Epoch 1] Begin" in log.getvalue()
    assert tuple(estimator.position) == (3, 0, 9)
    assert told_batches(reference.made()[0], batches=5, begin_epoch=1) == whole[3:5]


def test_training_that_is_over_before_it_begins():
    estimator, _ = reference.made()
    assert told_batches(estimator, epochs=2, begin_epoch=2) == []


@pytest.mark.parametrize("name", ["begin_epoch", "begin_batch"])
@pytest.mark.parametrize("value", [-1, 1.5, "a", True])
def test_beginnings_that_are_none(name, value):
    with pytest.raises(ValueError, match=f"{name} must be 0 or a positive int, not "):
        reference.made()[0].fit(reference.loader(), epochs=1, **{name: value})


@pytest.mark.parametrize("name", ["epochs", "batches"])
@pytest.mark.parametrize("value", [1.5, "a", -1])
def test_lengths_that_are_none(name, value):
    with pytest.raises(TypeError, match=f"{name} must be a positive int, not "):
        reference.made()[0].fit(reference.loader(), **{name: value})


def test_loader_that_knows_where_to_begin_is_told():
    class Places:
        def __init__(self):
            self.told = []

        def set_position(self, epoch, batch):
            self.told.append((epoch, batch))

        def __iter__(self):
            return iter(list(reference.loader(12))[self.told[-1][1] :])

    places = Places()
    estimator, _ = reference.made()
    estimator.fit(places, epochs=3, begin_epoch=1, begin_batch=2)
    assert places.told == [(1, 2), (2, 0)]
    assert tuple(estimator.position) == (3, 0, 6)  # a batch of epoch 1, three of epoch 2; without a length, none before


def test_anybody_may_stop_the_training():
    class Stop(BatchEnd):
        def batch_end(self, estimator, *args, **kwargs):
            estimator.stop_training = estimator.position.total_batches == 4

    estimator, _ = reference.made()
    told = []
    with reference.recorded(told):
        estimator.fit(reference.loader(12), epochs=9, event_handlers=[Stop(), reference.Witness()])
    assert tuple(estimator.position) == (1, 1, 4)
    assert [each for each in told if each.startswith("Witness")][-2:] == ["Witness.epoch_end", "Witness.train_end"]
    estimator.fit(reference.loader(12), epochs=2)
    assert tuple(estimator.position) == (2, 0, 6)


def test_own_stopping_handler_may_only_shorten():
    stopping = StoppingHandler(max_epoch=1)
    for epochs, trained in ((3, 1), (1, 1)):
        estimator, _ = reference.made()
        estimator.fit(reference.loader(), epochs=epochs, event_handlers=stopping)
        assert (estimator.position.epoch, stopping.current_epoch) == (trained, trained)


def test_end_is_told_even_of_a_training_that_fails():
    class Fails(TrainBegin, BatchEnd):
        def train_begin(self, estimator, *args, **kwargs):
            estimator.at_exit(lambda: done.append(estimator.is_fitting))

        def batch_end(self, estimator, *args, **kwargs):
            estimator.after_event(lambda: done.append("never"))
            raise RuntimeError("no")

    done = []
    estimator, _ = reference.made()
    with pytest.raises(RuntimeError, match="no"):
        estimator.fit(reference.loader(), epochs=1, event_handlers=Fails())
    assert done == [True] and not estimator.is_fitting
    estimator.fit(reference.loader(), epochs=1)
    assert done == [True]


def test_what_is_put_off_comes_after_all_handlers():
    order = []

    class First(BatchEnd, EpochEnd):
        priority = -3000

        def batch_end(self, estimator, *args, **kwargs):
            estimator.after_event(lambda: order.append(("after", tuple(estimator.position))))

        def epoch_end(self, estimator, *args, **kwargs):
            estimator.after_event(lambda: order.append(("after epoch", tuple(estimator.position))))

    class Last(BatchEnd):
        priority = float("inf")

        def batch_end(self, estimator, *args, **kwargs):
            order.append("last")

    estimator, _ = reference.made()
    estimator.fit(reference.loader(4), epochs=1, event_handlers=[First(), Last()])
    assert order == ["last", ("after", (0, 1, 1)), ("after epoch", (1, 0, 1))]
    estimator.after_event(lambda: order.append("at once"))
    assert order[-1] == "at once"


def test_handlers_know_whether_it_is_a_training():
    known = []

    class Ask(EpochBegin):
        def epoch_begin(self, estimator, *args, **kwargs):
            known.append((estimator.is_fitting, estimator.is_training))

    estimator, _ = reference.made()
    validation = ValidationHandler(reference.loader(4), estimator.evaluate, event_handlers=[Ask()])
    estimator.fit(reference.loader(4), epochs=1, event_handlers=[Ask(), validation])
    estimator.evaluate(reference.loader(4), event_handlers=Ask())
    assert known == [(True, True), (True, False), (False, False)]


def test_given_list_of_handlers_stays_as_it_is():
    given = [reference.Witness()]
    estimator, _ = reference.made()
    estimator.fit(reference.loader(4), epochs=1, event_handlers=given)
    assert len(given) == 1 and len(estimator.event_handlers) == 5


def test_validation_in_a_training_has_its_epoch():
    estimator, log = reference.made(Accuracy())
    estimator.fit(reference.loader(), reference.loader(8), epochs=2)
    finished = [line.split(",")[0] for line in lines(log) if "validation" in line]
    assert finished == ["[Epoch 0] Finished in Ts", "[Epoch 1] Finished in Ts"]


def test_log_without_metrics():
    estimator, log = reference.made()
    estimator.fit(reference.loader(), epochs=1, event_handlers=LoggingHandler(log_interval=4))
    assert lines(log)[2:] == [
        "[Epoch 0] Begin, current learning rate: 0.2500",
        "[Epoch 0][Batch 0][Samples 4] time/interval: Ts",
        "[Epoch 0][Batch 4][Samples 20] time/interval: Ts",
        "[Epoch 0] Finished in Ts",
        "Train finished using total Ts with 1 epochs.",
        "",
    ]


def test_log_goes_to_what_is_the_standard_output(capsys):
    with pytest.warns(UserWarning, match="No trainer"):
        estimator = Estimator(reference.network(), CE(), train_metrics=Accuracy())
    estimator.evaluate(reference.loader())
    assert capsys.readouterr().out.startswith("Validation Begin\n[Epoch 0] Finished in ")
    estimator.logger.setLevel(logging.WARNING)
    estimator.evaluate(reference.loader())
    assert capsys.readouterr().out == ""
    assert Estimator.logger is None and isinstance(estimator.logger, logging.Logger)


def test_epochs_without_batches():
    estimator, _ = reference.made()
    estimator.fit([], epochs=2)
    assert tuple(estimator.position) == (2, 0, 0)


# Mistakes of other kinds than those recorded


@pytest.mark.parametrize("data", [None, 1, "text", {"a": 1}, iter([1]), mx.np.ones((2, 2))])
def test_data_that_cannot_be_iterated_over_again(data):
    estimator, _ = reference.made()
    with pytest.raises(ValueError, match="Estimator only support input as Gluon DataLoader.* given "):
        estimator.fit(data, epochs=1)
    if data is not None:
        with pytest.raises(ValueError, match="Estimator only support"):
            estimator.fit(reference.loader(), data, epochs=1)


def test_network_that_is_none():
    with pytest.raises(ValueError, match="net must be a Block.*'net'"):
        Estimator("net", CE())
    with pytest.raises(ValueError, match="val_net must be a Block"):
        reference.made(val_net=1)


def test_metric_for_both():
    metric = Accuracy()
    with pytest.raises(ValueError, match="is among train_metrics and val_metrics"):
        reference.made(metric, val_metrics=metric)
    assert metric.name == "accuracy"


def test_metrics_keep_their_names_in_a_second_estimator():
    metric = Accuracy()
    for _ in range(2):
        estimator, _ = reference.made(metric)
    assert [each.name for each in estimator.train_metrics + estimator.val_metrics] == [
        "training accuracy",
        "validation accuracy",
    ]


@pytest.mark.parametrize(
    ("name", "operator"),
    [
        ("accuracy", "greater"),
        ("f1", "greater"),
        ("mcc", "greater"),
        ("loss", "less"),
        ("F1Loss", "less"),
        ("mae", "less"),
    ],
)
def test_mode_follows_from_the_name_with_a_warning(name, operator, tmp_path):
    metric = Loss(name)
    expected = f"`{operator}` operator will be used to determine if {name} has improved.*disable this warning"
    with pytest.warns(UserWarning, match=expected):
        handler = EarlyStoppingHandler(metric)
    assert handler.monitor_op.__name__ == operator
    with pytest.warns(UserWarning, match=expected):
        assert CheckpointHandler(tmp_path, monitor=metric, save_best=True).monitor_op.__name__ == operator


def test_mode_that_is_none():
    with (
        pytest.warns(RuntimeWarning, match="EarlyStopping mode up is unknown, fallback to auto mode"),
        pytest.warns(UserWarning, match="`less`"),
    ):
        EarlyStoppingHandler(Loss(), mode="up")


def test_composite_metrics_cannot_be_monitored():
    with pytest.raises(ValueError, match="Please provide one of the metric objects"):
        EarlyStoppingHandler(gluon.metric.create(["acc", "ce"]), mode="max")


def test_monitor_that_nobody_updates():
    handler = EarlyStoppingHandler(Accuracy(), mode="max")
    estimator, _ = reference.made()
    with pytest.warns(RuntimeWarning, match="accuracy is not updated, make sure you pass one of the metric objects"):
        estimator.fit(reference.loader(4), epochs=1, event_handlers=handler)


def test_handler_that_is_no_event_handler():
    class Duck:
        def batch_end(self, *args, **kwargs):
            pass

    with pytest.raises(ValueError, match="handlers must be an EventHandler or a list of EventHandler, got: "):
        reference.made()[0].fit(reference.loader(), epochs=1, event_handlers=[Duck()])
    assert issubclass(BatchEnd, EventHandler)


@pytest.mark.parametrize("interval", [0, -1, 1.5, True, "batch"])
def test_interval_that_is_none(interval):
    with pytest.raises(ValueError, match="log_interval must be either an integer or string 'epoch'"):
        LoggingHandler(log_interval=interval)


def test_modules_are_those_of_mxnet():
    from mxnet.gluon.contrib.estimator import batch_processor, estimator, event_handler

    assert (batch_processor.__all__, estimator.__all__) == (["BatchProcessor"], ["Estimator"])
    assert {"CheckpointHandler", "TrainBegin"} <= set(event_handler.__all__)
    assert json.dumps(sorted(mx.gluon.contrib.__all__)) == '["TorchBlock", "estimator"]'
