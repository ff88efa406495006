"""Names in bytes are for ever: none that was ever written may vanish."""

import importlib
import os
import pkgutil
from pathlib import Path

from codec_support import round_trip

import kwf_runtime.core
import kwf_runtime.lib.base
from kwf_runtime.core import savable
from kwf_runtime.core.asyncgen import Advance, AsyncGenerator
from kwf_runtime.serial import dumps, inspect_bytes, plans
from kwf_runtime.serial.builtin_names import STANDARD
from kwf_runtime.serial.frames import NAMES

for _module in pkgutil.iter_modules(kwf_runtime.core.__path__, "kwf_runtime.core."):
    importlib.import_module(_module.name)

FILE = Path(__file__).parent / "golden" / "names.txt"


def names():
    """Return every name that the runtime itself gives, as lines of the file."""
    lists = {
        "class": [name for name in savable.CLASSES if not name.startswith("test.")],
        "singleton": [name for name in savable.SINGLETONS if not name.startswith("test.")],
        "frame": NAMES.values(),
        "standard": STANDARD,
        "value": plans._VALUE_BUILDERS,
        "node": {**plans._NODE_BUILDERS, **plans._MUTABLE},
    }
    return {f"{kind} {name}" for kind, found in lists.items() for name in found}


def test_every_name_is_still_known_and_new_ones_are_listed():
    known = set(FILE.read_text(encoding="utf-8").splitlines())
    found = names()
    if "KWF_ADD_NAMES" in os.environ:
        FILE.write_text("\n".join(sorted(known | found)) + "\n", encoding="utf-8")
    new = {one for one in found if not one.startswith("standard ")}  # builtins grow with Python
    assert known <= found, "bytes may have these names, which mean nothing any more"
    assert new <= known, f"set KWF_ADD_NAMES=1 once to add the new names to {FILE.name}"


def test_library_names_do_not_tell_where_the_compiled_files_lie():
    import kwf_runtime.lib as lib

    assert inspect_bytes(dumps(lib.module("locks").Lock())).name == "kwf_runtime.lib.locks:Lock"


def test_resumption_of_an_async_generator():
    import codec_shop as shop

    generator = AsyncGenerator(shop.numbers(1).step, (1,))
    advance = Advance(generator, "asend", 5)
    loaded, owner = round_trip([advance, generator])
    assert type(loaded) is Advance
    assert loaded.generator is owner
    assert (loaded.mode, loaded.value, loaded.exc, loaded.used) == ("asend", 5, None, False)
