"""Helpers of `gluon.utils`; expected values are genuine MXNet's or plain arithmetic."""

import functools
import gc
import hashlib
import http.server
import os
import threading
import warnings
from collections import OrderedDict

import numpy as np
import pytest

import mxnet as mx
from mxnet.base import MXNetError
from mxnet.gluon import utils

TWO = [mx.cpu(0), mx.cpu(1)]


def test_split_data():
    data = mx.np.arange(12).reshape(6, 2)
    assert [part.asnumpy().tolist() for part in utils.split_data(data, 3)] == data.asnumpy().reshape(3, 2, 2).tolist()
    assert [part.shape for part in utils.split_data(data, 2, batch_axis=1)] == [(6, 1)] * 2
    assert [len(part) for part in utils.split_data(data, 4, even_split=False)] == [2, 2, 1, 1]
    assert [part.shape for part in utils.split_data(data, 7, even_split=False)] == [(1, 2)] * 6 + [(0, 2)]


def test_split_data_is_recorded():
    data = mx.np.ones((4, 2))
    data.attach_grad()
    with mx.autograd.record():
        first, second = utils.split_data(data, 2)
        total = (first * 2 + second * 3).sum()
    total.backward()
    assert data.grad.asnumpy()[:, 0].tolist() == [2, 2, 3, 3]


def test_split_data_refuses():
    data = mx.np.ones((6, 2))
    with pytest.raises(ValueError, match=r"shape \(6, 2\) cannot be evenly split into 4 slices along axis 0"):
        utils.split_data(data, 4)
    with pytest.raises(IndexError, match="has no axis 2"):
        utils.split_data(data, 2, 2)
    with pytest.raises(ValueError, match="at least 1, not 0"):
        utils.split_data(data, 0)
    with pytest.raises(TypeError, match="not list"):
        utils.split_data([1, 2], 2)


def test_split_and_load():
    parts = utils.split_and_load([[1, 2], [3, 4]], TWO)
    assert [(part.device, part.asnumpy().tolist()) for part in parts] == [(TWO[0], [[1, 2]]), (TWO[1], [[3, 4]])]
    assert utils.split_and_load(np.ones((3, 2)), [mx.cpu(1)])[0].device == mx.cpu(1)
    assert [len(part) for part in utils.split_and_load(mx.np.ones(3), TWO, even_split=False)] == [2, 1]
    with pytest.raises(TypeError, match="must be a list of devices"):
        utils.split_and_load([1, 2], mx.cpu())
    with pytest.raises(ValueError, match="at least 1"):
        utils.split_and_load([1, 2], [])


def test_clip_global_norm():
    arrays = [mx.np.full((4,), 3.0), mx.np.ones(2, device=mx.cpu(1))]
    assert utils.clip_global_norm(arrays, 1.0) == pytest.approx(np.sqrt(38), rel=1e-6)
    np.testing.assert_allclose(arrays[0].asnumpy(), [0.48666424] * 4, rtol=1e-6)
    np.testing.assert_allclose(arrays[1].asnumpy(), [0.16222142] * 2, rtol=1e-6)
    assert utils.clip_global_norm([mx.np.full((4,), 3.0)], 100) == 6.0
    short = mx.np.full((4,), 3.0)
    utils.clip_global_norm([short], 100)
    assert short.asnumpy().tolist() == [3.0] * 4


def test_clip_global_norm_of_half_precision_does_not_overflow():
    arrays = [mx.np.full((4,), 300.0, dtype="float16"), mx.np.full((1,), 1.0)]
    assert utils.clip_global_norm(arrays, 6.0) == pytest.approx(np.sqrt(360001), rel=1e-6)
    np.testing.assert_allclose(arrays[0].asnumpy(), [3.0] * 4, rtol=1e-3)
    assert arrays[0].dtype == np.float16


def test_clip_global_norm_that_is_not_finite():
    array = mx.np.array([np.nan, 1.0])
    with pytest.warns(UserWarning, match="nan or inf is detected"):
        assert np.isnan(utils.clip_global_norm([array], 1.0))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        norm = utils.clip_global_norm([mx.np.array([np.inf])], 1.0, check_isfinite=False)
    assert norm.shape == (1,) and norm.item() == np.inf
    with pytest.raises(IndexError, match="at least one array"):
        utils.clip_global_norm([], 1.0)


def test_shape_is_known():
    given = [None, (), (1, 0), (1, -1), (2, 3)]
    assert [utils.shape_is_known(shape) for shape in given] == [False, True, True, False, True]


def test_hook_handle():
    hooks = OrderedDict()
    with utils.HookHandle() as handle:
        handle.attach(hooks, print)
        assert list(hooks.values()) == [print]
        with pytest.raises(AssertionError, match="attached twice"):
            handle.attach(hooks, print)
    assert not hooks
    handle.detach()
    last = utils.HookHandle()
    last.attach(hooks, print)
    del hooks
    gc.collect()
    last.detach()


def test_replace_file(tmp_path):
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_text("new")
    target.write_text("old")
    utils.replace_file(source, target)
    assert target.read_text() == "new" and not source.exists()
    source.write_text("new")
    with pytest.raises(OSError, match="moving .* failed"):
        utils.replace_file(source, tmp_path / "no" / "target")
    assert not source.exists()


# Downloads

TEXT = b"hello"
SHA1 = hashlib.sha1(TEXT).hexdigest()


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves a folder, after refusing as many requests as the server's `refusals` says."""

    def do_GET(self):
        self.server.requests += 1
        if self.server.requests <= self.server.refusals:
            self.send_error(503)
        else:
            super().do_GET()

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server(tmp_path):
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "file.txt").write_bytes(TEXT)
    serving = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=os.fspath(folder)))
    serving.requests = serving.refusals = 0
    serving.url = f"http://127.0.0.1:{serving.server_port}"
    thread = threading.Thread(target=serving.serve_forever, daemon=True)
    thread.start()
    yield serving
    serving.shutdown()
    serving.server_close()
    thread.join()


def test_download_into_a_folder_or_to_a_file(server, tmp_path, monkeypatch):
    assert utils.download(server.url + "/file.txt", tmp_path) == str(tmp_path / "file.txt")
    deep = tmp_path / "a" / "b" / "named"
    assert utils.download(server.url + "/file.txt", deep, sha1_hash=SHA1) == str(deep)
    assert deep.read_bytes() == TEXT and os.listdir(deep.parent) == ["named"]
    monkeypatch.chdir(tmp_path / "a")
    assert utils.download(server.url + "/file.txt") == "file.txt"
    assert (tmp_path / "a" / "file.txt").read_bytes() == TEXT


def test_what_is_there_is_not_fetched_again(server, tmp_path):
    target = tmp_path / "file.txt"
    target.write_text("other")
    utils.download(server.url + "/file.txt", target)
    assert server.requests == 0 and target.read_text() == "other"
    utils.download(server.url + "/file.txt", target, sha1_hash=SHA1)
    assert server.requests == 1 and target.read_bytes() == TEXT
    utils.download(server.url + "/file.txt", target, sha1_hash=SHA1)
    assert server.requests == 1
    utils.download(server.url + "/file.txt", target, overwrite=True)
    assert server.requests == 2


def test_download_tries_again(server, tmp_path, monkeypatch):
    monkeypatch.setenv("MXNET_DOWNLOAD_BACKOFF", "0")
    server.refusals = 2
    utils.download(server.url + "/file.txt", tmp_path / "file", retries=3)
    assert server.requests == 3
    server.refusals, server.requests = 2, 0
    with pytest.raises(MXNetError, match="Failed downloading url .*503"):
        utils.download(server.url + "/file.txt", tmp_path / "other", retries=2)
    assert not (tmp_path / "other").exists()


def test_a_wrong_checksum_leaves_the_older_file(server, tmp_path):
    target = tmp_path / "kept"
    target.write_text("old")
    with pytest.raises(UserWarning, match="another file under this name: 5 bytes, with SHA-1 aaf4c61d"):
        utils.download(server.url + "/file.txt", target, sha1_hash="00", retries=2)
    assert server.requests == 2 and target.read_text() == "old"
    assert sorted(os.listdir(tmp_path)) == ["kept", "served"]


def test_download_from_this_machine(tmp_path):
    source = tmp_path / "a file.txt"
    source.write_bytes(TEXT)
    assert utils.download(source.as_uri(), tmp_path / "copy", sha1_hash=SHA1) == str(tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == TEXT
    with pytest.raises(MXNetError, match="Failed downloading url"):
        utils.download((tmp_path / "none").as_uri(), tmp_path / "copy2", retries=1)


def test_download_refuses(tmp_path):
    with pytest.raises(AssertionError, match="ends in no file name"):
        utils.download("http://127.0.0.1/", tmp_path)
    with pytest.raises(AssertionError, match="retries must be at least 0"):
        utils.download("http://127.0.0.1/x", tmp_path, retries=-1)
    with pytest.raises(MXNetError, match="gopher://x/y: is no address to download from"):
        utils.download("gopher://x/y", tmp_path)


def test_an_unchecked_certificate_is_warned_of(server, tmp_path):
    with pytest.warns(UserWarning, match="certificate is not checked"):
        utils.download(server.url + "/file.txt", tmp_path / "file", verify_ssl=False)


def test_check_sha1(tmp_path):
    (tmp_path / "file").write_bytes(TEXT)
    assert utils.check_sha1(tmp_path / "file", SHA1)
    assert not utils.check_sha1(tmp_path / "file", SHA1[:-1])
    with pytest.raises(FileNotFoundError):
        utils.check_sha1(tmp_path / "none", SHA1)
