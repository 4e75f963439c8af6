"""Files of the Hugging Face Hub, through `huggingface_hub`: its cache, its tokens, its settings."""

from __future__ import annotations

import re
from pathlib import Path

from mxnet.base import MXNetError, environment_flag

__all__ = ["SCHEME", "hub_file"]

SCHEME = "hf://"

_ADDRESS = re.compile(r"hf://(?P<repo>[\w.-]+/[\w.-]+)(?:@(?P<revision>[^/]+))?(?:/(?P<file>.+))?")
_USUAL_FILE = "model.safetensors"


def hub_file(address: str) -> Path:
    """The file at ``hf://owner/name[@revision][/file]``, downloaded unless the Hub's cache has it.

    Without a file it is ``model.safetensors``. With ``MXNET_OFFLINE=1`` only the cache is asked.

    Raises
    ------
    ValueError
        If `address` is no such address.
    MXNetError
        If `huggingface_hub` is not installed, or does not get the file.
    """
    match = _ADDRESS.fullmatch(address)
    if match is None:
        raise ValueError(f"{address!r} is no address on the Hub: write hf://owner/name@revision/file")
    try:
        import huggingface_hub
    except ImportError as cause:
        raise MXNetError(
            f"{address} needs the package huggingface_hub: pip install huggingface_hub. Or download the file yourself, "
            "and pass its path"
        ) from cause
    file = match["file"] or _USUAL_FILE
    try:
        return Path(
            huggingface_hub.hf_hub_download(
                repo_id=match["repo"],
                filename=file,
                revision=match["revision"],
                local_files_only=environment_flag("MXNET_OFFLINE"),
            )
        )
    except Exception as cause:  # its own errors, and those of the libraries below it
        where = f"{SCHEME}{match['repo']}" + (f"@{match['revision']}" if match["revision"] else "")
        offline = " (MXNET_OFFLINE is set, so only its cache was asked)" if environment_flag("MXNET_OFFLINE") else ""
        named = "" if match["file"] else f". Another file is named as {where}/FILE"
        raise MXNetError(f"{where} did not give {file}{offline}: {_first_line(cause).rstrip('.')}{named}") from cause


def _first_line(cause: Exception) -> str:
    return next(filter(None, map(str.strip, str(cause).splitlines())), type(cause).__name__)
