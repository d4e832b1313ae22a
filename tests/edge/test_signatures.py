"""Signatures of a root digest: only the key's own owner, and only for this digest."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from lpgen.edge.signatures import is_signature_of, read_private_key, read_public_key, sign_digest
from lpgen.errors import InvocationError

ROOT = "0123456789abcdef" * 4


def write_keys(folder: Path, name: str = "key") -> tuple[Path, Path]:
    """A new pair of PEM files: the private key and the public one."""
    key = Ed25519PrivateKey.generate()
    private, public = folder / f"{name}.pem", folder / f"{name}.pub"
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return private, public


def test_signature_holds_for_its_digest_and_key_only(tmp_path: Path) -> None:
    private, public = write_keys(tmp_path)
    _, other = write_keys(tmp_path, "other")
    signature = sign_digest(ROOT, read_private_key(private))
    key = read_public_key(public)
    assert is_signature_of(signature, ROOT, key)
    assert is_signature_of(signature + "\n", ROOT, key)
    assert signature == sign_digest(ROOT, read_private_key(private))
    assert not is_signature_of(signature, ROOT[:-1] + "0", key)
    assert not is_signature_of(signature, ROOT, read_public_key(other))
    other_start = "B" if signature.startswith("A") else "A"
    for damaged in ("", "?", signature[:-4], signature[:-2], other_start + signature[1:], "é" + signature):
        assert not is_signature_of(damaged, ROOT, key), damaged


def test_keys_of_another_kind_are_refused_by_name(tmp_path: Path) -> None:
    private, public = write_keys(tmp_path)
    rsa = generate_private_key(65537, 2048)
    key = read_private_key(private)
    texts = {
        "rsa.pem": rsa.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        "locked.pem": key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"word")),
        "rsa.pub": rsa.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        "text.pem": b"no key",
    }
    for name, text in texts.items():
        (tmp_path / name).write_bytes(text)
    for path in (public, *(tmp_path / name for name in texts), tmp_path / "missing", tmp_path):
        with pytest.raises(InvocationError, match=path.name):
            read_private_key(path)
        if path != public:
            with pytest.raises(InvocationError, match=path.name):
                read_public_key(path)
    with pytest.raises(InvocationError, match=r"key\.pem"):
        read_public_key(private)
