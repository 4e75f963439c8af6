"""Rows that compare images here and under genuine MXNet: an expression each, evaluated by both.

Names in an expression: `u` is a uint8 image (13, 17, 3), `f` the same in float32, `c` it as `ToTensor` gives it, `b` a
batch of two uint8 images, `l` the float32 image as an `mx.nd.NDArray`; `image` is `mx.image`, `T` the transforms, `op`
`mx.npx.image`, `data` `gluon.data`. Python's and NumPy's generators are seeded before each row.
"""

import pathlib
import random

import numpy as onp

FOLDER = pathlib.Path(__file__).parent / "images"


def picture(height=13, width=17):
    """An image by formula: slopes in the channels, and a fast pattern in one of them."""
    y, x = onp.mgrid[0:height, 0:width]
    return onp.stack([(x * 13 + y * 5) % 256, (x * y * 3) % 256, (255 - x * 9 + y * 7) % 256], -1).astype("uint8")


SIZES = [(8, 6), (30, 25), (17, 9), (11, 20)]
READ = [
    f"image.imread('{name}', flag={flag})"
    for name in ("color.png", "color.jpg", "gray.png", "alpha.png", "deep.png")
    for flag in (0, 1)
]
ROWS = [
    *READ,
    "image.imread('color.png', to_rgb=False)",
    "image.imread('text.png')",
    "image.imread('truncated.png')",
    "image.imread('missing.png')",
    "image.imread('color.png', flag=-1)",
    "image.imdecode(read('color.jpg'))",
    "image.imdecode(bytearray(read('color.png')), flag=0)",
    "image.imdecode(onp.frombuffer(read('color.png'), 'uint8'), to_rgb=0)",
    "image.imdecode(b'')",
    "image.imdecode('color.png')",
    "image.imdecode(list(read('color.png')))",
    *[f"image.imresize(u, {w}, {h}, {i})" for w, h in SIZES for i in range(5)],
    *[f"image.imresize(f, {w}, {h}, {i})" for w, h in SIZES[:2] for i in range(5)],
    *[f"T.Resize(({w}, {h}), interpolation={i})(u)" for w, h in SIZES for i in range(5)],
    "image.imresize(u, 0, 5)",
    "image.imresize(onp.zeros((4, 4, 3)), 3, 3)",
    "image.resize_short(u, 7, 1)",
    "image.resize_short(u, 20, 3)",
    "image.resize_short(u, 7, 9)",
    "image.resize_short(u, 7, 11)",
    "T.Resize(7)(u)",
    "T.Resize(7, keep_ratio=True)(u)",
    "T.Resize(20, keep_ratio=True)(u)",
    "T.Resize(7)(b)",
    "T.Resize(7)(f)",
    "T.Resize(0)(u)",
    "T.Resize((3, 4, 5))(u)",
    "T.Resize(5, interpolation=7)(u)",
    "op.resize(u, size=(5, 4), interp=0)",
    "image.scale_down((640, 480), (720, 120))",
    "image.scale_down((360, 1000), (480, 500))",
    "image.fixed_crop(u, 2, 3, 7, 5)",
    "image.fixed_crop(u, 2, 3, 7, 5, (4, 4), 1)",
    "image.fixed_crop(u, 12, 3, 10, 5)",
    *[
        f"image.{name}(u, {size}, 1)"
        for name in ("center_crop", "random_crop")
        for size in ((8, 6), (9, 7), (40, 6), (30, 30))
    ],
    "image.random_size_crop(u, (8, 6), (0.08, 1), (0.75, 1.33), 1)",
    "image.random_size_crop(u, (8, 6), 0.5, (0.75, 1.33), 1)",
    "image.random_size_crop(u, (8, 6), (2, 3), (0.75, 1.33), 1)",
    *[f"T.CenterCrop({size})(u)" for size in (6, (8, 6), (9, 6), (30, 30), (30, 6))],
    "T.CenterCrop(6)(b)",
    "T.CenterCrop(0)(u)",
    "T.CropResize(2, 3, 7, 5)(u)",
    "T.CropResize(2, 3, 7, 5)(b)",
    "T.CropResize(2, 3, 7, 5, (4, 6), 1)(u)",
    "T.CropResize(14, 3, 7, 5)(u)",
    "op.crop(u, x=1, y=2, width=3, height=4)",
    "op.crop(u, x=1, y=2, width=0, height=4)",
    "op.flip_left_right(u)",
    "op.flip_top_bottom(f)",
    "op.flip_top_bottom(b)",
    "T.RandomFlipLeftRight(1)(u)",
    "T.RandomFlipTopBottom(0)(u)",
    *[f"op.random_crop(u, xrange=({p}, {p}), yrange=({q}, {q}), width=8, height=6)" for p, q in ((0, 1), (0.3, 0.7))],
    "op.random_crop(u, xrange=(0.5, 1.5), yrange=(0, 1), width=8, height=6)",
    "T.ToTensor()(u)",
    "T.ToTensor()(b)",
    "T.ToTensor()(f[:, :, :1])",
    "T.ToTensor()(u[:, :, 0])",
    "T.Normalize(0.5, 0.25)(c)",
    "T.Normalize((0.1, 0.2, 0.3), (0.4, 0.5, 0.6))(c)",
    "T.Normalize((0.1, 0.2, 0.3), 0.5)(T.ToTensor()(b))",
    "T.Normalize((10, 20, 30), (4, 5, 0.6))(u.transpose(2, 0, 1))",
    "T.Normalize(0.5, 0.25)(c.astype('float16'))",
    "T.Normalize((0.1, 0.2), 1)(c)",
    "T.Normalize(0.1, 1)(f)",
    "T.Compose([T.Resize(9), T.CenterCrop(7), T.ToTensor(), T.Normalize(0.5, 0.5)])(u)",
    "T.HybridCompose([T.CenterCrop(7), T.ToTensor()])(u)",
    "T.HybridCompose([T.Compose([])])",
    "T.RandomApply(T.ToTensor(), p=1)(u)",
    "T.RandomApply(T.ToTensor(), p=0)(u)",
    *[
        f"op.random_{name}({kind}, {factor}, {factor})"
        for name in ("brightness", "contrast", "hue")
        for kind in "uf"
        for factor in (0.4, 1.7)
    ],
    "op.random_brightness(u, -1, -1)",
    "op.random_contrast(b, 1, 1)",
    "op.adjust_lighting(u, alpha=(0.1, -0.2, 0.3))",
    "op.adjust_lighting(f, alpha=(0.1, -0.2, 0.3))",
    "op.random_lighting(f, alpha_std=0)",
    *[
        f"image.imrotate(c, {angle}, {zoom})"
        for angle in (0, 20, -75, 135)
        for zoom in ("", "zoom_in=True", "zoom_out=True")
    ],
    "image.imrotate(T.ToTensor()(b), 30)",
    "image.imrotate(u, 30)",
    "image.imrotate(c[0], 30)",
    "image.imrotate(c, 30, True, True)",
    "T.Rotate(25)(c)",
    "T.Rotate(25)(u)",
    "T.RandomRotation((-20, 20))(c)",
    "T.RandomRotation((-20, 20), rotate_with_proba=0)(c)",
    "T.RandomRotation((20, -20))",
    "T.RandomRotation((-20, 20), rotate_with_proba=2)",
    "image.random_rotate(T.ToTensor()(b), (-20, 20))",
    "image.color_normalize(f, np.array([1, 2, 3]), np.array([2, 3, 4]))",
    "image.color_normalize(c, np.array([0.1, 0.2, 0.3]).reshape(3, 1, 1), np.array([0.2, 0.3, 0.4]).reshape(3, 1, 1))",
    "image.color_normalize(f, None, np.array([2, 3, 4]))",
    "image.color_normalize(c, np.array([1, 2, 3]))",
    *[f"image.copyMakeBorder(l, 1, 2, 3, 4, {kind}, 7)" for kind in range(5)],
    "image.copyMakeBorder(l, 1, 2, 3, 4, 0, values=(1, 2, 3))",
    "image.copyMakeBorder(l, -1, 2, 3, 4)",
    "image.BrightnessJitterAug(0.3)(l)",
    "image.ContrastJitterAug(0.3)(l)",
    "image.SaturationJitterAug(0.3)(l)",
    "image.HueJitterAug(0.3)(l)",
    "image.ColorJitterAug(0.1, 0.2, 0.3)(l)",
    "image.LightingAug(0.1, onp.array([55.46, 4.794, 1.148]), onp.eye(3))(l)",
    "image.RandomGrayAug(1)(l)",
    "image.RandomGrayAug(0)(l)",
    "image.HorizontalFlipAug(1)(l)",
    "image.HorizontalFlipAug(0.5)(l)",
    "image.RandomCropAug((8, 6), 1)(u)",
    "image.RandomSizedCropAug((8, 6), (0.08, 1), (0.75, 1.3), 1)(u)",
    "image.ResizeAug(9, 1)(u)",
    "image.ForceResizeAug((9, 5), 9)(u)",
    "image.CastAug()(u)",
    "image.Augmenter()(u)",
    "image.CreateAugmenter((3, 8, 6), rand_resize=True)",
    "image.CreateAugmenter((3, 8, 6), mean=[1, 2, 3])",
    "image.ImageIter(2, (3, 8))",
    "image.ImageIter(2, (8, 6, 3), imglist=[[1, 'color.png']], path_root='.')",
    "image.ImageIter(2, (3, 8, 6))",
    "next(image.ImageIter(1, (3, 8, 6), imglist=[[1, 'text.png']], path_root='.'))",
    "next(image.ImageIter(1, (3, 8, 6), imglist=[[1, 'missing.png']], path_root='.'))",
    "next(image.ImageIter(1, (3, 8, 6), imglist=[[1, 'color.png']], path_root='.', dtype='uint8'))",
    *[
        f"next(image.ImageIter(2, (3, 8, 6), imglist=[[4, 'color.png'], [5, 'color.jpg']], path_root='.')).{part}[0]"
        for part in ("data", "label")
    ],
]  # fmt: skip

DUMPS = [
    "image.ResizeAug(20)",
    "image.ForceResizeAug((20, 30))",
    "image.RandomSizedCropAug((20, 10), (0.08, 1), (0.75, 1.3))",
    "image.ColorJitterAug(0.1, 0.2, 0.3)",
    "image.LightingAug(0.1, onp.array([55.46, 4.794, 1.148]), onp.eye(3))",
    "image.ColorNormalizeAug(onp.array([1, 2, 3]), None)",
    "image.SequentialAug([image.CastAug(), image.HorizontalFlipAug(0.5)])",
    "image.Augmenter(a=1, b=onp.array([1, 2]))",
    *[
        f"image.CreateAugmenter((3, 20, 30){options})"
        for options in (
            "", ", resize=30, rand_mirror=True", ", rand_crop=True", ", rand_crop=True, rand_resize=True",
            ", mean=True, std=True", ", brightness=0.1, contrast=0.2", ", hue=0.1, pca_noise=0.1, rand_gray=0.2",
            ", inter_method=9, std=onp.array([1, 2, 3])",
        )
    ],
]  # fmt: skip

HANDLES = ("pad", "discard", "roll_over")


def names(mx, here=FOLDER):
    """The names an expression may use; file names are completed with the folder of the images."""
    u = mx.np.array(picture(), dtype="uint8")
    f = u.astype("float32")

    class image:
        def __getattr__(self, name):
            return getattr(mx.image, name)

        def imread(self, name, *args, **options):
            return mx.image.imread(str(here / name), *args, **options)

        def ImageIter(self, *args, path_root=None, **options):
            root = None if path_root is None else str(here)
            return mx.image.ImageIter(*args, path_root=root, **options)

    return {
        "u": u,
        "f": f,
        "l": f.copy().as_nd_ndarray(),
        "c": mx.gluon.data.vision.transforms.ToTensor()(u),
        "b": mx.np.array(onp.stack([picture(), 255 - picture()]), dtype="uint8"),
        "np": mx.np,
        "onp": onp,
        "image": image(),
        "T": mx.gluon.data.vision.transforms,
        "op": mx.npx.image,
        "read": lambda name: (here / name).read_bytes(),
    }


def evaluate(mx, expression):
    """The array an expression gives (the first, of several), or the name of its error."""
    random.seed(5)
    onp.random.seed(5)
    try:
        value = eval(expression, names(mx))
        if isinstance(value, (list, tuple)) and hasattr(value[0], "asnumpy"):
            value = value[0]
        return value.asnumpy() if hasattr(value, "asnumpy") else onp.array(value)
    except Exception as error:
        return onp.array(type(error).__name__)


def dump(mx, expression):
    """What the augmenters of an expression say of themselves."""
    value = eval(expression, names(mx))
    return [step.dumps() for step in value] if isinstance(value, list) else value.dumps()


def rounds(mx, handle, count=9, batch_size=4):
    """Labels and padding of three rounds of an iterator."""
    entries = [[number, "color.png"] for number in range(count)]
    batches = names(mx)["image"].ImageIter(
        batch_size, (3, 4, 4), imglist=entries, path_root=".", last_batch_handle=handle
    )
    seen = []
    for _ in range(3):
        seen.append([[batch.label[0].asnumpy().tolist(), batch.pad] for batch in batches])
        batches.reset()
    return seen
