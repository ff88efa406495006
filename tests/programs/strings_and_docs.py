"""Literals of all kinds survive: raw, bytes, joined, multi-line, unicode, numbers, ellipsis."""


async def main(p):
    """Raw \\n documentation."""
    texts = ["a" 'b' """c
d""", r"\raw{x}", b"by\x00tes", "\N{SNOWMAN} ☃ é", "tab\tnew\n", f"{1}{'x'!r}" "plain", rf"\d{2}"]
    numbers = [0x1F, 0b11, 0o17, 1_000, 1e3, 1.5j, -0.0, ...]
    await p("kept")
    p.log(texts, numbers, main.__doc__)
    p.log(await p(f"""
    {await p("inside")
    } multi-line"""))
