"""A process that reads images as one program does, and times passes on demand; for `data.py`.

    python benchmarks/_data_worker.py '{"program": "iterator", "files": "/tmp/files", "workers": 1, "core": 0}'

For each line on standard input it makes one pass over the images and prints the seconds that took and the mean of the
values, as JSON. Runs under genuine MXNet too, and imports nothing of this repository but, as MXNet, the package.
"""

import json
import os
import sys
import time

import numpy as np

BATCH = 32
SIZE = 224
AREA, RATIO = (0.08, 1.0), (3 / 4, 4 / 3)
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Iterator:
    """`mx.io.ImageRecordIter`, here or there."""

    def __init__(self, files, workers):
        import mxnet as mx

        scaled = {f"mean_{c}": 255 * m for c, m in zip("rgb", MEAN)}  # noqa: B905
        scaled.update({f"std_{c}": 255 * s for c, s in zip("rgb", STD)})  # noqa: B905
        self._iterator = mx.io.ImageRecordIter(
            path_imgrec=f"{files}/a.rec", path_imgidx=f"{files}/a.idx", data_shape=(3, SIZE, SIZE), batch_size=BATCH,
            shuffle=True, preprocess_threads=workers, random_resized_crop=True, rand_mirror=True,
            min_random_area=AREA[0], max_random_area=AREA[1], min_aspect_ratio=RATIO[0], max_aspect_ratio=RATIO[1],
            verbose=False, **scaled,
        )  # fmt: skip

    def __iter__(self):
        self._iterator.reset()
        return (batch.data[0] for batch in self._iterator)


class Loader:
    """`gluon.data.DataLoader` over the record file with Gluon's transforms, here or there."""

    threads = False

    def __init__(self, files, workers):
        from mxnet.gluon.data import DataLoader
        from mxnet.gluon.data.vision import ImageRecordDataset, transforms

        augment = transforms.Compose([
            transforms.RandomResizedCrop(SIZE, scale=AREA, ratio=RATIO),
            transforms.RandomFlipLeftRight(),
            transforms.ToTensor(),
            transforms.Normalize(MEAN, STD),
        ])  # fmt: skip
        dataset = ImageRecordDataset(f"{files}/a.rec").transform_first(augment)
        workers = 0 if workers == 1 else workers
        self._loader = DataLoader(dataset, BATCH, shuffle=True, num_workers=workers, thread_pool=self.threads)

    def __iter__(self):
        return (images for images, _ in self._loader)


class ThreadLoader(Loader):
    threads = True


class Pillow:
    """What torchvision does: Pillow decodes, crops, resizes and mirrors; torch makes numbers and batches of it."""

    def __init__(self, files, workers):
        import torch.utils.data

        names = sorted(name for name in os.listdir(files) if name.endswith(".jpg"))
        self._loader = torch.utils.data.DataLoader(
            PillowImages([os.path.join(files, name) for name in names]),
            BATCH,
            shuffle=True,
            num_workers=0 if workers == 1 else workers,
            persistent_workers=workers > 1,
        )

    def __iter__(self):
        return iter(self._loader)


class PillowImages:
    def __init__(self, paths):
        import torch

        self._paths = paths
        self._mean, self._std = [torch.tensor(values).reshape(3, 1, 1) for values in (MEAN, STD)]

    def __len__(self):
        return len(self._paths)

    def __getitem__(self, index):
        import torch
        from PIL import Image

        with open(self._paths[index], "rb") as file:
            image = Image.open(file).convert("RGB")
        image = image.resize((SIZE, SIZE), Image.Resampling.BILINEAR, box=self._box(*image.size))
        if torch.rand(()) < 0.5:
            image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        values = torch.from_numpy(np.array(image)).permute(2, 0, 1).contiguous().to(torch.float32).div(255)
        return values.sub_(self._mean).div_(self._std)

    def _box(self, width, height):
        import torch

        for _ in range(10):
            area = width * height * torch.empty(1).uniform_(*AREA).item()
            ratio = np.exp(torch.empty(1).uniform_(*np.log(RATIO)).item())
            wide, high = round(np.sqrt(area * ratio)), round(np.sqrt(area / ratio))
            if 0 < wide <= width and 0 < high <= height:
                x = torch.randint(0, width - wide + 1, (1,)).item()
                y = torch.randint(0, height - high + 1, (1,)).item()
                return x, y, x + wide, y + high
        side = min(width, height)
        x, y = (width - side) // 2, (height - side) // 2
        return x, y, x + side, y + side


PROGRAMS = {"iterator": Iterator, "loader": Loader, "thread loader": ThreadLoader, "pillow": Pillow}


def one_pass(program):
    start = time.perf_counter()
    images = 0
    corners = []
    for batch in program:
        if tuple(batch.shape[1:]) != (3, SIZE, SIZE):
            raise RuntimeError(f"a batch has shape {batch.shape}")
        images += batch.shape[0]
        part = batch[:, :, ::32, ::32]  # what is not waited for may not be there yet
        corners.append(np.asarray(part.asnumpy() if hasattr(part, "asnumpy") else part))
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "images": images, "mean": float(np.concatenate(corners).mean())}


if __name__ == "__main__":
    options = json.loads(sys.argv[1])
    if options["core"] is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {options["core"]})
    program = PROGRAMS[options["program"]](options["files"], options["workers"])
    one_pass(program)
    print("ready", flush=True)
    for _ in sys.stdin:
        print(json.dumps(one_pass(program)), flush=True)
