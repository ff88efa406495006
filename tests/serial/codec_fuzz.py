"""Feeds mutated and made-up bytes to ``loads``, under an audit hook; run as a script by its test.

    python codec_fuzz.py COUNT SEED

Only DecodeError may come out; nothing may be imported, executed, opened or started; no blob may take
more than a second.
"""

import os
import random
import resource
import sys
import time
import warnings
import zlib

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)), os.getcwd()]

import codec_local as local  # noqa: E402
import codec_shop as shop  # noqa: E402
from codec_support import Asked  # noqa: E402
from test_codec_classes import ERRORS, raised  # noqa: E402
from test_codec_type_values import VALUES as TYPES  # noqa: E402
from test_codec_type_values import T  # noqa: E402
from test_codec_types import ITERATORS, VALUES  # noqa: E402

from kwf_runtime.errors import DecodeError, UnsavableError  # noqa: E402
from kwf_runtime.serial import dumps, inspect_bytes, loads  # noqa: E402
from kwf_runtime.serial import framing as f  # noqa: E402

FORBIDDEN = (
    "import", "exec", "compile", "open", "os.", "subprocess", "socket", "ctypes", "pickle", "marshal", "shutil",
    "glob", "urllib", "sqlite3", "webbrowser",
)  # fmt: skip
FOREIGN = (
    b"cos\nsystem\n(S'id'\ntR.",  # pickle 0
    b"\x80\x04\x95\x1d\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x02id\x94\x85\x94R\x94.",
    b'{"lc":2,"type":"constructor","id":["os","system"],"kwargs":{"command":"id"}}',  # LangGraph, CVE-2025-64439
    b"\xc7\x1a\x00\x93\xa2os\xa6system\xa2id",  # LangGraph, CVE-2026-28277: an extension that imports
    b"\xdd\xff\xff\xff\xff" * 100,  # nested arrays that claim four billion elements
    b"\xc9\xff\xff\xff\xff\x00",
    b"\xdf\xff\xff\xff\xff",
    b"\x91" * 5000,
)

watching = False


def audit(event, arguments):
    if watching and event.startswith(FORBIDDEN):
        if event == "open" and "zoneinfo" in str(arguments[0]):
            return  # the system's own file of a zone that exists
        os.write(2, f"FORBIDDEN {event} {arguments!r}\n".encode())
        os._exit(3)


def seeds():
    frame = shop.outer(3, Asked)
    frame.send(None)
    graphs = [
        *VALUES,
        *ERRORS,
        raised(ValueError(1)),
        frame,
        list(shop.counter(1)),
        shop.Plain(a=shop.Slotted()),
    ]
    graphs += [make() for make in ITERATORS.values()]
    graphs += [
        *TYPES,
        T,
        local.plain(1)(2),
        [*local.family(), *local.noticing(), *local.error(), *local.abstract()],
    ]
    for one in graphs:
        try:
            yield dumps(one)
        except UnsavableError:
            continue
    yield dumps([one for one in graphs if not callable(getattr(one, "send", None))])


def seal(body):
    return b"KWF\x01\x00" + zlib.crc32(body).to_bytes(4, "big") + body


def mutate(rng, body, bodies):
    body = bytearray(body)
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        place = rng.randrange(len(body) + 1)
        how = rng.randrange(7)
        if how == 0 and place < len(body):
            body[place] = rng.randrange(256)
        elif how == 1:
            body[place:place] = rng.randbytes(rng.randrange(1, 4))
        elif how == 2:
            del body[place : place + rng.randrange(1, 6)]
        elif how == 3:
            other = rng.choice(bodies)
            start = rng.randrange(len(other))
            body[place : place + rng.randrange(20)] = other[start : start + rng.randrange(1, 20)]
        elif how == 4 and place < len(body):
            body[place] = 256 - rng.randrange(1, 60)  # a tag
        elif how == 5:
            body[place:place] = rng.choice(
                (b"\xcf" + b"\xff" * 8, b"\xdd" + b"\xff" * 4, b"\xc6\x7f" + b"\xff" * 3)
            )
        else:
            name = rng.choice(
                (b"\xa9os:system", b"\xadbuiltins:eval", b"\xaacodec_shop", b"\xa9copy:copy")
            )
            body[place:place] = name
    return bytes(body)


def mutate_stream(rng, stream, streams):
    """Change elements of a stream: what comes out is well-formed msgpack, and goes deeper."""
    stream = list(stream)
    for _ in range(rng.choice((1, 1, 2, 4))):
        if not stream:
            break
        place = rng.randrange(len(stream))
        element = stream[place]
        how = rng.randrange(8)
        if how == 0:
            stream[place] = -rng.randrange(1, 45)
        elif how == 1:
            stream[place] = rng.choice(
                [None, True, 0, 1, 3, 2**40, 2**64 - 1, 0.5, "s", "x" * 70, b"b", b"y" * 70]
            )
        elif how == 2:
            del stream[place]
        elif how == 3:
            stream.insert(place, rng.choice(rng.choice(streams)))
        elif how == 4:
            other = rng.randrange(len(stream))
            stream[place], stream[other] = stream[other], stream[place]
        elif how == 5 and type(element) is int:
            stream[place] = min(element + rng.choice((-1, 1, 2)), f.MAX_UINT)
        elif type(element) is tuple and element:
            fields = list(element)
            fields[rng.randrange(len(fields))] = rng.choice(
                [*NAMES, 1, 2, None, ("ask",), (), ("dict", "args")]
            )
            stream[place] = tuple(fields)
        else:
            stream[place:place] = (f.REF, rng.randrange(4))
    return f.pack(stream)


NAMES = (
    "codec_shop:Plain", "codec_shop:ByValue", "codec_shop:trip", "codec_shop:MyList", "codec_shop:Color", "os:system",
    "builtins:type", "builtins:int", "builtins:OSError", "codec_shop:", "codec_shop:LOCK", "deque", "ref", "Coroutine",
    "x", "__class__", "__dict__", ".args", ".traceback", "=errno", "await ask('first')#0", "iterator.product", "Random",
    "^0", "^1", "alias", "typing:List", "TypeVar", "__hash__", "__bases__", "codec_local:plain.<locals>.Local",
)  # fmt: skip


def random_stream(rng):
    names = NAMES
    stream = []
    for _ in range(rng.randrange(1, 30)):
        what = rng.randrange(4)
        if what == 0:
            stream.append(-rng.randrange(1, 45))
        elif what == 1:
            stream.append(rng.choice([None, True, 0, 1, 2, 5, 2**64 - 1, 1.5, "s", b"b", *names]))
        elif what == 2:
            fields = [
                rng.choice([*names, 1, 2, None, ("ask",), (), ("args",)])
                for _ in range(rng.randrange(6))
            ]
            stream.append((rng.randrange(-1, 15), *fields))
        else:
            stream += (f.LIST, rng.randrange(4))
    return f.pack(stream)


accepted = 0


def feed(blob):
    global accepted, watching
    began = time.monotonic()
    watching = True
    for function in (loads, inspect_bytes):
        try:
            function(blob)
            accepted += function is loads
        except DecodeError:
            pass
    watching = False
    took = time.monotonic() - began
    if took > 2:
        raise AssertionError(f"{took:.1f} s for {blob[:200]!r}")


def main(count, seed):
    warnings.simplefilter("ignore")
    rng = random.Random(seed)
    blobs = list(seeds())
    streams = [f.unpack(blob) for blob in blobs]
    bodies = [blob[f.HEADER_SIZE :] for blob in blobs]
    for body in bodies:
        feed(seal(body))  # what is to be imported for good bytes is imported now
    sys.addaudithook(audit)
    modules = set(sys.modules)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for blob in FOREIGN:
        feed(blob)
        feed(seal(blob))
    for _ in range(count):
        kind = rng.randrange(10)
        if kind == 0:
            feed(random_stream(rng))
        elif kind == 1:
            feed(
                rng.choice(
                    (rng.randbytes(rng.randrange(60)), seal(rng.randbytes(rng.randrange(60))))
                )
            )
        elif kind == 2:
            feed(mutate(rng, seal(rng.choice(bodies)), bodies))
        elif kind < 5:
            feed(seal(mutate(rng, rng.choice(bodies), bodies)))
        else:
            feed(mutate_stream(rng, rng.choice(streams), streams))
    grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert set(sys.modules) == modules, set(sys.modules) - modules
    assert grown_mb < 64, grown_mb
    assert accepted > count // 100, "hardly any blob was read to its end"
    print(f"ok {count}")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
