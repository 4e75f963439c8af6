"""What transforms promise beyond the values in `reference/image.npz`: randomness, forms of arguments, types."""

import random

import numpy as onp
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mxnet as mx
from mxnet.gluon.data.vision import transforms

HEIGHT, WIDTH = 12, 15
COLORED = onp.random.RandomState(3).randint(0, 256, (HEIGHT, WIDTH, 3)).astype("uint8")

RANDOM = [
    transforms.RandomResizedCrop(6),
    transforms.RandomCrop(6),
    transforms.RandomFlipLeftRight(),
    transforms.RandomFlipTopBottom(),
    transforms.RandomBrightness(0.5),
    transforms.RandomContrast(0.5),
    transforms.RandomSaturation(0.5),
    transforms.RandomHue(0.3),
    transforms.RandomColorJitter(0.3, 0.3, 0.3, 0.3),
    transforms.RandomLighting(0.5),
    transforms.HybridRandomApply(transforms.Cast("int32")),
    transforms.RandomGray(),
]


def colored():
    return mx.np.array(COLORED, dtype="uint8")


@pytest.mark.parametrize("transform", RANDOM, ids=lambda transform: type(transform).__name__)
def test_seed_repeats_what_is_drawn(transform):
    mx.random.seed(5)
    first = [transform(colored()).asnumpy() for _ in range(12)]
    mx.random.seed(5)
    second = [transform(colored()).asnumpy() for _ in range(12)]
    assert all((one == other).all() and one.dtype == other.dtype for one, other in zip(first, second, strict=True))
    assert any(one.dtype != first[0].dtype or (one != first[0]).any() for one in first[1:])


@pytest.mark.parametrize("transform", RANDOM, ids=lambda transform: type(transform).__name__)
def test_other_generators_are_left_alone(transform):
    before = random.getstate(), onp.random.get_state()[1].tolist()
    transform(colored())
    assert (random.getstate(), onp.random.get_state()[1].tolist()) == before


def test_random_crop_reaches_every_place():
    places = mx.np.array(onp.arange(12).reshape(3, 4, 1), dtype="uint8")
    crop = transforms.RandomCrop((3, 2))
    corners = {int(crop(places)[0, 0, 0].item()) for _ in range(60)}
    assert corners == {0, 1, 4, 5}


@given(height=st.integers(1, 20), width=st.integers(1, 20), size=st.tuples(st.integers(1, 24), st.integers(1, 24)))
def test_sizes_are_what_was_asked_for(height, width, size):
    image = mx.np.zeros((height, width, 3), dtype="uint8")
    for transform in (
        transforms.Resize(size),
        transforms.CenterCrop(size),
        transforms.RandomCrop(size),
        transforms.RandomResizedCrop(size),
    ):
        assert transform(image).shape == (size[1], size[0], 3)


@given(st.tuples(st.integers(1, 40), st.integers(1, 40)), st.integers(1, 30))
def test_resize_keeps_the_ratio(shape, size):
    height, width, _ = transforms.Resize(size, keep_ratio=True)(mx.np.zeros((*shape, 1), dtype="uint8")).shape
    assert min(height, width) == size
    assert max(height, width) == max(shape) * size // min(shape)


@pytest.mark.parametrize("pad", [2, (2, 2, 2, 2, 0, 0), ((2, 2), (2, 2), (0, 0))])
def test_random_crop_pads(pad):
    padded = transforms.RandomCrop((WIDTH + 4, HEIGHT + 4), pad=pad, pad_value=9)(colored()).asnumpy()
    assert (padded[2:-2, 2:-2] == COLORED).all()
    padded[2:-2, 2:-2] = 9
    assert (padded == 9).all()


def test_gray_is_the_weighted_sum_in_every_channel():
    gray = transforms.RandomGray(1)(colored())
    expected = COLORED.astype("float32") @ onp.array([0.299, 0.587, 0.114], "float32")
    onp.testing.assert_allclose(gray.asnumpy(), expected[..., None].repeat(3, -1), rtol=1e-4)
    assert gray.dtype == "float32"


def test_saturation_moves_between_gray_and_color():
    image = colored().astype("float32")
    gray = COLORED.astype("float64") @ [0.299, 0.587, 0.114]
    for factor in (0.0, 0.4, 1.0, 1.8):
        found = mx.npx.image.random_saturation(image, factor, factor).asnumpy()
        expected = factor * COLORED + (1 - factor) * gray[..., None]
        onp.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("factor", [0.0, 1.0])
def test_whole_turn_of_the_hue_changes_nothing(factor):
    turned = mx.npx.image.random_hue(colored(), factor, factor).asnumpy().astype("int16")
    assert abs(turned - COLORED).max() <= 1, "the whole part of a number that may be a hair too small"
    found = mx.npx.image.random_hue(colored().astype("float32"), factor, factor).asnumpy()
    onp.testing.assert_allclose(found, COLORED, atol=1e-3)


def test_jitter_of_nothing_is_the_image():
    jittered = mx.npx.image.random_color_jitter(colored(), 0, 0, 0, 0)
    assert (jittered.asnumpy() == COLORED).all()


def test_color_transforms_leave_single_channels_alone():
    gray = colored()[:, :, :1]
    for transform in (transforms.RandomSaturation(0.9), transforms.RandomHue(0.5), transforms.RandomLighting(1.0)):
        assert (transform(gray).asnumpy() == gray.asnumpy()).all()


def test_labels_pass_through():
    image, label, more = transforms.Compose([transforms.Cast(), transforms.ToTensor()])(colored(), 3, "x")
    assert (image.shape, label, more) == ((3, HEIGHT, WIDTH), 3, "x")
    assert type(transforms.Cast()(colored())) is mx.np.ndarray


def test_numpy_images_are_taken():
    assert transforms.ToTensor()(COLORED).shape == (3, HEIGHT, WIDTH)
    with pytest.raises(ValueError, match="takes an image as an array"):
        transforms.ToTensor()(3)


def test_functions_may_be_steps():
    steps = transforms.Compose([lambda x: x[:4], transforms.ToTensor()])
    assert steps(colored()).shape == (3, 4, WIDTH)
    with pytest.raises(TypeError, match="Block or a function"):
        transforms.Compose([3])


@pytest.mark.parametrize("keep_ratio", [False, True])
def test_empty_images_are_refused_and_empty_batches_are_not(keep_ratio):
    resize = transforms.Resize(3, keep_ratio)
    with pytest.raises(mx.MXNetError, match="is empty"):
        resize(mx.np.zeros((0, 4, 3), dtype="uint8"))
    assert resize(mx.np.zeros((0, 4, 4, 3), dtype="uint8")).shape == (0, 3, 3, 3)


def test_wrong_arguments_are_refused_when_made():
    with pytest.raises(AssertionError, match="try use `RandomApply`"):
        transforms.HybridRandomApply(transforms.Compose([]))
    with pytest.raises(mx.MXNetError, match="size"):
        transforms.Resize("large")


def test_normalize_and_to_tensor_have_gradients():
    image = colored().astype("float32")
    image.attach_grad()
    with mx.autograd.record():
        y = mx.npx.image.normalize(mx.npx.image.to_tensor(image), mean=0.5, std=(0.1, 0.2, 0.4))
    y.backward()
    onp.testing.assert_allclose(image.grad.asnumpy()[2, 3], onp.array([10, 5, 2.5]) / 255, rtol=1e-5)


def test_compose_prints_its_steps():
    assert repr(transforms.Compose([transforms.ToTensor()])) == "Compose(\n  (0): ToTensor(\n  \n  )\n)"


@pytest.mark.parametrize("channels", [1, 3])
def test_normalize_does_not_mind_how_images_lie_in_memory(channels):
    image = mx.np.array(onp.random.rand(channels, 6, 7))
    last = mx.np.array(image.asnumpy().transpose(1, 2, 0).copy()).transpose((2, 0, 1))
    assert channels == 1 or not last._data.is_contiguous()
    for mean, std in ((0.5, 0.25), ((0.1, 0.2, 0.3)[:channels], (0.3, 0.5, 0.7)[:channels])):
        normalize = transforms.Normalize(mean, std)
        wanted = (image.asnumpy() - onp.float32(mean).reshape(-1, 1, 1)) / onp.float32(std).reshape(-1, 1, 1)
        for each in (image, last):
            assert (normalize(each).asnumpy() == wanted).all()
            batch = normalize(mx.np.stack([each, each])).asnumpy()
            assert (batch == wanted).all()
    assert (image.asnumpy() == last.asnumpy()).all()
