"""Ed25519 signatures of an output folder's root digest.

A signature covers the ASCII digits of the root digest and is written in base64, on one line. Keys are PEM files:
`openssl genpkey -algorithm ed25519 -out key.pem` makes one, and `openssl pkey -in key.pem -pubout -out key.pub` gives
the public key. https://www.rfc-editor.org/rfc/rfc8032
"""

from __future__ import annotations

import base64
import binascii
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from lpgen.edge.files import read_file
from lpgen.errors import InvocationError


def read_private_key(path: Path) -> Ed25519PrivateKey:
    """The private key of a PEM file without a password.

    Raises:
        InvocationError: the file can't be read, or holds another kind of key.
    """
    try:
        key = load_pem_private_key(read_file(path, InvocationError), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _wrong_key(path, "private") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise _wrong_key(path, "private")
    return key


def read_public_key(path: Path) -> Ed25519PublicKey:
    """The public key of a PEM file.

    Raises:
        InvocationError: the file can't be read, or holds another kind of key.
    """
    try:
        key = load_pem_public_key(read_file(path, InvocationError))
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _wrong_key(path, "public") from error
    if not isinstance(key, Ed25519PublicKey):
        raise _wrong_key(path, "public")
    return key


def sign_digest(root: str, key: Ed25519PrivateKey) -> str:
    """The signature of a root digest in base64, without a line break."""
    return base64.b64encode(key.sign(root.encode("ascii"))).decode("ascii")


def is_signature_of(signature: str, root: str, key: Ed25519PublicKey) -> bool:
    """Whether the owner of the key signed the root digest. False for damaged base64."""
    try:
        key.verify(base64.b64decode(signature.strip(), validate=True), root.encode())
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def _wrong_key(path: Path, kind: str) -> InvocationError:
    what = "without a password" if kind == "private" else "not a certificate or a private key"
    return InvocationError(f"`{path}` holds no {kind} Ed25519 key in PEM", hint=f"give a PEM file, {what}")
