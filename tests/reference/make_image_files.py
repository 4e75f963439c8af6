"""Write the small image files of `images/`, by formula. Needs OpenCV; run once, from this folder:

python make_image_files.py
"""

import pathlib

import cv2
from image_cases import picture

FOLDER = pathlib.Path(__file__).parent / "images"

FOLDER.mkdir(exist_ok=True)
bgr = picture()[:, :, ::-1]
encoded = {
    "color.png": cv2.imencode(".png", bgr)[1].tobytes(),
    "color.jpg": cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes(),
    "gray.png": cv2.imencode(".png", bgr[:, :, 0])[1].tobytes(),
    "alpha.png": cv2.imencode(".png", cv2.cvtColor(bgr, cv2.COLOR_BGR2BGRA))[1].tobytes(),
    "deep.png": cv2.imencode(".png", bgr.astype("uint16") * 257)[1].tobytes(),
}
encoded["truncated.png"] = encoded["color.png"][:200]
encoded["text.png"] = b"this is no image\n"
for name, content in encoded.items():
    (FOLDER / name).write_bytes(content)
