"""Bound methods of library objects, written in Python and in C, kept across suspensions."""

import collections
import datetime
import decimal


async def main(p):
    counter = collections.Counter()
    update = counter.update
    items = [3, 1]
    push, text, deque = items.append, "abc", collections.deque()
    upper, left, mapping = text.upper, deque.appendleft, {}
    setdefault = mapping.setdefault
    iso = datetime.date(2024, 1, 2).isoformat
    quantize = decimal.Decimal("1.234").quantize
    ordered = collections.OrderedDict(a=1, b=2)
    to_end = ordered.move_to_end
    await p("kept")
    update("aab")
    push(2)
    left(upper())
    setdefault("k", []).append(1)
    to_end("a")
    p.log(counter, items, deque, mapping, iso(), quantize(decimal.Decimal("0.1")), ordered)
    p.log(update.__self__ is counter, push.__self__ is items)
